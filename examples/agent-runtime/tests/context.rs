//! The context of a permission request costs the same in every log.
//!
//! ```sh
//! cargo test --release -p agent-runtime --test context -- --ignored --nocapture
//! ```
//! fills a log with a million events of one session, around three requests, and prints what each
//! context reads, and how long it takes beside the same in a log of a thousand.

#![cfg(test)]

mod support;

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agent_runtime::context::{self, MOST_EVENTS};
use agent_runtime::run::{Actor, Place, Run, Running, Tool, ToolStarted, run_stream};
use support::counting::Counting;
use support::world::{SESSION, World};
use vitae::store::{EventStore, Query, Read, ReadError};
use vitae::{Bus, tag};
use vitae_sqlite::{Durability, SqliteStore};

/// The requests: at the beginning of the log, in its middle, and at its end.
const REQUESTS: [&str; 3] = ["first", "middle", "last"];

/// How many events are one commit while a log is filled.
const BATCH: usize = 1_000;

/// A log of about so many events, all of them of one session, most of them of one run.
fn log(db: &Path, events: usize) -> World {
    let store = SqliteStore::options().durability(Durability::LostOnPowerFailure).open(db).unwrap();
    let store: Arc<dyn EventStore> = Arc::new(store);
    let world = World::over(store.clone());
    world.open_channels();
    world.start("w", Vec::new());
    world.ask(REQUESTS[0], "Bash");
    fill(&Bus::open(store.clone()).unwrap(), events / 2);
    world.ask(REQUESTS[1], "Bash");
    fill(&Bus::open(store).unwrap(), events / 2);
    world.ask(REQUESTS[2], "Bash");
    for request in REQUESTS {
        let reply = agent_runtime::relay::Reply::Allow;
        world.supervisor.answer(request, "one", &reply).unwrap();
    }
    world
}

/// Adds so many events of the session's run.
fn fill(bus: &Bus, events: usize) {
    let place = Place { session: SESSION.to_owned(), workflow: Some("w".to_owned()), run: 1 };
    let mut run = bus.load::<Run>(run_stream(SESSION, 1)).unwrap().at::<Running>().unwrap();
    for batch in (0..events).collect::<Vec<_>>().chunks(BATCH) {
        for number in batch {
            let hook = format!("hook-{number}");
            let tool = Tool { name: "Read".into(), use_id: None, input: "{}".into() };
            let place = place.clone();
            run = run.record(ToolStarted { place, hook, actor: Actor::Root, tool }).unwrap();
        }
        run = bus.commit(run).unwrap().0;
    }
}

/// How many events each context is read from, and the median time that one takes.
fn contexts(world: &World) -> ([usize; 3], Duration) {
    let counting = Counting::over(world.bus.store().clone());
    let mut times = Vec::new();
    let mut read = || {
        REQUESTS.map(|request| {
            let before = Instant::now();
            let context = context::of_request(&counting, SESSION, request).unwrap();
            times.push(before.elapsed());
            assert_eq!(context.workflow.unwrap().iteration, Some(1));
            assert!(context.decision.is_some());
            let (reads, events) = counting.so_far();
            assert_eq!(reads, 1);
            events
        })
    };
    let events = read();
    for _ in 0..500 {
        read();
    }
    times.sort();
    (events, times[times.len() / 2])
}

#[test]
fn a_context_is_read_from_its_request_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (short, long) =
        (log(&folder.path().join("short"), 10), log(&folder.path().join("long"), 5_000));
    assert_eq!(contexts(&short).0, [MOST_EVENTS; 3]);
    assert_eq!(contexts(&long).0, [MOST_EVENTS; 3]);
}

#[test]
#[ignore = "fills a log with a million events"]
fn in_a_log_of_a_million_events() {
    let folder = tempfile::tempdir().unwrap();
    let short = log(&folder.path().join("short"), 1_000);
    let long = log(&folder.path().join("long"), 1_000_000);
    let ((_, in_short), (events, in_long)) = (contexts(&short), contexts(&long));
    assert_eq!(events, [MOST_EVENTS; 3]);
    // What the question costs if it is asked of the session.
    let walk = Instant::now();
    let session = Query::tag(tag("session", SESSION).unwrap());
    let mut walked = 0_u32;
    let store = long.bus.store();
    store
        .visit(Read::log(session).backwards(), |_| {
            walked += 1;
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })
        .unwrap();
    let walk = walk.elapsed();
    let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
    println!("events in the log           {:>12}", long.events());
    println!("events read for a context   {:>12}", events[0]);
    println!("time, beside 1,000 events   {:>12.2}", ratio(in_long, in_short));
    println!("a walk over the session, in contexts {:>12.0}", ratio(walk, in_long));
    assert!(walked > 1_000_000);
}
