//! The jobs: what comes before the clock starts, what is timed, and what must have come out.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::command::Command;
use crate::measure::{disk, peak_memory};
use crate::plan::{begun, filled, loaded, total};
use crate::{
    Account, Durability, Failure, Grouping, Job, Outcome, Rows, Share, System, Unsupported,
};

/// Events in a commit of `bulk`.
const IN_COMMIT: usize = 1_000;

/// How many events a projection reads before it commits its rows and how far it has come.
const IN_STEP: usize = 1_000;

/// A load is repeated until about so many events were loaded, or [`LOADING`] is over.
const LOADED: u64 = 300_000;

/// Enough of a load, for those that take their time.
const LOADING: Duration = Duration::from_secs(3);

struct Measured {
    value: f64,
    unit: &'static str,
}

pub(crate) fn perform<S: System>(command: &Command) -> Result<Outcome, Failure> {
    let measured = match time::<S>(command) {
        Ok(measured) => Ok(measured),
        Err(error) => match error.downcast::<Unsupported>() {
            Ok(unsupported) => Err(unsupported.to_string()),
            Err(error) => return Err(error),
        },
    };
    let disk_bytes = disk(&command.folder)?;
    let (value, unit, unsupported) = match measured {
        Ok(measured) => (Some(measured.value), measured.unit, None),
        Err(why) => (None, "", Some(why)),
    };
    Ok(Outcome {
        job: command.name.clone(),
        system: S::NAME.to_owned(),
        durability: match command.durability {
            Durability::Full => "full",
            Durability::Default => "default",
        }
        .to_owned(),
        value,
        unit: unit.to_owned(),
        events: command.events,
        peak_memory_bytes: peak_memory()?,
        disk_bytes,
        unsupported,
    })
}

fn time<S: System>(command: &Command) -> Result<Measured, Failure> {
    let mut system = S::open(&command.folder, command.durability)?;
    let measured = match command.job {
        Job::Fill => fill(&mut system, command.events),
        Job::Append { writers } => append(&mut system, writers, command.events),
        Job::Bulk => bulk(&mut system, command.events),
        Job::Load { length, together } => load(&mut system, length, together, command.events),
        Job::Scan => scan(&mut system, command.events),
        Job::CatchUp { by, in_tables: false } => catch_up(&mut system, by, command.events),
        Job::CatchUp { by, in_tables: true } => catch_up_in_tables(&mut system, by, command.events),
        Job::Rebuild => rebuild(&mut system, command.events),
    };
    system.close()?;
    measured
}

fn fill<S: System>(system: &mut S, events: u64) -> Result<Measured, Failure> {
    let started = Instant::now();
    system.fill(&mut filled(events))?;
    Ok(rate(events, started.elapsed()))
}

fn append<S: System>(system: &mut S, writers: u32, events: u64) -> Result<Measured, Failure> {
    system.fill(&mut begun())?;
    let shares = Share::of(writers, events);
    let planned = shares.clone();
    let started = Instant::now();
    system.append(shares)?;
    let elapsed = started.elapsed();
    check_streams(system, planned)?;
    Ok(rate(events, elapsed))
}

fn bulk<S: System>(system: &mut S, events: u64) -> Result<Measured, Failure> {
    system.fill(&mut begun())?;
    let shares = Share::of(1, events);
    let planned = shares.clone();
    let share = shares.into_iter().next().ok_or("there is one writer")?;
    let started = Instant::now();
    system.bulk(share, IN_COMMIT)?;
    let elapsed = started.elapsed();
    check_streams(system, planned)?;
    Ok(rate(events, elapsed))
}

/// Every event is there once, and one stream in a hundred has exactly its own; all of them where the
/// log as a whole cannot be read.
fn check_streams<S: System>(system: &mut S, planned: Vec<Share>) -> Result<(), Failure> {
    let scanned = match system.scan() {
        Ok(account) => Some(account),
        Err(error) if error.is::<Unsupported>() => None,
        Err(error) => return Err(error),
    };
    let some = if scanned.is_some() { 100 } else { 1 };
    let mut all = total(begun());
    for mut share in planned {
        for planned in share.by_ref() {
            all.deposit(&planned.deposit);
        }
        for (stream, version) in share.streams().filter(|(stream, _)| stream % some == 0) {
            expect("a stream", system.load(stream)?, Account::after(stream, version))?;
        }
    }
    expect("the log", scanned.unwrap_or(all), all)
}

fn load<S: System>(
    system: &mut S,
    length: u64,
    together: bool,
    events: u64,
) -> Result<Measured, Failure> {
    let streams = loaded(length, together, events);
    let mut in_all = 0;
    for (stream, version) in &streams {
        // Not timed: the pages come into the caches.
        expect("a stream", system.load(*stream)?, Account::after(*stream, *version))?;
        in_all += version;
    }
    let (mut rounds, mut loaded) = (0, 0);
    let started = Instant::now();
    while loaded < LOADED && started.elapsed() < LOADING {
        for (stream, _) in &streams {
            loaded += system.load(*stream)?.events;
        }
        rounds += 1;
    }
    let elapsed = started.elapsed();
    expect("events loaded", loaded, rounds * in_all)?;
    // In a small log the long stream is shorter than its name says.
    let loads = loaded as f64 / length as f64;
    Ok(Measured { value: elapsed.as_secs_f64() * 1e6 / loads, unit: "us/load" })
}

fn scan<S: System>(system: &mut S, events: u64) -> Result<Measured, Failure> {
    let started = Instant::now();
    let found = system.scan()?;
    let elapsed = started.elapsed();
    expect("the log", found, total(filled(events)))?;
    Ok(rate(events, elapsed))
}

fn catch_up<S: System>(system: &mut S, by: Grouping, events: u64) -> Result<Measured, Failure> {
    let view = new_view()?;
    let started = Instant::now();
    system.catch_up(&view, by, IN_STEP)?;
    let elapsed = started.elapsed();
    check_rows(system.view(&view)?, by, events)?;
    Ok(rate(events, elapsed))
}

fn catch_up_in_tables<S: System>(
    system: &mut S,
    by: Grouping,
    events: u64,
) -> Result<Measured, Failure> {
    let view = new_view()?;
    let started = Instant::now();
    system.catch_up_in_tables(&view, by, IN_STEP)?;
    let elapsed = started.elapsed();
    check_rows(system.table(&view)?, by, events)?;
    Ok(rate(events, elapsed))
}

fn rebuild<S: System>(system: &mut S, events: u64) -> Result<Measured, Failure> {
    let view = new_view()?;
    system.catch_up(&view, Grouping::Region, IN_STEP)?;
    let started = Instant::now();
    let view = system.rebuild(&view, Grouping::Region, IN_STEP)?;
    let elapsed = started.elapsed();
    check_rows(system.view(&view)?, Grouping::Region, events)?;
    Ok(rate(events, elapsed))
}

/// A view of its own, as if the program had met the log for the first time.
fn new_view() -> Result<String, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    Ok(format!("deposits_{now}"))
}

fn check_rows(found: Rows, by: Grouping, events: u64) -> Result<(), Failure> {
    let mut rows = Rows::new();
    for planned in filled(events) {
        let key = by.key(planned.stream, planned.deposit.region);
        rows.entry(key).or_default().add(planned.deposit.cents);
    }
    if found != rows {
        return Err("the rows of the view are not what the events come to".into());
    }
    Ok(())
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, right: T) -> Result<(), Failure> {
    if found == right {
        return Ok(());
    }
    Err(format!("{what}: {found:?} was read and {right:?} is right").into())
}

fn rate(events: u64, elapsed: Duration) -> Measured {
    Measured { value: events as f64 / elapsed.as_secs_f64(), unit: "events/s" }
}
