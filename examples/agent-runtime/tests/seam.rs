//! What the seam between two stores blocked: turns that are run again, workflows that wait for
//! somebody, messages for the next turn, and runs that branch. Each story is told by one process, and
//! by a process for every step; those in which time passes over a file too.

#![cfg(test)]

mod support;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use agent_runtime::branches::{self, TreeRun};
use agent_runtime::hook::{Answer, Hook};
use agent_runtime::projections::workflow_runs::WorkflowRun;
use agent_runtime::prompt::Prompt;
use agent_runtime::request::{AwaitingPermission, Decision, Request, request_stream, settled_by};
use agent_runtime::retry::RetryPlan;
use agent_runtime::run::RunStatus;
use agent_runtime::supervisor::{Heard, NewWorkflow, Next, SuperviseError, Supervisor};
use agent_runtime::workflow::{Exit, Outcome, Plan, Status, Tokens};
use serde_json::{Value, json};
use vitae::store::{EventStore, Read, ReadError};
use vitae::{Alongside, Bus, Clock, ManualClock, MemoryStore, StreamId, Timestamp};
use vitae_sqlite::{Durability, SqliteStore};

const SESSION: &str = "s";
const WORKFLOW: &str = "w";
const OPEN: &str = "- [ ] more\n";

/// A store, a clock, and the process that has them; or one process after the other.
struct World {
    open: Box<dyn Fn() -> Arc<dyn EventStore>>,
    clock: Arc<ManualClock>,
    process: Option<Bus>,
}

/// Tells a story to one process, and to a process for every step.
fn told(story: impl Fn(&World)) {
    let mut world = World::in_memory();
    world.process = Some(world.bus());
    story(&world);
    story(&World::in_memory());
}

/// And to a process for every step that has nothing but a file.
fn told_to_files_too(story: impl Fn(&World)) {
    told(&story);
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("log");
    let open = Box::new(move || -> Arc<dyn EventStore> {
        // No power fails here.
        let options = SqliteStore::options().durability(Durability::LostOnPowerFailure);
        Arc::new(options.open(&db).unwrap())
    });
    story(&World::over(open));
}

impl World {
    fn over(open: Box<dyn Fn() -> Arc<dyn EventStore>>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        Self { open, clock, process: None }
    }

    fn in_memory() -> Self {
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
        Self::over(Box::new(move || store.clone()))
    }

    fn bus(&self) -> Bus {
        let new = || agent_runtime::bus_with((self.open)(), self.clock.clone()).unwrap();
        self.process.clone().unwrap_or_else(new)
    }

    fn supervisor(&self) -> Supervisor {
        Supervisor::new(self.bus(), SESSION.into())
    }

    fn heard(&self) -> Heard {
        Heard { at: self.clock.now(), alongside: Alongside::new() }
    }

    /// Lets time pass, and what is due happen.
    fn pass(&self, time: Duration) {
        self.clock.set(self.clock.now().saturating_add(time));
        self.bus().catch_up().unwrap();
    }

    fn start(&self, max_iterations: Option<u32>, retry: Option<RetryPlan>) {
        let new = NewWorkflow {
            workflow: WORKFLOW.into(),
            name: "fix".into(),
            prompt: "it".into(),
            max_iterations,
            tracker_path: None,
            rules: Vec::new(),
            retry,
        };
        self.supervisor().start_workflow(new, self.heard()).unwrap();
    }

    fn next(&self) -> Next {
        self.supervisor().next(WORKFLOW, text).unwrap()
    }

    /// The prompt of the turn that is due.
    fn due(&self) -> Prompt {
        let next = self.next();
        let Next::Begin { prompt, .. } = next else { panic!("{next:?}") };
        prompt
    }

    /// Begins the turn that is due, and says what the agent is told.
    fn begin(&self) -> String {
        let next = self.next();
        let Next::Begin { iteration, prompt } = next else { panic!("{next:?}") };
        self.supervisor().begin_turn(prompt.clone(), self.heard()).unwrap();
        let text = prompt.text;
        assert_eq!(self.next(), Next::Attend { iteration, prompt: text.clone() });
        text
    }

    fn end(&self, code: i64, tracker: Option<&str>) {
        if let Some(tracker) = tracker {
            self.supervisor().see_tracker(Some(tracker), self.heard()).unwrap();
        }
        let exit = Exit { code: Some(code), ..Exit::default() };
        self.supervisor().end_turn(exit, Tokens::default(), self.heard()).unwrap();
    }

    fn hook(&self, id: &str, agent: &str, name: &str) {
        let hook = json!({
            "hook_event_name": name, "session_id": agent, "prompt": "go", "tool_name": "Bash",
            "tool_input": { "command": "git push" },
        });
        let hook = Hook::parse(&hook.to_string()).unwrap();
        self.supervisor().hook(id, hook, self.heard()).unwrap();
    }

    /// The agent asks for a permission, and is denied it.
    fn denied(&self, request: &str, reason: &str) {
        self.hook(request, "a", "PermissionRequest");
        let answer = json!({
            "type": "json", "source": "user",
            "intent": { "kind": "permission_deny", "reason": reason },
        });
        let answer: Answer = serde_json::from_value(answer).unwrap();
        self.supervisor().decide(request, &answer, self.heard()).unwrap();
    }

    fn row(&self) -> WorkflowRun {
        support::workflow_rows(&self.bus(), SESSION).remove(0)
    }

    /// How often the session's last run was kept from stopping.
    fn run_blocks(&self) -> u64 {
        let rows = support::run_rows(&self.bus(), SESSION);
        rows.last().unwrap()["counters"]["blocks"].as_u64().unwrap()
    }

    fn kinds(&self, beginning: &str) -> usize {
        let kind = |line: &String| line.split(' ').nth(3).unwrap().starts_with(beginning);
        support::story(&self.bus()).iter().filter(|line| kind(line)).count()
    }
}

/// What the workflow file says to a turn.
fn text(plan: &Plan, iteration: u32) -> String {
    if iteration == 1 { format!("Fix {}", plan.prompt) } else { "Go on".to_owned() }
}

fn over(status: Status, reason: Option<&str>) -> Next {
    Next::Over(Outcome { status, stop_reason: reason.map(str::to_owned) })
}

fn awaits(reason: &str) -> Next {
    Next::AwaitAttention { reason: reason.into() }
}

const CRASHED: RetryPlan =
    RetryPlan { crashed: 2, first_ms: 1_000, at_most_ms: 60_000, denied: 0, blocked_waits: false };
const DENIED: RetryPlan = RetryPlan { crashed: 0, denied: 1, ..CRASHED };
const BLOCKED: RetryPlan = RetryPlan { crashed: 0, blocked_waits: true, ..CRASHED };

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_crashed_turn_is_run_again_after_a_pause_that_grows() {
    told_to_files_too(|world| {
        world.start(None, Some(CRASHED));
        for pause in [SECOND, 2 * SECOND] {
            assert_eq!(world.begin(), "Fix it");
            world.end(1, None);
            let due = world.clock.now().saturating_add(pause);
            assert_eq!(world.next(), Next::WaitUntil(due));
            let early = world.supervisor().begin_turn("now!".to_owned(), world.heard());
            assert!(matches!(early, Err(SuperviseError::Commit(_))), "{early:?}");
            world.pass(pause - MILLISECOND);
            assert_eq!(world.next(), Next::WaitUntil(due));
            world.pass(MILLISECOND);
        }
        assert_eq!(world.begin(), "Fix it");
        world.end(1, None);
        assert_eq!(world.next(), over(Status::Failed, Some("Process exited with code 1")));
        // A retry is no iteration: the budget was 1.
        assert_eq!((world.row().iteration, world.row().max_iterations), (1, 1));
    });
}

#[test]
fn crashes_are_counted_anew_in_a_further_iteration() {
    told(|world| {
        world.start(Some(3), Some(RetryPlan { crashed: 1, ..CRASHED }));
        for iteration in [1, 2] {
            world.begin();
            world.end(1, None);
            world.pass(SECOND);
            world.begin();
            world.end(0, Some(OPEN));
            assert_eq!(world.row().iteration, iteration);
        }
        assert_eq!(world.due().text, "Go on");
    });
}

#[test]
fn no_turn_is_run_again_unless_the_workflow_asks_for_it() {
    told(|world| {
        world.start(None, None);
        world.begin();
        world.denied("1", "no");
        world.end(1, None);
        assert_eq!(world.next(), over(Status::Failed, Some("Process exited with code 1")));
        assert_eq!((world.kinds("retry."), world.kinds("steering.")), (0, 0));
    });
}

#[test]
fn a_turn_that_was_denied_a_permission_is_run_again_and_told_so() {
    told(|world| {
        world.start(None, Some(DENIED));
        world.begin();
        world.denied("1", "wait for the review");
        world.end(0, None);
        let told = "Fix it\n\nPermission was denied before; find another way:\
                    \n- Bash {\"command\":\"git push\"}: wait for the review";
        assert_eq!(world.begin(), told);
        // Once is what the workflow allows.
        world.denied("2", "no");
        world.end(0, None);
        assert_eq!(world.next(), over(Status::Completed, None));
        assert_eq!(world.row().iteration, 1);
    });
}

#[test]
fn a_denial_is_told_to_the_next_turn_if_the_same_is_not_run_again() {
    told(|world| {
        world.start(Some(4), Some(RetryPlan { denied: 0, blocked_waits: true, ..DENIED }));
        world.begin();
        world.denied("1", &"n".repeat(501));
        world.end(0, Some(OPEN));
        let told = world.begin();
        assert!(told.starts_with("Go on\n\nPermission was denied"), "{told}");
        assert!(told.ends_with(&format!("\"}}: {}…", "n".repeat(500))), "{told}");
        world.end(0, Some(OPEN));
        assert_eq!(world.begin(), "Go on");
        assert_eq!(world.row().iteration, 3);
    });
}

#[test]
fn a_turn_is_not_run_again_without_a_reason_or_once_it_is_cancelled() {
    told(|world| {
        world.start(None, Some(DENIED));
        world.begin();
        world.end(0, None);
        assert_eq!(world.next(), over(Status::Completed, None));
    });
    told(|world| {
        world.start(None, Some(CRASHED));
        world.begin();
        world.supervisor().cancel(world.heard()).unwrap();
        world.end(1, None);
        assert_eq!(world.next(), over(Status::Cancelled, None));
    });
}

#[test]
fn a_turn_that_says_that_the_work_is_done_is_not_run_again() {
    told(|world| {
        world.start(Some(4), Some(DENIED));
        world.begin();
        world.denied("1", "no");
        world.end(0, Some("<!-- WORKFLOW_COMPLETE -->"));
        assert_eq!(world.next(), over(Status::Completed, None));
    });
}

#[test]
fn a_blocked_workflow_waits_for_an_answer_and_keeps_its_budget() {
    told_to_files_too(|world| {
        world.start(Some(2), Some(BLOCKED));
        world.begin();
        world.end(0, Some("<!-- WORKFLOW_BLOCKED: which key? -->"));
        assert_eq!(world.next(), awaits("which key?"));
        world.pass(1_000 * SECOND);
        assert_eq!(world.next(), awaits("which key?"));
        let early = world.supervisor().begin_turn("now!".to_owned(), world.heard());
        assert!(matches!(early, Err(SuperviseError::Record(_))), "{early:?}");

        let answer = Some("the blue one");
        world.supervisor().wake(WORKFLOW, answer, world.heard()).unwrap();
        let twice = world.supervisor().wake(WORKFLOW, answer, world.heard());
        assert!(matches!(twice, Err(SuperviseError::WrongState { state: "Running", .. })));
        assert_eq!(world.begin(), "Go on\n\nWhat you waited for was answered:\nthe blue one");
        assert_eq!(world.row().iteration, 2);
        // No turn is left that an answer could go into.
        world.end(0, Some("<!-- WORKFLOW_BLOCKED -->"));
        assert_eq!(world.next(), over(Status::Blocked, None));
    });
}

#[test]
fn a_blocked_workflow_ends_unless_it_asks_to_wait() {
    told(|world| {
        world.start(Some(2), Some(CRASHED));
        world.begin();
        world.end(0, Some("<!-- WORKFLOW_BLOCKED: why -->"));
        assert_eq!(world.next(), over(Status::Blocked, Some("why")));
    });
}

#[test]
fn a_workflow_is_held_between_two_turns() {
    told(|world| {
        world.start(Some(3), Some(CRASHED));
        world.begin();
        let (supervisor, heard) = (world.supervisor(), world.heard());
        supervisor.suspend(WORKFLOW, "let me look", heard).unwrap();
        // The turn that is under way goes on, and crashes: that is made good after the pause.
        world.end(1, None);
        assert_eq!(world.next(), awaits("let me look"));
        world.supervisor().wake(WORKFLOW, None, world.heard()).unwrap();
        let due = world.clock.now().saturating_add(SECOND);
        assert_eq!(world.next(), Next::WaitUntil(due));
        world.pass(SECOND);
        assert_eq!(world.begin(), "Fix it");
        world.end(0, Some(OPEN));

        world.supervisor().suspend(WORKFLOW, "once more", world.heard()).unwrap();
        assert_eq!(world.next(), awaits("once more"));
        world.supervisor().wake(WORKFLOW, None, world.heard()).unwrap();
        assert_eq!((world.begin().as_str(), world.row().iteration), ("Go on", 2));
    });
}

#[test]
fn a_workflow_that_is_cancelled_between_two_turns_ends_without_another() {
    let cancelled = Outcome { status: Status::Cancelled, stop_reason: None };
    told(|world| {
        world.start(Some(3), Some(BLOCKED));
        world.begin();
        world.end(0, Some("<!-- WORKFLOW_BLOCKED -->"));
        assert_eq!(world.next(), awaits("the work is blocked"));
        world.supervisor().cancel(world.heard()).unwrap();
        assert_eq!(world.next(), Next::End(cancelled.clone()));
        world.supervisor().end_workflow(WORKFLOW, &cancelled, world.heard()).unwrap();
        assert_eq!(world.next(), Next::Over(cancelled.clone()));
        assert_eq!((world.row().status, world.row().iteration), (Status::Cancelled, 1));
    });
    told(|world| {
        let unknown = world.supervisor().next(WORKFLOW, text);
        assert!(matches!(unknown, Err(SuperviseError::UnknownWorkflow { .. })), "{unknown:?}");
        world.start(Some(3), Some(CRASHED));
        world.supervisor().cancel(world.heard()).unwrap();
        assert_eq!(world.next(), Next::End(cancelled.clone()));
    });
    told(|world| {
        world.start(Some(3), Some(CRASHED));
        world.begin();
        world.end(1, None);
        world.supervisor().cancel(world.heard()).unwrap();
        assert_eq!(world.next(), Next::End(cancelled.clone()));
        world.supervisor().end_workflow(WORKFLOW, &cancelled, world.heard()).unwrap();
        world.pass(SECOND);
        assert_eq!(world.next(), Next::Over(cancelled.clone()));
    });
}

#[test]
fn each_message_is_told_once_in_order_and_again_with_a_turn_that_crashed() {
    let steer = |world: &World, text: &str| {
        world.supervisor().steer(WORKFLOW, text, world.heard()).unwrap();
    };
    told_to_files_too(|world| {
        world.start(Some(3), Some(CRASHED));
        steer(world, "one");
        steer(world, "two");
        let prompt = world.due();
        // It comes too late for the prompt that is about to be used.
        steer(world, "three");
        world.supervisor().begin_turn(prompt.clone(), world.heard()).unwrap();
        let told = "Fix it\n\nFrom the person you work for:\n- one\n- two";
        assert_eq!((prompt.text.as_str(), prompt.messages), (told, 2));

        world.end(1, None);
        world.pass(SECOND);
        let again = format!("{told}\n\nFrom the person you work for:\n- three");
        assert_eq!(world.begin(), again);
        world.end(0, Some(OPEN));
        assert_eq!(world.begin(), "Go on");
        world.end(0, Some("<!-- WORKFLOW_COMPLETE -->"));

        let late = world.supervisor().steer(WORKFLOW, "late", world.heard());
        assert!(matches!(late, Err(SuperviseError::WorkflowIsOver { .. })), "{late:?}");
        let unknown = world.supervisor().steer("other", "?", world.heard());
        assert!(matches!(unknown, Err(SuperviseError::UnknownWorkflow { .. })), "{unknown:?}");
    });
}

/// What was decided on a stop, if anything was.
fn on_stop(world: &World, request: &str) -> Option<Decision> {
    let stream = StreamId::new("request", request_stream(SESSION, request)).unwrap();
    let mut decision = None;
    let read = world.bus().store().visit(Read::stream(stream), |event| {
        decision = settled_by(event).unwrap();
        Ok::<_, ReadError>(ControlFlow::Continue(()))
    });
    read.map(|_| decision).unwrap()
}

#[test]
fn an_agent_that_wants_to_stop_is_told_what_waits_for_it_first() {
    let steer = |world: &World, text: &str| {
        world.supervisor().steer(WORKFLOW, text, world.heard()).unwrap();
    };
    let told = |messages: &str| {
        let reason = Some(format!("From the person you work for:{messages}"));
        Some(Decision::Deny { reason })
    };
    told_to_files_too(|world| {
        world.start(Some(4), Some(CRASHED));
        world.begin();
        world.hook("0", "a", "UserPromptSubmit");
        world.hook("1", "a", "Stop");
        assert_eq!(on_stop(world, "1"), None);
        steer(world, "one");
        steer(world, "two");
        world.hook("2", "a", "Stop");
        assert_eq!(on_stop(world, "2"), told("\n- one\n- two"));
        world.hook("3", "a", "Stop");
        assert_eq!(on_stop(world, "3"), None);
        steer(world, "three");
        world.hook("4", "a", "Stop");
        assert_eq!(on_stop(world, "4"), told("\n- three"));
        assert_eq!(world.run_blocks(), 2);

        // The turn is run again by an agent that knows nothing of it; the next one is another matter.
        world.end(1, None);
        world.pass(SECOND);
        let all = "Fix it\n\nFrom the person you work for:\n- one\n- two\n- three";
        assert_eq!(world.begin(), all);
        world.end(0, Some(OPEN));
        assert_eq!(world.begin(), "Go on");
        steer(world, "four");
        world.hook("5", "a", "Stop");
        assert_eq!(on_stop(world, "5"), told("\n- four"));
        world.end(0, Some(OPEN));
        assert_eq!(world.begin(), "Go on");
    });
}

#[test]
fn who_is_not_to_go_on_or_cannot_is_let_go() {
    told(|world| {
        world.start(Some(3), None);
        world.begin();
        world.hook("0", "a", "UserPromptSubmit");
        fork(world, "a", "b").unwrap();
        world.supervisor().steer(WORKFLOW, "one", world.heard()).unwrap();
        // What a branch is to do, it was told; and this one is gone when it is heard of.
        world.hook("1", "b", "Stop");
        let gone = json!({ "hook_event_name": "Stop", "session_id": "a", "stopped": true });
        let gone = Hook::parse(&gone.to_string()).unwrap();
        world.supervisor().hook("2", gone, world.heard()).unwrap();
        let gone = Decision::NoOpinion { reason: "it had stopped".into() };
        assert_eq!((on_stop(world, "1"), on_stop(world, "2")), (None, Some(gone)));
        world.supervisor().suspend(WORKFLOW, "wait", world.heard()).unwrap();
        world.hook("3", "a", "Stop");
        world.end(0, Some(OPEN));
        world.supervisor().wake(WORKFLOW, None, world.heard()).unwrap();
        assert_eq!(world.begin(), "Go on\n\nFrom the person you work for:\n- one");
        world.supervisor().steer(WORKFLOW, "two", world.heard()).unwrap();
        world.supervisor().cancel(world.heard()).unwrap();
        world.hook("4", "a", "Stop");
        assert_eq!((on_stop(world, "3"), on_stop(world, "4")), (None, None));
    });
}

#[test]
fn those_who_steer_at_the_same_time_do_not_get_in_each_others_way() {
    let world = World::in_memory();
    world.start(None, None);
    let steered = [world.supervisor(), world.supervisor()].map(|supervisor| {
        let heard = world.heard();
        std::thread::spawn(move || {
            for nth in 0..50 {
                supervisor.steer(WORKFLOW, &format!("message {nth}"), heard.clone()).unwrap();
            }
        })
    });
    for thread in steered {
        thread.join().unwrap();
    }
    assert_eq!(world.due().messages, 100);
}

fn run(depth: u32, id: &str, parent: Option<&str>, status: RunStatus) -> TreeRun {
    let (agent, _) = id.split_once(':').unwrap();
    let session = if depth == 0 { SESSION.to_owned() } else { format!("{SESSION}~{agent}") };
    let parent = parent.map(str::to_owned);
    TreeRun { depth, session, run_id: id.into(), parent, status, result: None }
}

fn fork(world: &World, by: &str, agent: &str) -> Result<String, SuperviseError> {
    world.supervisor().fork_run(by, agent, "look", world.heard())
}

#[test]
fn what_the_agent_of_a_branch_does_belongs_to_the_branch() {
    told(|world| {
        world.start(None, Some(DENIED));
        world.begin();
        world.hook("0", "a", "SessionStart");
        world.hook("1", "a", "UserPromptSubmit");
        assert_eq!(fork(world, "a", "b").unwrap(), "s~b");
        world.hook("2", "b", "UserPromptSubmit");
        world.hook("3", "a", "PreToolUse");
        world.hook("4", "b", "PreToolUse");
        world.hook("5", "b", "PermissionRequest");
        world.hook("6", "a", "PreToolUse");

        let branch = world.supervisor().of_agent("b").unwrap();
        assert_eq!(
            (branch.session(), world.supervisor().of_agent("a").unwrap().session()),
            ("s~b", "s")
        );
        let request = world.bus().load::<Request>(request_stream("s~b", "5")).unwrap();
        let Request::AwaitingPermission(AwaitingPermission { place, .. }) = request.state() else {
            panic!("{request:?}")
        };
        // The workflow's rules hold in its branches too.
        assert_eq!(place.workflow.as_deref(), Some(WORKFLOW));
        let uses = |session: &str| {
            let rows = support::run_rows(&world.bus(), session);
            rows.iter().map(|row| row["counters"]["tool_uses"].clone()).collect::<Vec<Value>>()
        };
        assert_eq!((uses("s"), uses("s~b")), (vec![json!(2)], vec![json!(1)]));

        world.supervisor().join_run("b", "three files", world.heard()).unwrap();
        let joined = TreeRun {
            result: Some("three files".into()),
            ..run(1, "b:R1", Some("a:R1"), RunStatus::Completed)
        };
        let tree = branches::of_session(&world.bus(), SESSION).unwrap();
        assert_eq!(tree, [run(0, "a:R1", None, RunStatus::Running), joined]);
        let twice = world.supervisor().join_run("b", "again", world.heard());
        assert!(matches!(twice, Err(SuperviseError::Record(_))), "{twice:?}");

        // What it still reports is its own, and no longer the workflow's.
        world.hook("7", "b", "PermissionRequest");
        let request = world.bus().load::<Request>(request_stream("s~b", "7")).unwrap();
        assert_eq!(request.state().awaiting().unwrap().workflow, None);
    });
}

#[test]
fn a_branch_can_outlive_the_turn_as_its_parent_can() {
    told(|world| {
        world.start(None, None);
        world.begin();
        world.hook("1", "a", "UserPromptSubmit");
        fork(world, "a", "b").unwrap();
        world.end(0, None);
        assert_eq!(world.next(), over(Status::Completed, None));
        world.hook("2", "b", "UserPromptSubmit");
        world.supervisor().join_run("b", "late, but here", world.heard()).unwrap();
    });
}

#[test]
fn a_branch_that_was_never_joined_is_over_when_its_parent_closes() {
    told_to_files_too(|world| {
        world.hook("0", "a", "SessionStart");
        world.hook("1", "a", "UserPromptSubmit");
        fork(world, "a", "b").unwrap();
        world.hook("2", "b", "UserPromptSubmit");
        fork(world, "b", "c").unwrap();
        world.hook("3", "c", "UserPromptSubmit");
        world.hook("ask", "c", "PermissionRequest");
        fork(world, "a", "d").unwrap();
        world.hook("4", "d", "UserPromptSubmit");
        world.hook("5", "d", "UserPromptSubmit");
        fork(world, "a", "e").unwrap();
        world.hook("6", "a", "UserPromptSubmit");
        fork(world, "a", "f").unwrap();
        world.hook("7", "f", "UserPromptSubmit");

        let tree = branches::of_session(&world.bus(), SESSION).unwrap();
        let expected = [
            run(0, "a:R1", None, RunStatus::Completed),
            run(1, "b:R1", Some("a:R1"), RunStatus::Aborted),
            run(2, "c:R1", Some("b:R1"), RunStatus::Aborted),
            run(1, "d:R1", Some("a:R1"), RunStatus::Completed),
            run(1, "d:R2", Some("a:R1"), RunStatus::Aborted),
            // `e` has not begun; the numbers of the session's own runs are as without branches.
            run(0, "a:R2", None, RunStatus::Running),
            run(1, "f:R1", Some("a:R2"), RunStatus::Running),
        ];
        assert_eq!(tree, expected.map(|run| TreeRun { result: None, ..run }));
        let asked = world.bus().load::<Request>(request_stream("s~c", "ask")).unwrap();
        assert!(matches!(asked.state(), Request::Lapsed), "{asked:?}");
        for branch in ["b", "c", "d", "e"] {
            let late = world.supervisor().join_run(branch, "late", world.heard());
            assert!(matches!(late, Err(SuperviseError::WrongState { state: "Closed", .. })));
        }
    });
}

#[test]
fn what_cannot_fork_or_join_is_refused() {
    told(|world| {
        let none = fork(world, "a", "b");
        assert!(matches!(none, Err(SuperviseError::NoOpenRun { .. })), "{none:?}");
        world.hook("0", "z", "SessionStart");
        world.hook("1", "a", "SessionStart");
        world.hook("2", "a", "UserPromptSubmit");
        for heard in ["a", "z"] {
            let own = fork(world, "a", heard);
            assert!(matches!(own, Err(SuperviseError::AgentHeardBefore { .. })), "{own:?}");
        }
        let unknown = world.supervisor().join_run("b", "what?", world.heard());
        assert!(matches!(unknown, Err(SuperviseError::UnknownBranch { .. })), "{unknown:?}");
        fork(world, "a", "b").unwrap();
        let twice = fork(world, "a", "b");
        assert!(matches!(twice, Err(SuperviseError::Commit(_))), "{twice:?}");
    });
}

#[test]
fn branches_nest_so_deep_and_no_deeper() {
    told(|world| {
        world.hook("0", "0", "UserPromptSubmit");
        for depth in 1..=8 {
            let (by, agent) = ((depth - 1).to_string(), depth.to_string());
            fork(world, &by, &agent).unwrap();
            world.hook(&agent, &agent, "UserPromptSubmit");
        }
        let deeper = fork(world, "8", "9");
        assert!(matches!(deeper, Err(SuperviseError::Commit(_))), "{deeper:?}");
        // All of them end in the commit in which the first one does.
        world.hook("end", "0", "SessionEnd");
        let tree = branches::of_session(&world.bus(), SESSION).unwrap();
        assert_eq!(tree.len(), 9);
        assert!(tree.iter().skip(1).all(|run| run.status == RunStatus::Aborted));
    });
}

#[test]
fn a_person_steers_holds_and_wakes_a_workflow_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("log");
    let (path, file) = (db.clone(), db.to_str().unwrap());
    let open =
        Box::new(move || -> Arc<dyn EventStore> { Arc::new(SqliteStore::open(&path).unwrap()) });
    let world = World::over(open);
    world.start(Some(3), None);
    let says = |arguments: &[&str]| {
        let output = support::run([arguments, &["--db", file]].concat());
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert_eq!(
        says(&["steer", WORKFLOW, "be quick"]),
        "w: the agent is told when it next stops, or with the next prompt\n"
    );
    assert_eq!(world.begin(), "Fix it\n\nFrom the person you work for:\n- be quick");
    world.end(0, Some(OPEN));
    let held = "w: no further turn begins before it is woken\n";
    assert_eq!(says(&["suspend", WORKFLOW, "look first"]), held);
    assert_eq!(world.next(), awaits("look first"));
    assert!(says(&["workflows"]).contains("awaits attention: look first"));
    assert_eq!(says(&["wake", WORKFLOW, "--message", "fine"]), "w: it goes on where it was\n");
    assert_eq!(world.due().text, "Go on\n\nWhat you waited for was answered:\nfine");
    let awake = "error: `workflow/w` is in state `Running`, where this cannot happen\n";
    assert_eq!(says(&["wake", WORKFLOW]), awake);
    let unknown = "error: workflow `x` was never started in this session\n";
    assert_eq!(says(&["steer", "x", "?"]), unknown);

    world.hook("0", "a", "SessionStart");
    world.hook("1", "a", "UserPromptSubmit");
    fork(&world, "a", "b").unwrap();
    world.hook("2", "b", "UserPromptSubmit");
    assert_eq!(says(&["tree"]), "a:R1 running\n  b:R1 running\n");
    world.supervisor().join_run("b", "done", world.heard()).unwrap();
    assert_eq!(says(&["tree"]), "a:R1 running\n  b:R1 completed: done\n");
}
