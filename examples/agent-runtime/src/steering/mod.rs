//! The `steering` lifecycle: what somebody wants the agent to be told.
//!
//! Owns the order of the messages, and that each is told to one turn: when its agent wants to stop, else
//! in the prompt of the next one. A turn that is run again has the prompt that it had, and what it was
//! told later is told in that, so nothing is lost with it.

mod events;
mod policy;

pub use events::{Queued, Taken, Told};
pub use policy::policy;

use vitae::{Context, Lifecycle, Refusal};

/// How many bytes of messages may wait: what a prompt has room for beside everything else.
pub const MAX_WAITING: usize = 64 * 1024;

/// The messages for a workflow.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "steering")]
pub enum Steering {
    /// What is queued waits until the agent is told.
    #[state(initial)]
    #[on(Queued if Queue::has_room => Queue, Taken if Queue::has_them => Queue)]
    #[on(Told if Queue::has_told_less => Queue)]
    Queue(Queue),
}

/// [`Steering::Queue`].
#[derive(Clone, Default, Debug)]
pub struct Queue {
    /// How many were taken.
    pub taken: u32,
    /// Those that wait, in order.
    pub waiting: Vec<String>,
    /// The number of the last one that the turn under way was told when it wanted to stop; it waits until
    /// that turn has ended. 0 if it was told none.
    pub told: u32,
}

impl Queue {
    /// The number of the last message, counted from 1; 0 if there was none.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.taken.saturating_add(u32::try_from(self.waiting.len()).unwrap_or(u32::MAX))
    }

    /// Those that nobody was told yet.
    #[must_use]
    pub fn untold(&self) -> &[String] {
        let told = usize::try_from(self.told.saturating_sub(self.taken)).unwrap_or(usize::MAX);
        self.waiting.get(told..).unwrap_or_default()
    }

    fn has_room(&self, event: &Queued, _: &Context) -> Result<(), Refusal> {
        if event.text.trim().is_empty() {
            return Err(Refusal::new("the message is empty"));
        }
        let waiting: usize = self.waiting.iter().map(String::len).sum();
        if waiting.saturating_add(event.text.len()) > MAX_WAITING {
            return Err(Refusal::new(format!("{MAX_WAITING} bytes of messages wait at the most")));
        }
        Ok(())
    }

    fn has_them(&self, event: &Taken, _: &Context) -> Result<(), Refusal> {
        if (self.taken.saturating_add(1)..=self.last()).contains(&event.up_to) {
            return Ok(());
        }
        Err(Refusal::new(format!("message {} does not wait", event.up_to)))
    }

    fn has_told_less(&self, event: &Told, _: &Context) -> Result<(), Refusal> {
        let first = self.taken.max(self.told).saturating_add(1);
        if (first..=self.last()).contains(&event.up_to) {
            return Ok(());
        }
        Err(Refusal::new(format!("message {} is not to be told", event.up_to)))
    }
}

impl SteeringTransitions for Steering {
    fn queue_on_queued(mut from: Queue, event: &Queued, _: &Context) -> Queue {
        from.waiting.push(event.text.clone());
        from
    }

    fn queue_on_taken(from: Queue, event: &Taken, _: &Context) -> Queue {
        let taken = usize::try_from(event.up_to.saturating_sub(from.taken)).unwrap_or(usize::MAX);
        let waiting = from.waiting.into_iter().skip(taken).collect();
        Queue { taken: event.up_to, waiting, told: from.told }
    }

    fn queue_on_told(from: Queue, event: &Told, _: &Context) -> Queue {
        Queue { told: event.up_to, ..from }
    }
}
