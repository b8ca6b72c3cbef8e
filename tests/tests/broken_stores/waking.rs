//! Flaws in who is woken, and when.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use vitae::GlobalPosition;
use vitae::store::{
    Changes, Commit, EventStore, Page, Publisher, Read, ReadError, Selection, Ticket,
};

use crate::flaw::Flaw;
use crate::reads::filtered;

/// A publisher that no sound store tells anything.
struct Own(Arc<Publisher>);

impl Default for Own {
    fn default() -> Self {
        Self(Arc::new(Publisher::new(None)))
    }
}

/// R9: readers are woken before the commit can be read.
#[derive(Default)]
pub(crate) struct WokenTooEarly(Own);

impl Flaw for WokenTooEarly {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        if log.receipt(commit.id).unwrap().is_none() {
            let head = log.head().unwrap().map_or(0, GlobalPosition::get);
            self.0.0.publish(GlobalPosition::new(head + commit.events.len() as u64));
            thread::sleep(Duration::from_millis(1));
        }
        let ticket = log.append(commit);
        self.0.0.publish(log.head().unwrap());
        ticket
    }

    fn changes(&self, _: &dyn EventStore, _: Changes) -> Changes {
        self.0.0.changes()
    }
}

/// R9: readers are woken some time after the commit was acknowledged.
#[derive(Default)]
pub(crate) struct WokenLater(Own);

impl Flaw for WokenLater {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let ticket = log.append(commit);
        let (own, head) = (Arc::downgrade(&self.0.0), log.head().unwrap());
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            if let Some(own) = own.upgrade() {
                own.publish(head);
            }
        });
        ticket
    }

    fn changes(&self, _: &dyn EventStore, _: Changes) -> Changes {
        self.0.0.changes()
    }
}

/// R9: of a commit only the first event wakes anyone.
#[derive(Default)]
pub(crate) struct FirstEventsWake(Own);

impl Flaw for FirstEventsWake {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let answer = log.append(commit).wait();
        if let Ok(receipt) = &answer {
            self.0.0.publish(receipt.positions.map(|(first, _)| first));
        }
        Ticket::ready(answer)
    }

    fn changes(&self, _: &dyn EventStore, _: Changes) -> Changes {
        self.0.0.changes()
    }
}

/// R9: of a kind alone, those within the first 256 events are found.
#[derive(Default)]
pub(crate) struct ManyOfAKindAreCut;

impl Flaw for ManyOfAKindAreCut {
    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        let Selection::Log { query, .. } = &read.selection else {
            return log.read(read, page);
        };
        let of_kind = query.items.iter().any(|item| !item.kinds.is_empty());
        filtered(log, read, page, |event| !of_kind || event.position().get() <= 256)
    }
}

/// R9: who waits at a handle waits on when it is closed.
#[derive(Default)]
pub(crate) struct WaitsOutliveTheHandle;

impl Flaw for WaitsOutliveTheHandle {
    fn changes(&self, log: &dyn EventStore, _: Changes) -> Changes {
        log.changes()
    }
}
