//! The supervisor: what is heard from outside, turned into events.
//!
//! Owns the order in which lives move when something is heard. Keeps no state: everything it needs
//! to know is read back from the log, so to resume is to go on.

mod answers;
mod attention;
mod branches;
mod decisions;
mod error;
mod hooks;
mod next;
mod relays;
mod turns;
mod under_way;
mod workflow;

pub use answers::Given;
pub use error::SuperviseError;
pub use next::Next;
pub use relays::Question;
pub use under_way::{Beginning, Turn};
pub use workflow::NewWorkflow;

use std::ops::ControlFlow;
use std::time::Duration;

use vitae::store::{Query, QueryItem, Read};
use vitae::{Aggregate, Alongside, Bus, CommitSet, Lifecycle, Timestamp};

use crate::session::Session;
/// How often something is tried that somebody else gets in the way of, and how much longer each pause
/// between two tries is than the one before it.
const TRIES: u32 = 16;
const A_MOMENT: Duration = Duration::from_millis(1);

/// The supervisor of one session.
pub struct Supervisor {
    bus: Bus,
    session: String,
    /// Whose turn it is, where somebody says so who knows better than the session.
    turn_of: Option<String>,
    /// The session that its branches, and theirs, are named after.
    root: String,
}

/// When something was heard, and what shares the fate of its events.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When.
    pub at: Timestamp,
    /// The checkpoint of whoever heard it, say.
    pub alongside: Alongside,
}

impl Supervisor {
    /// A supervisor of a session, new or not.
    #[must_use]
    pub fn new(bus: Bus, session: String) -> Self {
        let root = session.clone();
        Self { bus, session, turn_of: None, root }
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// What is heard belongs to this workflow, whether or not the log has its turn: for what was heard
    /// by another program, which knew.
    #[must_use]
    pub fn in_turn_of(mut self, workflow: Option<String>) -> Self {
        self.turn_of = workflow;
        self
    }

    /// The bus that it moves lives on.
    #[must_use]
    pub const fn bus(&self) -> &Bus {
        &self.bus
    }

    fn load<L: Lifecycle>(&self, id: &str, heard: &Heard) -> Result<Aggregate<L>, SuperviseError> {
        Ok(self.bus.load::<L>(id)?.occurring_at(heard.at))
    }

    /// The workflow that what is heard now belongs to.
    fn workflow_now(&self, session: &Aggregate<Session>) -> Option<String> {
        self.turn_of.clone().or_else(|| session.state().workflow().map(str::to_owned))
    }

    fn commit(&self, lives: impl CommitSet, heard: Heard) -> Result<(), SuperviseError> {
        self.bus.commit_alongside(lives, heard.alongside)?;
        Ok(())
    }

    /// Does something again, on what is there then, if somebody else has moved the same life
    /// meanwhile: a timer, or whoever answers, steers or wakes from another process.
    pub(crate) fn again<T>(
        act: impl Fn() -> Result<T, SuperviseError>,
    ) -> Result<T, SuperviseError> {
        let mut tries = 1;
        loop {
            match act() {
                Err(error) if error.is_conflict() && tries < TRIES => {
                    std::thread::sleep(A_MOMENT * tries);
                    tries += 1;
                }
                outcome => return outcome,
            }
        }
    }

    /// Whether the log has an event like this.
    fn is_there(&self, like: QueryItem) -> Result<bool, SuperviseError> {
        let read = Read::log(Query { items: vec![like] }).page_of(1);
        let mut found = false;
        self.bus.store().visit(read, |_| {
            found = true;
            Ok::<_, SuperviseError>(ControlFlow::Break(()))
        })?;
        Ok(found)
    }
}
