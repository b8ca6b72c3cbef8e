//! Which events are looked at: those of a whole log, or of one session and its branches.
//!
//! Owns that the branches of a session are looked at with it. Must never know what becomes of an event.

use vitae::store::{EventRef, Query, QueryItem};
use vitae::{Event, InvalidName, Name, tag};

use crate::run::Forked;

/// What is looked at. That of one session grows with every branch that is forked in it: by one
/// alternative of a query.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The sessions whose events are tagged; without any, it is every event.
    sessions: Vec<Name>,
}

impl Scope {
    /// The events of one session and its branches, or all.
    ///
    /// # Errors
    /// [`InvalidName`] if the session's id cannot be part of a tag.
    pub fn new(session: Option<&str>) -> Result<Self, InvalidName> {
        let sessions = session.map(|session| tag("session", session)).into_iter();
        Ok(Self { sessions: sessions.collect::<Result<_, _>>()? })
    }

    /// The events that are looked at.
    #[must_use]
    pub fn query(&self) -> Query {
        let item = |tag: &Name| QueryItem { tags: vec![tag.clone()], ..QueryItem::default() };
        Query { items: self.sessions.iter().map(item).collect() }
    }

    /// Whether every event is looked at.
    pub(super) const fn is_all(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Takes the next event that is looked at. Whether there is more to be looked at behind it, as a run
    /// has forked. Of the branch only the tag is read, which an erased payload leaves there.
    pub(super) fn grows_by(&mut self, event: &EventRef<'_>) -> Result<bool, InvalidName> {
        if self.is_all() || event.kind() != Forked::KIND {
            return Ok(false);
        }
        let branch = event.tags().find_map(|tag| tag.strip_prefix("branch:"));
        let Some(branch) = branch.map(|branch| tag("session", branch)).transpose()? else {
            return Ok(false);
        };
        let new = !self.sessions.contains(&branch);
        if new {
            self.sessions.push(branch);
        }
        Ok(new)
    }
}
