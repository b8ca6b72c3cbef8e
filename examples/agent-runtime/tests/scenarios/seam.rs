//! What the recordings do not show: turns that are run again, workflows that wait, messages, branches.

use agent_runtime::retry::{
    BackedOff, BackingOff, Denial, PermissionRefused, Repeated, Retry, RetryDue, RetryPlan,
    RetryPlanned, TurnWatched, Watching,
};
use agent_runtime::run::{Forked, Joined, Place, Run, RunOpened, Running as OpenRun, Trigger};
use agent_runtime::session::{
    AgentStarted, BranchOver, Branched, Interactive, MAX_DEPTH, Session, TurnBegan,
};
use agent_runtime::steering::{MAX_WAITING, Queued, Steering, Taken, Told};
use agent_runtime::workflow::{
    AttentionGiven, AwaitingAttention, CancelRequested, Completing, Exit, IterationCompleted,
    MAX_ANSWER, Outcome, RepeatGranted, Running, Started, Status, SuspendRequested, Suspended,
    Tokens, TurnStarted, Workflow, WrappingUp,
};
use vitae::testing::Scenario;

fn s() -> String {
    "s".into()
}

fn w() -> String {
    "w".into()
}

fn started() -> Scenario<Workflow> {
    Scenario::new().given(Started {
        session: s(),
        workflow: w(),
        name: "fix".into(),
        prompt: "it".into(),
        max_iterations: 3,
        tracker_path: Some("tracker.md".into()),
    })
}

fn turn(iteration: u32) -> TurnStarted {
    TurnStarted { session: s(), workflow: w(), iteration, prompt: format!("turn {iteration}") }
}

fn completed(code: i64) -> IterationCompleted {
    let (used, total) = (Tokens::default(), Tokens::default());
    let exit = Exit { code: Some(code), ..Exit::default() };
    IterationCompleted { session: s(), workflow: w(), iteration: 1, exit, used, total }
}

fn repeat() -> RepeatGranted {
    RepeatGranted { session: s(), workflow: w(), iteration: 1, reason: "it crashed".into() }
}

fn suspended() -> Suspended {
    Suspended { session: s(), workflow: w(), reason: "the keys".into() }
}

fn answered(answer: &str) -> AttentionGiven {
    AttentionGiven { session: s(), workflow: w(), answer: Some(answer.to_owned()) }
}

fn wrapping_up() -> WrappingUp {
    let outcome = Outcome { status: Status::Cancelled, stop_reason: None };
    WrappingUp { session: s(), workflow: w(), outcome }
}

#[test]
pub(crate) fn a_turn_that_is_run_again_keeps_its_number() -> Scenario<Workflow> {
    started()
        .given(turn(1))
        .when(repeat())
        .then_refusal(|said| assert_eq!(said.reason(), "a turn is under way"))
        .given(completed(1))
        .when(repeat())
        .then_state(|workflow| {
            let Workflow::Running(running) = workflow else { panic!("{workflow:?}") };
            assert_eq!((running.next_iteration(), running.crashed), (1, true));
        })
        .when(turn(2))
        .then_refusal(|said| assert_eq!(said.reason(), "iteration 1 is due, not 2"))
        .when(turn(1))
        .then_state(|workflow| {
            let Workflow::Running(running) = workflow else { panic!("{workflow:?}") };
            assert_eq!(running.next_iteration(), 2);
        })
}

#[test]
pub(crate) fn a_workflow_goes_on_where_it_was_once_somebody_has_looked() -> Scenario<Workflow> {
    let asked = SuspendRequested { session: s(), workflow: w(), reason: "the keys".into() };
    started()
        .given(turn(1))
        .when(asked)
        .then_state(|workflow| {
            assert!(matches!(workflow, Workflow::Running(Running { in_turn: true, .. })));
        })
        .when(suspended())
        .then_refusal(|said| assert_eq!(said.reason(), "a turn is under way"))
        .given(completed(0))
        .when(suspended())
        .then_in::<AwaitingAttention>()
        .when(turn(2))
        .then_illegal()
        .when(answered(&"x".repeat(MAX_ANSWER + 1)))
        .then_refusal(|said| assert_eq!(said.reason(), "an answer has 65536 bytes at the most"))
        .when(answered("here"))
        .then_state(|workflow| {
            let Workflow::Running(running) = workflow else { panic!("{workflow:?}") };
            assert_eq!((running.iteration, running.answer.as_deref()), (1, Some("here")));
            assert_eq!(running.suspension, None);
        })
        .when(turn(2))
        .then_state(|workflow| {
            let Workflow::Running(running) = workflow else { panic!("{workflow:?}") };
            assert_eq!((running.iteration, running.answer.as_deref()), (2, None));
        })
}

#[test]
pub(crate) fn a_workflow_that_waits_can_be_cancelled() -> Scenario<Workflow> {
    started()
        .given(turn(1))
        .given(completed(0))
        .given(suspended())
        .when(CancelRequested { session: s(), workflow: w() })
        .then_in::<AwaitingAttention>()
        .when(wrapping_up())
        .then_in::<Completing>()
}

#[test]
pub(crate) fn a_workflow_can_end_without_a_turn() -> Scenario<Workflow> {
    started().when(wrapping_up()).then_in::<Completing>()
}

fn planned(crashed: u32, denied: u32) -> Scenario<Retry> {
    let plan =
        RetryPlan { crashed, denied, first_ms: 1_000, at_most_ms: 1_500, blocked_waits: false };
    Scenario::new().given(RetryPlanned { session: s(), workflow: w(), plan })
}

fn watched(iteration: u32) -> TurnWatched {
    TurnWatched { session: s(), workflow: w(), iteration }
}

fn backed_off() -> BackedOff {
    BackedOff { session: s(), workflow: w() }
}

fn repeated() -> Repeated {
    Repeated { session: s(), workflow: w() }
}

fn refused(request: &str) -> PermissionRefused {
    let denial = Denial { tool: "Bash".into(), input: "{}".into(), reason: None };
    PermissionRefused { session: s(), workflow: w(), request: request.into(), denial }
}

fn pause_ms(retry: &Retry) -> u128 {
    let Retry::BackingOff(BackingOff { pause, .. }) = retry else { panic!("{retry:?}") };
    pause.as_millis()
}

#[test]
pub(crate) fn a_crashed_turn_is_run_again_so_often_with_longer_pauses() -> Scenario<Retry> {
    planned(2, 0)
        .given(watched(1))
        .when(backed_off())
        .then_state(|retry| assert_eq!(pause_ms(retry), 1_000))
        .when(watched(1))
        .then_illegal()
        .when(RetryDue {})
        .then_in::<Watching>()
        .given(watched(1))
        .when(backed_off())
        .then_state(|retry| assert_eq!(pause_ms(retry), 1_500))
        .given(RetryDue {})
        .given(watched(1))
        .when(backed_off())
        .then_refusal(|said| {
            assert_eq!(said.reason(), "all 2 repetitions after a crash are used up");
        })
        .given(watched(2))
        .when(backed_off())
        .then_state(|retry| assert_eq!(pause_ms(retry), 1_000))
}

#[test]
pub(crate) fn a_denied_turn_is_run_again_so_often() -> Scenario<Retry> {
    let denials = |retry: &Retry| retry.watching().unwrap().denials.len();
    planned(1, 1)
        .given(watched(1))
        .when(refused("1"))
        .then_state(|retry| assert_eq!(denials(retry), 1))
        .when(repeated())
        .then_state(|retry| assert_eq!(denials(retry), 1))
        .when(watched(1))
        .then_state(|retry| assert_eq!(denials(retry), 0))
        .when(repeated())
        .then_refusal(|said| {
            assert_eq!(said.reason(), "all 1 repetitions after a denial are used up")
        })
        .given(backed_off())
        .when(refused("2"))
        .then_state(|retry| assert_eq!(denials(retry), 1))
        .when(RetryDue {})
        .then_state(|retry| assert_eq!(denials(retry), 1))
}

fn queued(text: &str) -> Queued {
    Queued { session: s(), workflow: w(), text: text.into() }
}

fn taken(up_to: u32) -> Taken {
    Taken { session: s(), workflow: w(), up_to }
}

fn told(up_to: u32) -> Told {
    Told { session: s(), workflow: w(), request: "stop".into(), up_to }
}

#[test]
pub(crate) fn messages_wait_in_order_and_are_taken_once() -> Scenario<Steering> {
    let waiting = |steering: &Steering| {
        let Steering::Queue(queue) = steering;
        (queue.last(), queue.waiting.join(" "))
    };
    Scenario::<Steering>::new()
        .when(queued(" \n"))
        .then_refusal(|said| assert_eq!(said.reason(), "the message is empty"))
        .given(queued("a"))
        .given(queued("b"))
        .when(queued("c"))
        .then_state(|steering| assert_eq!(waiting(steering), (3, "a b c".into())))
        .when(taken(2))
        .then_state(|steering| assert_eq!(waiting(steering), (3, "c".into())))
        .when(taken(2))
        .then_refusal(|said| assert_eq!(said.reason(), "message 2 does not wait"))
        .when(taken(4))
        .then_refusal(|said| assert_eq!(said.reason(), "message 4 does not wait"))
        .given(queued("d"))
        .when(told(4))
        .then_state(|steering| {
            let Steering::Queue(queue) = steering;
            assert_eq!((waiting(steering), queue.untold().len()), ((4, "c d".into()), 0));
        })
        .when(told(4))
        .then_refusal(|said| assert_eq!(said.reason(), "message 4 is not to be told"))
        .given(queued("e"))
        .when(taken(4))
        .then_state(|steering| {
            let Steering::Queue(queue) = steering;
            assert_eq!((waiting(steering), queue.untold()), ((5, "e".into()), &["e".into()][..]));
        })
        .when(told(6))
        .then_refusal(|said| assert_eq!(said.reason(), "message 6 is not to be told"))
        .when(queued(&"x".repeat(MAX_WAITING)))
        .then_refusal(|said| {
            assert_eq!(said.reason(), "65536 bytes of messages wait at the most");
        })
}

fn place() -> Place {
    Place { session: s(), workflow: None, run: 1 }
}

#[test]
pub(crate) fn a_run_joins_what_it_has_forked() -> Scenario<Run> {
    let opened = RunOpened {
        place: place(),
        hook: "1".into(),
        run_id: "a:R1".into(),
        agent: "a".into(),
        trigger: Trigger::Other,
    };
    let forked =
        Forked { place: place(), branch: "s~b".into(), agent: "b".into(), prompt: "look".into() };
    let joined = || Joined { place: place(), branch: "s~b".into(), result: "seen".into() };
    Scenario::<Run>::new()
        .given(opened)
        .when(joined())
        .then_refusal(|said| assert_eq!(said.reason(), "the run has no open branch `s~b`"))
        .when(forked)
        .then_state(|run| {
            assert!(matches!(run, Run::Running(OpenRun { branches, .. }) if branches == &["s~b"]));
        })
        .when(joined())
        .then_state(|run| {
            assert!(matches!(run, Run::Running(OpenRun { branches, .. }) if branches.is_empty()));
        })
}

fn branched(depth: u32) -> Branched {
    Branched { session: "s~b".into(), agent: "b".into(), parent: "s/R1".into(), depth }
}

fn over() -> BranchOver {
    BranchOver { session: "s~b".into() }
}

#[test]
pub(crate) fn a_branch_works_for_its_workflow_until_it_is_over() -> Scenario<Session> {
    Scenario::<Session>::new()
        .when(branched(MAX_DEPTH + 1))
        .then_refusal(|said| assert_eq!(said.reason(), "branches nest 8 deep at most"))
        .when(branched(MAX_DEPTH))
        .then_in::<Interactive>()
        .given(TurnBegan { session: "s~b".into(), workflow: w() })
        .when(over())
        .then_state(|session| {
            assert!(matches!(session, Session::Interactive(Interactive { workflow: None, .. })));
        })
        .when(over())
        .then_in::<Interactive>()
}

#[test]
pub(crate) fn a_branch_needs_an_agent_session_of_its_own() -> Scenario<Session> {
    let started = AgentStarted {
        session: "s~b".into(),
        workflow: None,
        agent: "b".into(),
        hook: "1".into(),
        source: "startup".into(),
        model: None,
    };
    Scenario::<Session>::new().given(started).when(branched(1)).then_refusal(|said| {
        assert_eq!(said.reason(), "a branch needs an agent session of its own");
    })
}
