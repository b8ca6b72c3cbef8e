//! The examples of `docs/around-the-log.md`, and that they are these.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::ops::ControlFlow;
use std::path::Path;

use serde::{Deserialize, Serialize};
use vitae::store::{EventStore, Read, ReadError, Receipt};
use vitae::transfer::{self, Imported};
use vitae::{Alongside, Bus, Event, GlobalPosition, Lifecycle, LoadError, Projection, StreamId};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    the_examples_do_what_the_page_says
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "request.granted")]
struct Granted {}

#[derive(Lifecycle, Debug)]
#[lifecycle(name = "request")]
enum Request {
    #[state(initial)]
    #[on(Granted => Closed)]
    Asked,
    #[state(terminal)]
    Closed,
}

impl RequestTransitions for Request {}

/// The ids of all guests.
fn guests(bus: &Bus) -> Result<Vec<String>, ReadError> {
    bus.streams::<Guest>().map(|stream| Ok(stream?.id().to_string())).collect()
}

/// Forgets a guest's name, and everything that was computed from it.
fn forget(bus: &Bus, guest: &str) -> Result<Receipt, Box<dyn Error>> {
    let mut positions = Vec::new();
    bus.store().visit(Read::stream(StreamId::new("guest", guest)?), |event| {
        positions.push(event.position());
        Ok::<_, ReadError>(ControlFlow::Continue(()))
    })?;
    let receipt = bus.erase(positions, "request 17", "front desk")?;
    bus.rebuild("names")?;
    Ok(receipt)
}

/// Erases a payload as part of granting a request.
fn grant(bus: &Bus, request: &str, erased: GlobalPosition) -> Result<(), Box<dyn Error>> {
    let granted = bus.load::<Request>(request)?.record(Granted {})?;
    bus.commit_alongside(granted, Alongside::new().erasure(erased))?;
    Ok(())
}

/// Writes a log to a file, and makes it again in another store.
fn copy(
    from: &dyn EventStore,
    path: &Path,
    to: &dyn EventStore,
) -> Result<Imported, Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    transfer::export(from, &mut file)?;
    file.into_inner()?.sync_all()?;
    Ok(transfer::import(&mut BufReader::new(File::open(path)?), to)?)
}

fn the_examples_do_what_the_page_says(log: Subject) {
    let names = Projection::new("names")
        .on(|event: &Named, context, rows| rows.put(context.stream().id().as_str(), &event.name));
    let bus = Bus::builder(log.shared()).projection(names).open().unwrap();
    call(&bus, "1", "Ada");
    call(&bus, "2", "Bob");
    call(&bus, "3", "Ava");
    assert_eq!(guests(&bus).unwrap(), ["1", "2", "3"]);
    let view = bus.view::<String>("names").unwrap();

    forget(&bus, "2").unwrap();
    assert_eq!(view.get("2").unwrap(), None);
    assert!(matches!(bus.load::<Guest>("2"), Err(LoadError::Fold(_))));
    grant(&bus, "18", vitae_tests::position(3)).unwrap();
    assert!(matches!(bus.load::<Guest>("3"), Err(LoadError::Fold(_))));
    assert_eq!(log.verify().unwrap(), 5);

    let folder = tempfile::tempdir().unwrap();
    let (path, other) = (folder.path().join("log.jsonl"), memory());
    let imported = copy(&*log, &path, &*other).unwrap();
    assert_eq!(imported, Imported { commits: 5, known: 0 });
    assert_eq!(log_of(&*other), log_of(&*log));
    let again = copy(&*log, &path, &*other).unwrap();
    assert_eq!(again, Imported { commits: 0, known: 5 });
}

#[test]
fn the_page_shows_what_compiles() {
    let page = include_str!("../../../docs/around-the-log.md");
    let program = include_str!("guide.rs");
    let blocks: Vec<&str> = page.split("```rust\n").skip(1).collect();
    assert_eq!(blocks.len(), 4);
    for block in blocks {
        let (block, _) = block.split_once("```").unwrap();
        assert!(program.contains(block), "not in guide.rs:\n{block}");
    }
}
