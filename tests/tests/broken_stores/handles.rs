//! Flaws in what a handle does with others beside it, before it and after it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use vitae::store::{Commit, Completer, EventStore, ReadError, Ticket, ViewRow};
use vitae::{GlobalPosition, LogId, Name, RowVersion};

use crate::flaw::{Flaw, Overload, Unknown};

type Answer<T> = Result<T, ReadError>;

/// R1: a row that is made again has the version that it had when it was deleted.
#[derive(Default)]
pub(crate) struct VersionsComeAgain {
    deleted: Mutex<HashMap<(Name, Vec<u8>), RowVersion>>,
}

impl Flaw for VersionsComeAgain {
    fn append(&self, log: &dyn EventStore, mut commit: Commit) -> Ticket {
        let mut deleted = self.deleted.lock().unwrap();
        for row in &mut commit.rows {
            let place = (row.view.clone(), row.key.clone());
            let old = deleted.get(&place).copied();
            let now = log.row(&row.view, &row.key).unwrap().map(|row| row.version);
            if row.expected.is_some() && row.expected == old {
                row.expected = now.or(row.expected);
            }
            if let (None, Some(now), true) = (&row.value, now, row.expected == now) {
                deleted.entry(place).or_insert(now);
            }
        }
        log.append(commit)
    }

    fn row(&self, log: &dyn EventStore, view: &Name, key: &[u8]) -> Answer<Option<ViewRow>> {
        let deleted = self.deleted.lock().unwrap();
        let old = deleted.get(&(view.clone(), key.to_vec())).copied();
        let row = log.row(view, key)?;
        Ok(row.map(|row| ViewRow { version: old.unwrap_or(row.version), ..row }))
    }
}

/// R2: rows are kept for as long as their handle.
#[derive(Default)]
pub(crate) struct RowsEndWithTheirHandle {
    opened_on: Option<GlobalPosition>,
}

impl Flaw for RowsEndWithTheirHandle {
    fn opened(&mut self, log: &Arc<dyn EventStore>) {
        self.opened_on = log.head().unwrap();
    }

    fn row(&self, log: &dyn EventStore, view: &Name, key: &[u8]) -> Answer<Option<ViewRow>> {
        if self.opened_on.is_some() { Ok(None) } else { log.row(view, key) }
    }
}

/// R2: each handle gives the log another identity.
#[derive(Default)]
pub(crate) struct IdentityIsOfTheHandle(OnceLock<LogId>);

impl Flaw for IdentityIsOfTheHandle {
    fn log_id(&self, _: &dyn EventStore) -> LogId {
        *self.0.get_or_init(LogId::generate)
    }
}

/// R16: a handle knows only of its own commits how far the log goes.
#[derive(Default)]
pub(crate) struct HeadIsOfTheHandle(Mutex<Option<GlobalPosition>>);

impl Flaw for HeadIsOfTheHandle {
    fn opened(&mut self, log: &Arc<dyn EventStore>) {
        self.0 = Mutex::new(log.head().unwrap());
    }

    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let mut own = self.0.lock().unwrap();
        let ticket = log.append(commit);
        *own = log.head().unwrap();
        ticket
    }

    fn head(&self, _: &dyn EventStore) -> Answer<Option<GlobalPosition>> {
        Ok(*self.0.lock().unwrap())
    }
}

/// R14: what another program has left at the path is not looked at.
#[derive(Default)]
pub(crate) struct EverythingOpens;

impl Flaw for EverythingOpens {
    const LOOKS_AT_FILES: bool = false;
}

/// R18: logs of older versions do not open.
#[derive(Default)]
pub(crate) struct OldLogsAreRefused;

impl Flaw for OldLogsAreRefused {
    const OPENS_OLD: bool = false;
}

/// R7: after an unknown outcome commits are taken as before.
#[derive(Default)]
pub(crate) struct UnknownIsForgotten;

impl Flaw for UnknownIsForgotten {
    const UNKNOWN: Unknown = Unknown::GoesOn;
}

/// R7: what is not known is said not to be written.
#[derive(Default)]
pub(crate) struct UnknownIsNothing;

impl Flaw for UnknownIsNothing {
    const UNKNOWN: Unknown = Unknown::IsSaidToBeNothing;
}

/// R15: the queue has no end.
#[derive(Default)]
pub(crate) struct QueueHasNoEnd;

impl Flaw for QueueHasNoEnd {
    const OVERLOAD: Overload = Overload::IsQueuedWithoutBound;
}

/// R15: a commit that was said not to be taken is written later.
#[derive(Default)]
pub(crate) struct BusyIsWritten;

impl Flaw for BusyIsWritten {
    const OVERLOAD: Overload = Overload::IsBusyAndWritten;
}

/// R15: `append` waits for the disk.
#[derive(Default)]
pub(crate) struct AppendBlocks;

impl Flaw for AppendBlocks {
    const OVERLOAD: Overload = Overload::BlocksTheCaller;
}

/// A thread that answers, a little later.
struct Answering {
    closed: Arc<AtomicBool>,
    queue: Sender<(Ticket, Completer)>,
}

impl Answering {
    fn start() -> Self {
        let (queue, waiting) = channel();
        let closed = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&closed);
        thread::spawn(move || Self::run(&waiting, &stop));
        Self { closed, queue }
    }

    fn run(waiting: &Receiver<(Ticket, Completer)>, closed: &AtomicBool) {
        for (ticket, completer) in waiting {
            thread::sleep(Duration::from_millis(1));
            if closed.load(Ordering::SeqCst) {
                // Dropped, it would answer.
                std::mem::forget(completer);
            } else {
                completer.complete(ticket.wait());
            }
        }
    }
}

/// R20: what has no answer when its handle is closed never gets one.
pub(crate) struct ClosingForgetsTickets(Answering);

impl Default for ClosingForgetsTickets {
    fn default() -> Self {
        Self(Answering::start())
    }
}

impl Drop for ClosingForgetsTickets {
    fn drop(&mut self) {
        self.0.closed.store(true, Ordering::SeqCst);
    }
}

impl Flaw for ClosingForgetsTickets {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let (ticket, completer) = Ticket::pending(commit.id);
        self.0.queue.send((log.append(commit), completer)).unwrap();
        ticket
    }
}

/// R15: the queue has one place, and a commit that comes takes it from the one before.
#[derive(Default)]
pub(crate) struct QueueOfOnePlace(Arc<Mutex<Option<(Commit, Completer)>>>);

impl Flaw for QueueOfOnePlace {
    fn opened(&mut self, log: &Arc<dyn EventStore>) {
        let (place, log) = (Arc::downgrade(&self.0), Arc::clone(log));
        thread::spawn(move || {
            while let Some(place) = place.upgrade() {
                let taken = place.lock().unwrap().take();
                if let Some((commit, completer)) = taken {
                    completer.complete(log.append(commit).wait());
                }
                drop(place);
                thread::sleep(Duration::from_millis(1));
            }
        });
    }

    fn append(&self, _: &dyn EventStore, commit: Commit) -> Ticket {
        let (ticket, completer) = Ticket::pending(commit.id);
        *self.0.lock().unwrap() = Some((commit, completer));
        ticket
    }
}
