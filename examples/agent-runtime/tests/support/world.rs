//! A session with a clock in the hand: a workflow, its turns, and what its agent asks for.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agent_runtime::hook::Hook;
use agent_runtime::permissions::Rule;
use agent_runtime::request::Decision;
use agent_runtime::supervisor::{Heard, NewWorkflow, SuperviseError, Supervisor};
use agent_runtime::workflow::{Exit, Tokens};
use serde_json::{Value, json};
use vitae::store::EventStore;
use vitae::{Alongside, Bus, Clock, ManualClock, MemoryStore, Timestamp};
use vitae_sqlite::SqliteStore;

pub(crate) const SESSION: &str = "s";
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) bus: Bus,
    pub(crate) supervisor: Supervisor,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new()))
    }

    pub(crate) fn in_file(db: &Path) -> Self {
        Self::over(Arc::new(SqliteStore::open(db).unwrap()))
    }

    pub(crate) fn over(store: Arc<dyn EventStore>) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        let bus = agent_runtime::bus_with(store, clock.clone()).unwrap();
        let supervisor = Supervisor::new(bus.clone(), SESSION.to_owned());
        Self { clock, bus, supervisor }
    }

    /// A session with channels, in the first turn of a workflow.
    pub(crate) fn relaying() -> Self {
        let world = Self::new();
        world.open_channels();
        world.start("w", Vec::new());
        world
    }

    pub(crate) fn open_channels(&self) {
        self.supervisor.open_channels("test", &["one".into(), "two".into()], PATIENCE).unwrap();
    }

    pub(crate) fn heard(&self) -> Heard {
        Heard { at: self.clock.now(), alongside: Alongside::new() }
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.set(self.clock.now().saturating_add(time));
    }

    /// A workflow of up to nine turns starts, and the first of them.
    pub(crate) fn start(&self, workflow: &str, rules: Vec<Rule>) {
        let new = NewWorkflow {
            workflow: workflow.to_owned(),
            name: "fix".to_owned(),
            prompt: "fix it".to_owned(),
            max_iterations: Some(9),
            tracker_path: Some(format!("{workflow}.md")),
            rules,
            retry: None,
        };
        self.supervisor.start_workflow(new, self.heard()).unwrap();
        self.supervisor.see_tracker(Some("at it"), self.heard()).unwrap();
        self.supervisor.begin_turn("go on".to_owned(), self.heard()).unwrap();
    }

    pub(crate) fn end_turn(&self) {
        let exit = Exit { code: Some(0), ..Exit::default() };
        self.supervisor.end_turn(exit, Tokens::default(), self.heard()).unwrap();
    }

    pub(crate) fn next_turn(&self) {
        self.end_turn();
        self.supervisor.begin_turn("go on".to_owned(), self.heard()).unwrap();
    }

    /// The agent asks for leave to use a tool.
    pub(crate) fn ask(&self, request: &str, tool: &str) {
        self.try_ask(request, tool).unwrap();
    }

    pub(crate) fn try_ask(&self, request: &str, tool: &str) -> Result<(), SuperviseError> {
        let input = json!({ "about": request });
        let hook = json!({
            "hook_event_name": "PermissionRequest", "tool_name": tool, "tool_input": input,
        });
        self.hook(request, hook)
    }

    pub(crate) fn hook(&self, id: &str, hook: Value) -> Result<(), SuperviseError> {
        self.hook_of("agent", id, hook)
    }

    /// A hook of this agent session.
    pub(crate) fn hook_of(
        &self,
        agent: &str,
        id: &str,
        mut hook: Value,
    ) -> Result<(), SuperviseError> {
        hook["session_id"] = agent.into();
        let hook = Hook::parse(&hook.to_string()).unwrap();
        self.supervisor.hook(id, hook, self.heard())
    }

    /// Who decided a request, and how.
    pub(crate) fn decision(&self, request: &str) -> Option<(String, Decision)> {
        let store = self.bus.store().as_ref();
        agent_runtime::context::of_request(store, SESSION, request).unwrap().decision
    }

    /// How a request's relay ended.
    pub(crate) fn ending(&self, request: &str) -> Option<String> {
        self.supervisor.relay(request).unwrap().ending()
    }

    /// The requests that wait.
    pub(crate) fn pending(&self) -> Vec<String> {
        self.supervisor.pending().unwrap().into_iter().map(|row| row.request).collect()
    }

    pub(crate) fn events(&self) -> u64 {
        self.bus.store().head().unwrap().map_or(0, vitae::GlobalPosition::get)
    }
}
