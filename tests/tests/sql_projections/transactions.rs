//! A statement that fails, or ends its transaction, harms its projection and nobody else.

use std::sync::atomic::{AtomicBool, Ordering};

use vitae::store::EventStore;
use vitae::{Bus, PartState};
use vitae_sqlite::rusqlite::params;
use vitae_sqlite::{StatementError, TableProjection};

use crate::support::*;

/// What fails on the event with 13 cents, and how it takes the transaction with it.
const FAILING: &[&str] = &[
    "INSERT INTO {rows} VALUES (1, ?1)",
    "INSERT OR FAIL INTO {rows} VALUES (1, ?1)",
    "INSERT OR ABORT INTO {rows} VALUES (1, ?1)",
    "INSERT OR ROLLBACK INTO {rows} VALUES (1, ?1)",
    "UPDATE OR ROLLBACK {rows} SET cents = ?1",
    "INSERT INTO {rolling} VALUES (?1), (?1)",
    "INSERT INTO {failing} VALUES (?1), (?1)",
    "INSERT INTO {rows} VALUES (1, ?1, ?2)",
    "INSERT INTO {rows} (cents) VALUES (?2)",
    "INSERT INTO {rows} (cents) VALUES (abs(-9223372036854775808 + ?1 - ?1))",
    "INSERT INTO {rows} (cents) VALUES (printf('%20000000d', ?1))",
];

fn failing(statement: &'static str) -> TableProjection {
    TableProjection::new("mine", 1)
        .table("rows", "CREATE TABLE {rows} (id INTEGER PRIMARY KEY, cents INTEGER UNIQUE)")
        .table("rolling", "CREATE TABLE {rolling} (a UNIQUE ON CONFLICT ROLLBACK)")
        .table("failing", "CREATE TABLE {failing} (a UNIQUE ON CONFLICT FAIL)")
        .on(move |event: &Bought, _, sql| {
            sql.execute("INSERT INTO {rows} (cents) VALUES (?1)", params![event.cents])?;
            if event.cents == 13 {
                sql.execute(statement, params![event.cents])?;
            }
            Ok(())
        })
}

#[test]
fn what_fails_stops_its_projection_on_its_event_and_nothing_else() {
    for statement in FAILING {
        let file = File::new();
        let bus = Bus::builder(file.store.clone())
            .projection_in_tables(failing(statement).open(&file.store).unwrap())
            .projection_in_tables(spent(1).open(&file.store).unwrap())
            .open()
            .unwrap();
        for cents in [1, 2, 13, 4] {
            buy(&bus, "ada", cents);
        }
        let (position, error) = stopped(&bus);
        assert_eq!(position, 3, "{statement}");
        let StatementError::Failed { statement: named, .. } = statement_error(&error) else {
            panic!("{statement}: {error:?}");
        };
        assert_eq!(named, statement);
        assert!(error.to_string().contains("`customer.bought` of `customer/ada` at position 3"));
        // What came before stays, of the event itself nothing.
        assert_eq!(ask(&file, "SELECT cents FROM mine_rows"), "1 | 2", "{statement}");
        assert_eq!(ask(&file, "SELECT count(*) FROM mine_rolling"), "0");
        assert_eq!(totals(&file), "ada 20 4");
        let states = bus.status().unwrap().into_iter().map(|part| (part.position, part.state));
        let states: Vec<_> = states.map(|(at, state)| (at.unwrap().get(), state)).collect();
        let stuck = PartState::Failing { failures: 1 };
        assert_eq!(states, [(2, stuck), (4, PartState::Well)], "{statement}");
        buy(&bus, "ada", 5);
        // Once it is mended, it goes on.
        drop(bus);
        file.bus(failing("UPDATE {rows} SET cents = 14 WHERE cents = ?1")).catch_up().unwrap();
        assert_eq!(ask(&file, "SELECT cents FROM mine_rows"), "1 | 2 | 14 | 4 | 5");
        file.store.verify().unwrap();
    }
}

#[test]
fn those_who_commit_beside_it_notice_nothing() {
    let file = File::new();
    let ends = file.bus(with("ends", "INSERT OR ROLLBACK INTO {rows} SELECT * FROM {rows}"));
    let endless = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n)
                   INSERT INTO {rows} (cents) SELECT count(i) FROM n";
    let endless = file.bus(with("endless", endless).steps(100_000));
    let good = file.bus(spent(1));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for bus in [&ends, &endless] {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let _ = bus.catch_up();
                }
            });
        }
        let callers = ["ada", "bob", "cyd"].map(|customer| {
            let (file, good) = (&file, &good);
            scope.spawn(move || {
                let bus = Bus::open(file.store.clone()).unwrap();
                for _ in 0..60 {
                    buy(&bus, customer, 1);
                    good.catch_up().unwrap();
                }
            })
        });
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    good.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 60 60 | bob 60 60 | cyd 60 60");
    let failures = |bus: &Bus| bus.status().unwrap()[0].last_error.is_some();
    assert!(failures(&ends) && failures(&endless));
    assert_eq!(ask(&file, "SELECT count(*) FROM ends_rows"), "0");
    assert_eq!(file.store.verify().unwrap(), 180);
}

#[test]
fn a_handler_that_fails_or_panics_is_told_of_like_any_other() {
    let file = File::new();
    let projection = TableProjection::new("mine", 1)
        .table("rows", "CREATE TABLE {rows} (cents)")
        .on(|event: &Bought, _, sql| {
            assert_ne!(event.cents, 3, "nobody pays 3");
            sql.execute("INSERT INTO {rows} VALUES (?1)", params![event.cents])
        });
    let bus = file.bus(projection);
    for cents in [1, 2, 3, 4] {
        buy(&bus, "ada", cents);
    }
    let (position, error) = stopped(&bus);
    assert_eq!(position, 3);
    assert!(format!("{error:?}").contains("nobody pays 3"), "{error:?}");
    assert_eq!(ask(&file, "SELECT cents FROM mine_rows"), "1 | 2");
}
