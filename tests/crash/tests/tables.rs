//! R1, R7, R10, of the tables of projections: power cuts, and calls that fail.
//!
//! Whatever happens, tables and checkpoint fit each other, and what is computed next is right.
//! `VITAE_CRASH_IMAGES` sets how many images are tried of each point at which the power may go, besides
//! those that always are.

#![cfg(target_os = "linux")]

use std::collections::HashSet;
use std::error::Error;
use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, ffi, params};
use serde::{Deserialize, Serialize};
use vitae::store::{AppendError, EventStore, Outcome};
use vitae::{Bus, CommitReason, Event, Lifecycle, PartError};
use vitae_crash_tests::{Call, Disk, Fault, crashes, crashes_now, scratch, setting};
use vitae_sqlite::{SqliteStore, TableProjection};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "customer.bought")]
struct Bought {
    cents: i64,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "customer")]
enum Customer {
    #[state(initial)]
    #[on(Bought => Known)]
    Known,
}

impl CustomerTransitions for Customer {}

fn open(path: &Path, version: u32) -> Result<(Arc<SqliteStore>, Bus), Box<dyn Error>> {
    let store = Arc::new(SqliteStore::open(path)?);
    let spent = TableProjection::new("spent", version)
        .table("totals", "CREATE TABLE {totals} (customer TEXT PRIMARY KEY, cents, times)")
        .index("by_cents", "CREATE INDEX {by_cents} ON {totals} (cents)")
        .batch(2)
        .on(|event: &Bought, customer, sql| {
            sql.execute(
                "INSERT INTO {totals} VALUES (?1, ?2, 1) ON CONFLICT
                 DO UPDATE SET cents = cents + excluded.cents, times = times + 1",
                params![customer.stream().id().as_str(), event.cents],
            )
        });
    let spent = spent.open(&store)?;
    let bus = Bus::builder(store.clone()).projection_in_tables(spent).open()?;
    Ok((store, bus))
}

/// Purchases and their sums, the tables computed anew, and then those of the next version.
fn work(path: &Path, mut failed: impl FnMut(u32, Box<dyn Error>)) -> Result<(), Box<dyn Error>> {
    for version in 1..=2 {
        let (_store, bus) = open(path, version)?;
        let mut failed = |error| failed(version, error);
        for cents in 0..3 {
            if cents == 1 {
                let begun = bus.shadow("spent")?.begin();
                begun.unwrap_or_else(|error| failed(error.into()));
            }
            for customer in ["ada", "bob", "ada"] {
                buy(&bus, customer, cents).unwrap_or_else(&mut failed);
            }
            bus.catch_up().unwrap_or_else(|error| failed(error.into()));
        }
    }
    Ok(())
}

fn buy(bus: &Bus, customer: &str, cents: i64) -> Result<(), Box<dyn Error>> {
    let bought = bus.load::<Customer>(customer)?.record(Bought { cents })?;
    bus.commit(bought).map_err(|error| error.into_parts().1)?;
    Ok(())
}

/// Opens what is there, and asks whether every table holds what its checkpoint says, and what is
/// computed next.
fn must_fit(path: &Path, place: &dyn Debug) {
    let whole = SqliteStore::open_existing(path).unwrap().verify();
    whole.unwrap_or_else(|error| panic!("{place:?}: {error:?}"));
    each_table_fits(path, place);
    let (store, bus) = open(path, 2).unwrap();
    bus.catch_up().unwrap_or_else(|error| panic!("{place:?}: {error:?}"));
    let shown = "SELECT ifnull(sum(times), 0) FROM spent_totals";
    let shown: i64 = store.sql_reader().unwrap().query_row(shown, (), |row| row.get(0)).unwrap();
    let events = store.verify().unwrap();
    assert_eq!(u64::try_from(shown).unwrap(), events, "{place:?}");
}

fn each_table_fits(path: &Path, place: &dyn Debug) {
    let file = Connection::open(path).unwrap();
    let number = |query: &str| file.query_row(query, (), |row| row.get::<_, i64>(0)).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'sql:%'";
    let mut tables = file.prepare(tables).unwrap();
    let tables = tables.query_map((), |row| row.get::<_, String>(0)).unwrap();
    for table in tables.map(Result::unwrap) {
        let generation = table.split(':').nth(2).unwrap();
        let checkpoint =
            format!("FROM checkpoints WHERE name = 'view/{generation}/vitae.tables/spent'");
        // What is retired is removed by and by.
        if number(&format!("SELECT count(*) {checkpoint} AND cursor <> x''")) == 0 {
            // None but purchases are on the log.
            let position = number(&format!("SELECT ifnull(max(position), 0) {checkpoint}"));
            let counted = number(&format!("SELECT ifnull(sum(times), 0) FROM \"{table}\""));
            assert_eq!(counted, position, "{place:?}: {table} and its checkpoint are apart");
        }
    }
}

#[test]
fn r10_a_power_cut_leaves_tables_and_checkpoint_fitting() {
    let folder = scratch();
    let path = folder.path().join("events.db");
    drop(SqliteStore::open(&path).unwrap());
    let disk = Disk::watch(folder.path());
    work(&path, |_, error| panic!("{error:?}")).unwrap();
    let (mut known, restored) = (HashSet::new(), scratch());
    for image in crashes(&disk, setting("VITAE_CRASH_IMAGES", 2), 1) {
        if known.insert(image.fingerprint()) {
            image.restore(restored.path());
            must_fit(&restored.path().join("events.db"), &image.place);
        }
    }
    println!("{} images", known.len());
    assert!(known.len() > 100, "{}", known.len());
}

/// Runs on disks whose n-th call fails: for fewer n the larger they are.
/// Says how often a projection met an outcome that is unknown.
fn every(call: Call, code: i32) -> usize {
    let mut unknown = 0;
    for lasting in [false, true] {
        let mut nth = 0;
        loop {
            nth += 1 + nth / if call == Call::Sync { 8 } else { 2 };
            let folder = scratch();
            let path = folder.path().join("events.db");
            drop(SqliteStore::open(&path).unwrap());
            let disk = Disk::watch(folder.path());
            let fault = Fault { call, nth, lasting, code };
            disk.fail(fault);
            unknown += usize::from(fails(&path, &disk, fault));
            if !disk.has_failed() {
                break;
            }
            disk.heal();
            for image in crashes_now(&disk, 0, nth) {
                let restored = scratch();
                image.restore(restored.path());
                must_fit(&restored.path().join("events.db"), &(fault, image.place));
            }
            must_fit(&path, &fault);
        }
    }
    println!("{call:?}: {unknown} projections of unknown outcome");
    unknown
}

/// Works on a disk that fails. After a sync of a commit that failed, nothing more is taken until the
/// store is opened again, whoever met it. Says whether it was a projection.
fn fails(path: &Path, disk: &Disk, fault: Fault) -> bool {
    let (mut by_part, mut closed_in) = (false, None);
    let ended = work(path, |opening, error| {
        let closed = closed_in == Some(opening);
        let of_part = part_error(&*error).is_some();
        let outcome = append_error(&*error).map(AppendError::outcome);
        if outcome == Some(Outcome::Unknown) {
            assert!(!closed, "{fault:?}: taken after one of unknown outcome");
            (by_part, closed_in) = (by_part || of_part, Some(opening));
        } else if closed && let Some(error) = append_error(&*error) {
            assert!(matches!(error, AppendError::Closed), "{fault:?}: {error:?}");
        }
    });
    assert!(ended.is_ok() || disk.has_failed(), "{ended:?}");
    by_part
}

fn part_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e PartError> {
    let failed = error.downcast_ref::<vitae::PartFailed>();
    let rebuild = error.downcast_ref::<vitae::RebuildError>();
    failed.map(|failed| &*failed.source).or(match rebuild? {
        vitae::RebuildError::Part(error) => Some(error),
        _ => None,
    })
}

fn append_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e AppendError> {
    if let Some(CommitReason::Append(source)) = error.downcast_ref() {
        return Some(source);
    }
    match part_error(error)? {
        PartError::Append { source, .. } | PartError::View { source, .. } => Some(source),
        _ => None,
    }
}

#[test]
fn r07_after_a_sync_that_failed_neither_a_projection_nor_a_caller_commits_anything() {
    assert!(every(Call::Sync, ffi::SQLITE_IOERR_FSYNC) > 0);
}

#[test]
fn r07_a_write_that_fails_leaves_tables_and_checkpoint_fitting() {
    every(Call::Write, ffi::SQLITE_IOERR_WRITE);
}

#[test]
fn r07_a_write_that_finds_no_room_leaves_tables_and_checkpoint_fitting() {
    assert_eq!(every(Call::Write, ffi::SQLITE_FULL), 0);
}

#[test]
fn r07_a_read_that_fails_leaves_tables_and_checkpoint_fitting() {
    assert_eq!(every(Call::Read, ffi::SQLITE_IOERR_READ), 0);
}
