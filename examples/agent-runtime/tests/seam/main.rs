//! What the seam between two stores blocked: turns that are run again, workflows that wait for
//! somebody, messages for the next turn, and runs that branch. Each story is told by one process, and
//! by a process for every step; those in which time passes over a file too.

#![cfg(test)]

mod attention;
mod branches;
mod retry;
mod steering;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use agent_runtime::hook::{Answer, Hook};
use agent_runtime::projections::workflow_runs::WorkflowRun;
use agent_runtime::prompt::Prompt;
use agent_runtime::retry::RetryPlan;
use agent_runtime::supervisor::{Heard, NewWorkflow, Next, SuperviseError, Supervisor};
use agent_runtime::workflow::{Exit, Outcome, Plan, Status, Tokens};
use serde_json::json;
use vitae::store::EventStore;
use vitae::{Alongside, Bus, Clock, ManualClock, MemoryStore, Timestamp};
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
    if iteration == 1 {
        format!("Fix {}", plan.prompt.as_deref().unwrap())
    } else {
        "Go on".to_owned()
    }
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

fn fork(world: &World, by: &str, agent: &str) -> Result<String, SuperviseError> {
    world.supervisor().fork_run(by, agent, "look", world.heard())
}
