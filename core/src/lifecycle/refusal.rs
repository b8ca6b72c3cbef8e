//! The two ways in which an event can be turned down before it is recorded.

use std::borrow::Cow;
use std::fmt;

use super::{Definition, StateDefinition};

/// The reason a guard gives when a lifecycle names no refusal type of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    reason: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with its reason, in lower case and without a full stop.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into() }
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refusal {}

/// An event that has no edge in the state it was recorded in.
#[derive(Clone, Copy, Debug)]
pub struct Illegal {
    lifecycle: &'static Definition,
    state: &'static StateDefinition,
    event: &'static str,
}

impl Illegal {
    /// An event (its name in the declaration) that is not legal in a state.
    #[must_use]
    pub const fn new(
        lifecycle: &'static Definition,
        state: &'static StateDefinition,
        event: &'static str,
    ) -> Self {
        Self { lifecycle, state, event }
    }

    /// The lifecycle's name.
    #[must_use]
    pub const fn lifecycle(&self) -> &'static str {
        self.lifecycle.name
    }

    /// The state's name.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        self.state.name
    }

    /// The event's name in the declaration.
    #[must_use]
    pub const fn event(&self) -> &'static str {
        self.event
    }

    /// The names of the events that are legal in the state.
    pub fn legal(&self) -> impl Iterator<Item = &'static str> {
        self.lifecycle.legal_in(self.state).map(|event| event.name)
    }
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lifecycle, state, event } = self;
        write!(f, "`{event}` cannot happen in state `{}` of `{}`; ", state.name, lifecycle.name)?;
        if state.terminal {
            return f.write_str("the state is terminal: nothing can happen any more");
        }
        f.write_str("what can: ")?;
        for (index, legal) in self.legal().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}`{legal}`")?;
        }
        Ok(())
    }
}

impl std::error::Error for Illegal {}

/// Why an event was not recorded.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Rejection<R> {
    /// The event has no edge in this state.
    #[error(transparent)]
    Illegal(Illegal),
    /// The edge's guard said no.
    #[error(transparent)]
    Refused(R),
}
