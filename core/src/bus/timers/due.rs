//! Whether a timer that is due still stands.
//!
//! Owns the one question that its row cannot answer. The log does: what set the timer must be there, the
//! state must not have been left since or restarted, and the timer must not have fired.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::PendingTimer;
use crate::aggregate::Aggregate;
use crate::bus::{AsOf, Inner, LoadError};
use crate::event::DecodeError;
use crate::id::EventId;
use crate::lifecycle::{Lifecycle, LifecycleEvent, StateDefinition};
use crate::name::InvalidName;
use crate::number::GlobalPosition;
use crate::store::{EventRef, InvalidMetadata, Metadata, NameList, Page, Query, Read, ReadError};

/// Under this key the metadata of an event says which timer has made it happen.
const MADE_BY: &str = "vitae.timer";

/// A timer for which its life still waits.
#[derive(Default)]
pub(super) struct Standing {
    /// The tags of the event that entered the state: by them its lives are found, and what time makes
    /// happen could not know them. `None` if a policy has planned what is to happen, which says it itself.
    pub(super) tags: Option<NameList>,
}

impl Inner {
    /// A timer, if a life as it is loaded still waits for it.
    pub(super) fn standing<L: Lifecycle>(
        &self,
        life: &Aggregate<L>,
        due: &PendingTimer,
    ) -> Result<Option<Standing>, LoadError> {
        let state = life.state().state();
        let Some(standing) = self.unmoved::<L>(state, due)? else { return Ok(None) };
        if life.version() != due.since {
            // An edge that stays in this state may come into it from another one, too.
            let then = match due.since {
                None => L::initial(),
                Some(version) => {
                    let id = due.stream.id().as_str();
                    self.load_as_of::<L>(id, AsOf::Version(version))?.into_state()
                }
            };
            if then.state() != state {
                return Ok(None);
            }
        }
        let stands = due.planned.is_none() || self.says_something(due.set_by)?;
        Ok(stands.then_some(standing))
    }

    /// The timer, if every event since it was set could have been one that stays in the state, and none of
    /// them is its own.
    fn unmoved<L: Lifecycle>(
        &self,
        state: &StateDefinition,
        due: &PendingTimer,
    ) -> Result<Option<Standing>, LoadError> {
        // No event of that version: the log is not the one that the row was made of.
        let mut standing = due.since.is_none().then(Standing::default);
        let read = Read::stream(due.stream.clone());
        let read = due.since.into_iter().fold(read, Read::from_version);
        self.store.visit(read, |event| {
            if Some(event.version()) == due.since {
                standing = due.found_at(event)?;
            } else if !stays::<L>(state, event) || due.has_made(event) {
                standing = None;
            }
            let go_on = ControlFlow::Continue(());
            Ok::<_, LoadError>(if standing.is_some() { go_on } else { ControlFlow::Break(()) })
        })?;
        Ok(standing)
    }

    /// Whether an event is on the log, and its payload too: once that is erased, nothing more is to come
    /// of it, least of all what was taken from it.
    fn says_something(&self, event: EventId) -> Result<bool, ReadError> {
        let receipt = self.store.receipt(event.commit)?;
        let first = receipt.and_then(|receipt| receipt.positions).map(|(first, _)| first.get());
        let position = first.and_then(|first| first.checked_add(u64::from(event.index)));
        let Some(position) = position.and_then(GlobalPosition::new) else { return Ok(false) };
        let mut page = Page::new();
        let read = Read::log(Query::all()).from_position(position).page_of(1);
        self.store.read(&read, &mut page)?;
        Ok(page.iter().any(|found| found.id() == event && found.payload().is_ok()))
    }
}

impl PendingTimer {
    /// What the event says of the timer that the life had when it was set: the one that entered the state.
    fn found_at(&self, event: &EventRef<'_>) -> Result<Option<Standing>, InvalidName> {
        if self.planned.is_some() {
            return Ok(Some(Standing::default()));
        }
        if event.id() != self.set_by {
            return Ok(None);
        }
        let tags = event.tags().map(str::to_owned).collect::<Vec<_>>();
        Ok(Some(Standing { tags: Some(NameList::try_from(tags)?) }))
    }

    /// What is to happen, by the declaration or by the row. `None` if the state has no such timer.
    pub(super) fn event<L: Lifecycle>(&self, state: &L) -> Option<Result<L::Event, DecodeError>> {
        let kind = self.kind.as_str();
        match &self.planned {
            None => {
                let timer = state.timers().into_iter().find(|timer| timer.kind == kind)?;
                Some(Ok((timer.event)()))
            }
            Some(it) => Some(L::Event::decode(kind, it.version.get(), &it.payload)),
        }
    }

    /// Whether an event is what the timer has made happen.
    pub(super) fn has_made(&self, event: &EventRef<'_>) -> bool {
        event.causation() == Some(self.set_by)
            && event.kind() == self.kind.as_str()
            && event.metadata().any(|(key, timer)| key == MADE_BY && timer == self.mark())
    }

    /// What its event says of it: other events may have the same kind and cause.
    pub(super) fn made(&self) -> Result<Metadata, InvalidMetadata> {
        Metadata::new(&BTreeMap::from([(MADE_BY.to_owned(), self.mark())]))
    }

    fn mark(&self) -> String {
        let planned = self.planned.as_ref();
        planned.map_or_else(|| "state".to_owned(), |it| format!("{}/{}", it.policy, it.nth))
    }
}

fn stays<L: Lifecycle>(state: &StateDefinition, event: &EventRef<'_>) -> bool {
    let definition = L::DEFINITION;
    let edge = definition.event(event.kind()).and_then(|event| definition.edge(state, event));
    edge.and_then(|edge| definition.edges.get(edge)).is_some_and(|edge| !edge.enters())
}
