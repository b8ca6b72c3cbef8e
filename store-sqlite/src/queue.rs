//! The commits that wait for the writer.
//!
//! Owns their order and their bounds: how many there may be, how large they may be together, how long
//! one may wait for room. Never blocks who hands one in, and never loses one: each ticket is answered.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use vitae::store::{AppendError, Commit, Completer, Digest, Receipt, RowChange, Ticket};

/// What a ticket is answered.
pub(crate) type Answer = Result<Receipt, AppendError>;

/// The most commits in one transaction, and about the most bytes.
const GROUP: usize = 1_024;
const GROUP_BYTES: usize = 4 << 20;

/// For each commit that may be queued, so many may wait for room. Further ones are answered at once.
const WAITING_FACTOR: usize = 16;

/// The bounds of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) commits: usize,
    pub(crate) bytes: usize,
    pub(crate) timeout: Duration,
}

pub(crate) struct Queue {
    bounds: Bounds,
    state: Mutex<State>,
    arrived: Condvar,
    left: Condvar,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Queued>,
    /// The bytes of what is ready.
    bytes: usize,
    /// What has no room yet, each with the moment at which it is turned away. Earliest first: all wait
    /// equally long.
    waiting: VecDeque<(Instant, Queued)>,
    /// The tickets of the commits that the writer has taken, and the bytes of these.
    under_way: Vec<Completer>,
    under_way_bytes: usize,
    writer_sleeps: bool,
    usher: bool,
    closing: bool,
    writer_ended: bool,
}

struct Queued {
    task: Task,
    bytes: usize,
    completer: Completer,
}

/// A commit for the writer.
pub(crate) struct Task {
    pub(crate) commit: Commit,
    pub(crate) digest: Digest,
}

impl Queue {
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        let bounds = Bounds { commits: bounds.commits.max(1), ..bounds };
        Arc::new(Self {
            bounds,
            state: Mutex::default(),
            arrived: Condvar::new(),
            left: Condvar::new(),
        })
    }

    /// Hands a commit in.
    pub(crate) fn submit(self: &Arc<Self>, digest: Digest, commit: Commit) -> Ticket {
        let (ticket, completer) = Ticket::pending(commit.id);
        let bytes = size(&commit);
        let queued = Queued { task: Task { commit, digest }, bytes, completer };
        let mut wakes = false;
        let turned_away = {
            let mut state = self.lock();
            if state.closing {
                Some((queued, AppendError::Closed))
            } else if state.waiting.is_empty() && state.has_room(&self.bounds, bytes) {
                wakes = state.admit(queued);
                None
            } else {
                self.let_wait(&mut state, queued).map(|queued| (queued, AppendError::Busy))
            }
        };
        // After the lock is let go: the writer needs it first of all.
        if wakes {
            self.arrived.notify_one();
        }
        if let Some((queued, answer)) = turned_away {
            queued.completer.complete(Err(answer));
        }
        ticket
    }

    /// Lets a commit wait for room. Gives it back if too many do.
    fn let_wait(self: &Arc<Self>, state: &mut State, queued: Queued) -> Option<Queued> {
        let most = self.bounds.commits.saturating_mul(WAITING_FACTOR);
        let deadline = Instant::now().checked_add(self.bounds.timeout);
        let Some(deadline) = deadline.filter(|_| state.waiting.len() < most) else {
            return Some(queued);
        };
        if !state.usher {
            let queue = Arc::clone(self);
            let usher = std::thread::Builder::new()
                .name("vitae-sqlite-queue".to_owned())
                .spawn(move || queue.turn_away());
            if usher.is_err() {
                return Some(queued);
            }
            state.usher = true;
        }
        state.waiting.push_back((deadline, queued));
        None
    }

    /// Turns away what has waited too long, as long as something waits.
    fn turn_away(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let late = state.waiting.iter().take_while(|(deadline, _)| *deadline <= now).count();
            let late: Vec<_> = state.waiting.drain(..late).collect();
            if !late.is_empty() {
                drop(state);
                for (_, queued) in late {
                    queued.completer.complete(Err(AppendError::Busy));
                }
                state = self.lock();
                continue;
            }
            let Some((deadline, _)) = state.waiting.front() else {
                state.usher = false;
                return;
            };
            let left = deadline.saturating_duration_since(now);
            let waited = self.left.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether something is queued or waits.
    pub(crate) fn is_busy(&self) -> bool {
        let state = self.lock();
        state.closing || !state.ready.is_empty() || !state.waiting.is_empty()
    }

    /// Blocks until something is queued. False once the queue is closed and empty.
    pub(crate) fn wait(&self) -> bool {
        let mut state = self.lock();
        while state.ready.is_empty() {
            if state.closing {
                return false;
            }
            state.writer_sleeps = true;
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_sleeps = false;
        true
    }

    /// Takes what is queued to what was taken already, up to what one transaction holds. False if there
    /// was nothing to take, or no room.
    pub(crate) fn take(&self, tasks: &mut Vec<Task>) -> bool {
        let taken = tasks.len();
        let mut state = self.lock();
        while tasks.len() < GROUP && state.under_way_bytes < GROUP_BYTES {
            let Some(queued) = state.ready.pop_front() else { break };
            state.bytes = state.bytes.saturating_sub(queued.bytes);
            state.under_way_bytes = state.under_way_bytes.saturating_add(queued.bytes);
            state.under_way.push(queued.completer);
            tasks.push(queued.task);
        }
        if tasks.len() == taken {
            return false;
        }
        let mut admitted = false;
        while let Some((_, queued)) = state.waiting.front()
            && state.has_room(&self.bounds, queued.bytes)
            && let Some((_, queued)) = state.waiting.pop_front()
        {
            // It is the writer who asks.
            state.admit(queued);
            admitted = true;
        }
        if admitted {
            self.left.notify_all();
        }
        true
    }

    /// Answers what was taken, in its order.
    pub(crate) fn answer(&self, tasks: Vec<Task>, answers: Vec<Answer>) {
        let under_way = {
            let mut state = self.lock();
            state.under_way_bytes = 0;
            std::mem::take(&mut state.under_way)
        };
        for ((completer, task), answer) in under_way.into_iter().zip(tasks).zip(answers) {
            completer.complete_with(answer, task.commit);
        }
    }

    /// Takes no more commits, and waits until the writer has dealt with all there are, or the time is
    /// over: then what it has not taken is turned away, and of what it has taken nothing is known.
    pub(crate) fn close(&self, timeout: Duration) {
        let deadline = Instant::now().checked_add(timeout);
        let mut state = self.lock();
        state.closing = true;
        self.arrived.notify_all();
        while !state.writer_ended {
            let left = deadline.map_or(timeout, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                break;
            }
            let waited = self.left.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        self.abandon(state);
    }

    /// Says that there is no writer any more: it has come to the end of a queue that was closed, or
    /// somebody else's code has panicked in it.
    pub(crate) fn writer_ended(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.writer_ended = true;
        self.abandon(state);
    }

    /// Answers what no writer will.
    fn abandon(&self, mut state: MutexGuard<'_, State>) {
        state.bytes = 0;
        let waiting: Vec<_> = state.waiting.drain(..).map(|(_, queued)| queued).collect();
        let unwritten: Vec<_> = state.ready.drain(..).chain(waiting).collect();
        let under_way = std::mem::take(&mut state.under_way);
        self.left.notify_all();
        drop(state);
        for queued in unwritten {
            queued.completer.complete(Err(AppendError::Closed));
        }
        // A ticket that nobody can answer any more says that its outcome is unknown.
        drop(under_way);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Queues a commit. Says whether the writer sleeps and is to be woken for it.
    fn admit(&mut self, queued: Queued) -> bool {
        self.bytes = self.bytes.saturating_add(queued.bytes);
        self.ready.push_back(queued);
        std::mem::take(&mut self.writer_sleeps)
    }

    fn has_room(&self, bounds: &Bounds, bytes: usize) -> bool {
        // One always has, however large.
        self.ready.is_empty()
            || (self.ready.len() < bounds.commits
                && self.bytes.saturating_add(bytes) <= bounds.bytes)
    }
}

/// About how many bytes of memory a commit takes.
fn size(commit: &Commit) -> usize {
    let events = commit.events.iter().map(|event| {
        let texts = event.tags.as_bytes().len() + event.metadata.as_bytes().len();
        size_of_val(event) + texts + event.payload.bytes().map_or(0, <[u8]>::len)
    });
    let rows = commit.rows.iter().map(|row: &RowChange| {
        size_of_val(row) + row.key.len() + row.value.as_ref().map_or(0, Vec::len)
    });
    let streams = size_of_val(commit.streams.as_slice());
    let checkpoints =
        commit.checkpoints.iter().map(|moved| size_of_val(moved) + moved.to.cursor.len());
    let snapshots = commit.snapshots.iter().map(|kept| size_of_val(kept) + kept.size());
    let erasures = size_of_val(commit.erasures.as_slice());
    let parts = events.chain(rows).chain(checkpoints).chain(snapshots);
    size_of::<Queued>() + streams + erasures + parts.sum::<usize>()
}
