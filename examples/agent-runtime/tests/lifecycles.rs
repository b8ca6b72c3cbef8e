//! The lifecycles, each by itself: their events are as they were, and every edge is tested, by the
//! recordings or here.

#![cfg(test)]

#[path = "scenarios/seam.rs"]
mod seam;
mod support;

use agent_runtime::permissions::Permissions;
use agent_runtime::relay::{Channels, Relay};
use agent_runtime::request::Request;
use agent_runtime::retry::Retry;
use agent_runtime::run::Run;
use agent_runtime::session::{
    AgentLinked, DecisionIgnored, HookUnknown, Interactive, Session, TurnBegan, Working,
};
use agent_runtime::steering::Steering;
use agent_runtime::workflow::{
    CancelRequested, Exit, Imported, IterationCompleted, Running, Started, Suspended, TakenUp,
    Tokens, TurnStarted, Workflow,
};
use rusqlite::Connection;
use vitae::testing::{Coverage, EventsLock, Scenario};
use vitae::{Bus, Lifecycle};

/// A changed event is a changed line of `events.lock`, for somebody to see.
#[test]
fn the_events_are_as_they_were() {
    EventsLock::new()
        .lifecycle::<Workflow>()
        .lifecycle::<Run>()
        .lifecycle::<Request>()
        .lifecycle::<Session>()
        .lifecycle::<Permissions>()
        .lifecycle::<Relay>()
        .lifecycle::<Channels>()
        .lifecycle::<Retry>()
        .lifecycle::<Steering>()
        .assert(concat!(env!("CARGO_MANIFEST_DIR"), "/events.lock"));
}

/// What the recordings of this repository take.
fn recorded<L: Lifecycle>() -> Coverage<L> {
    let logs = support::own().into_iter().map(|recording| recording.unstopped());
    let coverage = logs.fold(Coverage::new(), |coverage, log| coverage.with(&log));
    coverage.with(&imported())
}

/// A session of the reference system, with a row that nobody understands.
fn imported() -> Bus {
    let folder = tempfile::tempdir().unwrap();
    let session = support::legacy::named("demo", folder.path());
    let strange = "INSERT INTO channel_messages VALUES (1, 'chat', 1)";
    Connection::open(&session.file).unwrap().execute_batch(strange).unwrap();
    support::legacy::imported(&session.file).0
}

#[test]
fn every_edge_is_tested() {
    recorded::<Request>().assert_complete();
    let run = recorded::<Run>().tests([seam::a_run_joins_what_it_has_forked]);
    run.assert_complete();
    run.assert_guards_refused();
    let session = recorded::<Session>().tests([
        what_is_heard_and_kept_changes_nothing,
        seam::a_branch_works_for_its_workflow_until_it_is_over,
        seam::a_branch_needs_an_agent_session_of_its_own,
    ]);
    session.assert_complete();
    session.assert_guards_refused();
    let workflow = recorded::<Workflow>().tests([
        what_is_cancelled_before_its_first_turn_stays_so,
        the_budget_bounds_the_turns,
        what_was_imported_is_taken_up_once,
        what_was_imported_and_waits_is_taken_up_once,
        seam::a_turn_that_is_run_again_keeps_its_number,
        seam::a_workflow_goes_on_where_it_was_once_somebody_has_looked,
        seam::a_workflow_that_waits_can_be_cancelled,
        seam::a_workflow_can_end_without_a_turn,
    ]);
    workflow.assert_complete();
    workflow.assert_guards_refused();
    let retry = Coverage::<Retry>::of([
        seam::a_crashed_turn_is_run_again_so_often_with_longer_pauses,
        seam::a_denied_turn_is_run_again_so_often,
    ]);
    retry.assert_complete();
    retry.assert_guards_refused();
    let steering = Coverage::<Steering>::of([seam::messages_wait_in_order_and_are_taken_once]);
    steering.assert_complete();
    steering.assert_guards_refused();
}

fn started(max_iterations: u32) -> Scenario<Workflow> {
    Scenario::new().given(Started {
        session: "s".into(),
        workflow: "w".into(),
        name: "fix".into(),
        prompt: "fix it".into(),
        max_iterations,
        tracker_path: None,
    })
}

fn turn(iteration: u32) -> TurnStarted {
    TurnStarted { session: "s".into(), workflow: "w".into(), iteration, prompt: "go on".into() }
}

fn completed(iteration: u32) -> IterationCompleted {
    IterationCompleted {
        session: "s".into(),
        workflow: "w".into(),
        iteration,
        exit: Exit { code: Some(0), ..Exit::default() },
        used: Tokens::default(),
        total: Tokens::default(),
    }
}

#[test]
fn what_is_cancelled_before_its_first_turn_stays_so() -> Scenario<Workflow> {
    started(1)
        .given(CancelRequested { session: "s".into(), workflow: "w".into() })
        .when(turn(1))
        .then_state(|workflow| {
            assert!(matches!(workflow, Workflow::Running(Running { cancelled: true, .. })));
        })
}

#[test]
fn the_budget_bounds_the_turns() -> Scenario<Workflow> {
    started(1)
        .given(turn(1))
        .when(turn(2))
        .then_refusal(|said| assert_eq!(said.reason(), "a turn is under way already"))
        .given(completed(1))
        .when(completed(1))
        .then_refusal(|said| assert_eq!(said.reason(), "no turn is under way"))
        .when(turn(2))
        .then_refusal(|said| assert_eq!(said.reason(), "all 1 iterations are used up"))
}

fn was_imported() -> Scenario<Workflow> {
    Scenario::new().given(Imported {
        session: "s".into(),
        workflow: "w".into(),
        name: Some("fix".into()),
        iterations: 1,
        max_iterations: 2,
        tracker_path: None,
    })
}

fn taken_up() -> TakenUp {
    TakenUp { session: "s".into(), workflow: "w".into(), prompt: "fix it".into() }
}

#[test]
fn what_was_imported_is_taken_up_once() -> Scenario<Workflow> {
    let fits = |running: &Running| running.plan.prompt.as_deref() == Some("fix it");
    was_imported()
        .when(taken_up())
        .then_state(move |workflow| {
            assert!(matches!(workflow, Workflow::Running(running) if fits(running)));
        })
        .when(taken_up())
        .then_refusal(|said| assert_eq!(said.reason(), "what was asked for is known already"))
}

#[test]
fn what_was_imported_and_waits_is_taken_up_once() -> Scenario<Workflow> {
    let fits = |running: &Running| running.plan.prompt.as_deref() == Some("fix it");
    let (session, workflow) = (|| "s".to_owned(), || "w".to_owned());
    let suspended = Suspended { session: session(), workflow: workflow(), reason: "look".into() };
    was_imported()
        .given(suspended)
        .when(taken_up())
        .then_state(move |workflow| {
            assert!(matches!(workflow, Workflow::AwaitingAttention(state) if fits(&state.running)));
        })
        .when(taken_up())
        .then_refusal(|said| assert_eq!(said.reason(), "what was asked for is known already"))
}

#[test]
fn what_is_heard_and_kept_changes_nothing() -> Scenario<Session> {
    let (session, workflow) = (|| "s".to_owned(), || "w".to_owned());
    let linked = AgentLinked { session: session(), workflow: workflow(), agent: "a".into() };
    let unknown = HookUnknown {
        session: session(),
        workflow: Some(workflow()),
        hook: "h".into(),
        name: "New".into(),
        json: "{}".into(),
    };
    let ignored = DecisionIgnored {
        session: session(),
        request: "r".into(),
        source: "person".into(),
        why: "too late".into(),
    };
    Scenario::new()
        .when(linked)
        .then_in::<Interactive>()
        .given(TurnBegan { session: session(), workflow: workflow() })
        .when(unknown)
        .then_in::<Working>()
        .when(ignored)
        .then_state(|session| assert_eq!(session.workflow(), Some("w")))
}
