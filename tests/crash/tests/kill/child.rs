//! What the child does until it is killed: jobs on four threads, a policy, an inline projection, and
//! a reader that follows the log.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vitae::store::{
    Checkpoint, CheckpointMove, Commit, EventStore, Page, Query, Read, Receipt, RowChange,
};
use vitae::{Bus, CommitId, Context, Event, Lifecycle, Name, Policy, Projection};
use vitae_sqlite::SqliteStore;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "job.started")]
struct Started {
    worker: String,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "job.finished")]
struct Finished {
    worker: String,
    amount: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "ledger.booked")]
struct Booked {
    job: String,
    amount: u64,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "job")]
enum Job {
    #[state(initial)]
    #[on(Started => Running)]
    Waiting,
    #[on(Finished => Done)]
    Running,
    #[state(terminal)]
    Done,
}

impl JobTransitions for Job {}

/// The jobs of one worker, booked one after another.
#[derive(Lifecycle, Clone)]
#[lifecycle(name = "ledger")]
enum Ledger {
    #[state(initial)]
    #[on(Booked => Open)]
    Open(Open),
}

#[derive(Clone, Default)]
struct Open {
    total: u64,
}

impl LedgerTransitions for Ledger {
    fn open_on_booked(open: Open, event: &Booked, _: &Context) -> Open {
        Open { total: open.total + event.amount }
    }
}

/// The inline projection: what was finished, by worker.
pub(crate) const TOTALS: &str = "totals";

/// The view and the checkpoint of the reader that follows the log.
pub(crate) const FOLLOWER: &str = "follower";

/// A finished job is booked in the same commit, and its amount counted.
pub(crate) fn bus(store: Arc<dyn EventStore>) -> Bus {
    let booking = Policy::new("finished-jobs-are-booked").on(|finished: &Finished, job, then| {
        let event = Booked { job: job.stream().id().to_string(), amount: finished.amount };
        Ok(then.record::<Ledger>(&finished.worker, event)?)
    });
    let totals = Projection::new(TOTALS).on(|finished: &Finished, _, rows| {
        let so_far: u64 = rows.get(&finished.worker)?.unwrap_or(0);
        rows.put(&finished.worker, &(so_far + finished.amount))
    });
    Bus::builder(store).policy(booking).projection(totals).open().unwrap()
}

/// What a ledger adds up to, by its own events.
pub(crate) fn booked(bus: &Bus, worker: &str) -> u64 {
    match bus.load::<Ledger>(worker).unwrap().state() {
        Ledger::Open(open) => open.total,
    }
}

/// Works until it is killed, and prints each acknowledgement.
pub(crate) fn work(path: &Path) {
    let store: Arc<dyn EventStore> = Arc::new(SqliteStore::open(path).unwrap());
    let bus = bus(Arc::clone(&store));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let bus = &bus;
            // Two threads share a worker, so that policies and rows get in each other's way.
            scope.spawn(move || {
                for number in 0.. {
                    let job = format!("{}-{thread}-{number}", std::process::id());
                    // One that has lost too often to the others is given up.
                    let _ = finish(bus, &job, &format!("worker-{}", thread % 2), number);
                }
            });
        }
        scope.spawn(|| {
            loop {
                follow(&*store).unwrap();
            }
        });
    });
}

fn finish(bus: &Bus, job: &str, worker: &str, amount: u64) -> Result<(), Box<dyn Error>> {
    let waiting = bus.load::<Job>(job)?.at::<Waiting>()?;
    let (running, receipt) = bus.commit(waiting.record(Started { worker: worker.to_owned() })?)?;
    acknowledged(&receipt);
    let (_, receipt) =
        bus.commit(running.record(Finished { worker: worker.to_owned(), amount })?)?;
    acknowledged(&receipt);
    Ok(())
}

/// Counts some events that are new, in the commit that moves the checkpoint.
fn follow(store: &dyn EventStore) -> Result<(), Box<dyn Error>> {
    let name = Name::new(FOLLOWER)?;
    let from = store.checkpoint(&name)?;
    let mut read = Read::log(Query::all()).page_of(7);
    if let Some(next) = from.as_ref().and_then(|from| from.position?.next()) {
        read = read.from_position(next);
    }
    let mut page = Page::new();
    store.read(&read, &mut page)?;
    let Some(last) = page.iter().next_back() else {
        std::thread::yield_now();
        return Ok(());
    };
    let row = store.row(&name, b"events")?;
    let counted =
        row.as_ref().map_or(0, |row| u64::from_be_bytes(row.value[..].try_into().unwrap()));
    let mut commit = Commit::new(CommitId::generate());
    commit.rows.push(RowChange {
        view: name.clone(),
        key: b"events".to_vec(),
        expected: row.map(|row| row.version),
        value: Some((counted + page.len() as u64).to_be_bytes().to_vec()),
    });
    let to = Checkpoint {
        position: Some(last.position()),
        checksum: Some(last.checksum()),
        cursor: Vec::new(),
    };
    commit.checkpoints.push(CheckpointMove { name, from, to });
    acknowledged(&store.append(commit).wait()?);
    Ok(())
}

fn acknowledged(receipt: &Receipt) {
    let mut out = std::io::stdout().lock();
    // The full stop shows that the line was not cut off.
    writeln!(out, "\nacknowledged {}.", hex(receipt.commit)).unwrap();
    out.flush().unwrap();
}

fn hex(commit: CommitId) -> String {
    commit.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
