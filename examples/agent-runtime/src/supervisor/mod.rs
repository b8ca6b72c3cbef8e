//! The supervisor: what is heard from outside, turned into events.
//!
//! Owns the order in which lives move when something is heard. Keeps no state: everything it needs
//! to know is read back from the log, so to resume is to go on.

mod decisions;
mod error;
mod hooks;
mod next;
mod under_way;
mod workflow;

pub use error::SuperviseError;
pub use next::Next;
pub use under_way::Turn;
pub use workflow::NewWorkflow;

use std::ops::ControlFlow;

use vitae::store::{Query, QueryItem, Read};
use vitae::{Aggregate, Alongside, Bus, CommitSet, Lifecycle, Timestamp};

/// The supervisor of one session.
pub struct Supervisor {
    bus: Bus,
    session: String,
}

/// When something was heard, and what shares the fate of its events.
pub struct Heard {
    /// When.
    pub at: Timestamp,
    /// The checkpoint of whoever heard it, say.
    pub alongside: Alongside,
}

impl Supervisor {
    /// A supervisor of a session, new or not.
    #[must_use]
    pub const fn new(bus: Bus, session: String) -> Self {
        Self { bus, session }
    }

    fn load<L: Lifecycle>(&self, id: &str, heard: &Heard) -> Result<Aggregate<L>, SuperviseError> {
        Ok(self.bus.load::<L>(id)?.occurring_at(heard.at))
    }

    fn commit(&self, lives: impl CommitSet, heard: Heard) -> Result<(), SuperviseError> {
        self.bus.commit_alongside(lives, heard.alongside)?;
        Ok(())
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
