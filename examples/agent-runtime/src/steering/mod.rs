//! The `steering` lifecycle: what somebody wants the agent to be told at its next turn.
//!
//! Owns the order of the messages, and that each goes into one turn's prompt. A turn that is run
//! again has the prompt that it had, so what it was told is not lost with it.

mod events;

pub use events::{Queued, Taken};

use vitae::{Context, Lifecycle, Refusal};

/// How many bytes of messages may wait: what a prompt has room for beside everything else.
pub const MAX_WAITING: usize = 64 * 1024;

/// The messages for a workflow.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "steering")]
pub enum Steering {
    /// What is queued waits for the next turn.
    #[state(initial)]
    #[on(Queued if Queue::has_room => Queue, Taken if Queue::has_them => Queue)]
    Queue(Queue),
}

/// [`Steering::Queue`].
#[derive(Clone, Default, Debug)]
pub struct Queue {
    /// How many were taken.
    pub taken: u32,
    /// Those that wait, in order.
    pub waiting: Vec<String>,
}

impl Queue {
    /// The number of the last message, counted from 1; 0 if there was none.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.taken.saturating_add(u32::try_from(self.waiting.len()).unwrap_or(u32::MAX))
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
}

impl SteeringTransitions for Steering {
    fn queue_on_queued(mut from: Queue, event: &Queued, _: &Context) -> Queue {
        from.waiting.push(event.text.clone());
        from
    }

    fn queue_on_taken(from: Queue, event: &Taken, _: &Context) -> Queue {
        let taken = usize::try_from(event.up_to.saturating_sub(from.taken)).unwrap_or(usize::MAX);
        let waiting = from.waiting.into_iter().skip(taken).collect();
        Queue { taken: event.up_to, waiting }
    }
}
