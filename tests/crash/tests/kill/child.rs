//! What a child does until it is killed: jobs on four threads, with policies, projections and an effect,
//! inline and behind, and two consumers.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use vitae::store::Receipt;
use vitae::{
    Bus, Clock, CommitId, Context, Effect, Event, Lifecycle, Policy, Projection, Start, SystemClock,
};
use vitae_sqlite::rusqlite::params;
use vitae_sqlite::{SqliteStore, TableProjection};

use crate::packing;

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

#[derive(Event, Serialize, Deserialize)]
#[event(name = "archive.filed")]
struct Filed {
    job: String,
}

/// The jobs of one worker that were filed.
#[derive(Lifecycle, Clone)]
#[lifecycle(name = "archive")]
enum Archive {
    #[state(initial)]
    #[on(Filed => Shelf)]
    Shelf(Shelf),
}

#[derive(Clone, Default)]
struct Shelf {
    jobs: u64,
}

impl ArchiveTransitions for Archive {
    fn shelf_on_filed(shelf: Shelf, _: &Filed, _: &Context) -> Shelf {
        Shelf { jobs: shelf.jobs + 1 }
    }
}

/// How many jobs of a worker were filed.
pub(crate) fn filed(bus: &Bus, worker: &str) -> u64 {
    match bus.load::<Archive>(worker).unwrap().state() {
        Archive::Shelf(shelf) => shelf.jobs,
    }
}

/// The inline projection: what was finished, by worker.
pub(crate) const TOTALS: &str = "totals";

/// The projection that catches up: how many were finished, by worker.
pub(crate) const COUNTS: &str = "counts";

/// The projection into a table, each of whose rows is a finished job: computed anew all the time.
pub(crate) const TABLE: &str = "finished";

/// A finished job is booked in the same commit, and its amount added up; behind it, it is filed once, counted
/// once, and called out at least once: a line of a file, with the key of the call and the job.
pub(crate) fn bus(store: &Arc<SqliteStore>, outside: &Path, clock: Arc<dyn Clock>) -> Bus {
    let booking = Policy::new("finished-jobs-are-booked").on(|finished: &Finished, job, then| {
        let event = Booked { job: job.stream().id().to_string(), amount: finished.amount };
        Ok(then.record::<Ledger>(&finished.worker, event)?)
    });
    let filing = Policy::new("finished-jobs-are-filed").on(|finished: &Finished, job, then| {
        let event = Filed { job: job.stream().id().to_string() };
        Ok(then.record::<Archive>(&finished.worker, event)?)
    });
    let totals = Projection::new(TOTALS).on(|finished: &Finished, _, rows| {
        let so_far: u64 = rows.get(&finished.worker)?.unwrap_or(0);
        rows.put(&finished.worker, &(so_far + finished.amount))
    });
    let counts = Projection::new(COUNTS).on(|finished: &Finished, _, rows| {
        let so_far: u64 = rows.get(&finished.worker)?.unwrap_or(0);
        rows.put(&finished.worker, &(so_far + 1))
    });
    let finished = TableProjection::new(TABLE, 1)
        .table("jobs", "CREATE TABLE {jobs} (job TEXT, worker TEXT)")
        .on(|finished: &Finished, job, sql| {
            let (job, worker) = (job.stream().id().as_str(), &finished.worker);
            sql.execute("INSERT INTO {jobs} VALUES (?1, ?2)", params![job, worker])
        });
    let mut file = OpenOptions::new().create(true).append(true).open(outside).unwrap();
    let file = Mutex::new(move |line: &str| file.write_all(line.as_bytes()));
    let calling = Effect::new("finished-jobs-are-called-out", Start::Beginning);
    let calling = calling.on(move |_: &Finished, job, call| {
        let line = format!("\n{} {}.", call.key(), job.stream().id());
        Ok((*file.lock().unwrap())(&line)?)
    });
    Bus::builder(store.clone())
        .clock(clock)
        .policy(booking)
        .policy(filing.durable(Start::Beginning))
        .projection(totals)
        .projection(counts.catch_up(1))
        .projection_in_tables(finished.open(store).unwrap())
        .effect(calling)
        .open()
        .unwrap()
}

/// What a ledger adds up to, by its own events.
pub(crate) fn booked(bus: &Bus, worker: &str) -> u64 {
    match bus.load::<Ledger>(worker).unwrap().state() {
        Ledger::Open(open) => open.total,
    }
}

/// Works until it is killed, and prints each acknowledgement.
pub(crate) fn work(path: &Path, outside: &Path) {
    let options = SqliteStore::options().index_every(50).bundles(16, 8);
    let store = Arc::new(options.open(path).unwrap());
    let bus = bus(&store, outside, Arc::new(SystemClock));
    let _running = bus.start().unwrap();
    std::thread::scope(|scope| {
        let bus = &bus;
        scope.spawn(|| {
            let shadow = bus.shadow(TABLE).unwrap();
            loop {
                let _ = shadow.begin().and_then(|()| shadow.finish());
            }
        });
        for _ in 0..2 {
            scope.spawn(|| packing::pack(bus));
        }
        for thread in 0..4 {
            // Two threads share a worker, so that policies and rows get in each other's way.
            scope.spawn(move || {
                for number in 0.. {
                    let job = format!("{}-{thread}-{number}", std::process::id());
                    // One that has lost too often to the others is given up.
                    let _ = finish(bus, &job, &format!("worker-{}", thread % 2), number);
                }
            });
        }
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

fn acknowledged(receipt: &Receipt) {
    let mut out = std::io::stdout().lock();
    // The full stop shows that the line was not cut off.
    writeln!(out, "\nacknowledged {}.", hex(receipt.commit)).unwrap();
    out.flush().unwrap();
}

fn hex(commit: CommitId) -> String {
    commit.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
