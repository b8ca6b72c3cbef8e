//! Tables held against what the log comes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use vitae::{Bus, Drift, GlobalPosition, PartError, RebuildError};
use vitae_sqlite::rusqlite::params;
use vitae_sqlite::{DeclarationError, StatementError, TableProjection};

use crate::support::*;

/// What differs, a line for each row. Nothing in the file is changed by asking.
fn drift_of(file: &File, bus: &Bus, projection: &str) -> (usize, Vec<String>) {
    let before = everything(file);
    let drift = bus.drift(projection).unwrap();
    assert_eq!(everything(file), before);
    assert_eq!(drift.unlisted, 0);
    (drift.rows, drift.differing.iter().map(ToString::to_string).collect())
}

fn bought(bus: &Bus, customer: &str, events: i64) {
    (1..=events).for_each(|cents| buy(bus, customer, cents));
}

/// One table of rows `(a, b)`, with `('x1', 1)`, `('X2', 2)` and so on.
fn pairs(make: &'static str) -> TableProjection {
    let insert = "INSERT INTO {rows} (a, b) VALUES (iif(?1 % 2, 'x', 'X') || ?1, ?1)";
    TableProjection::new("mine", 1)
        .table("rows", make)
        .on(move |event: &Bought, _, sql| sql.execute(insert, params![event.cents]))
}

const PAIRS: &[&str] = &[
    "CREATE TABLE {rows} (a TEXT PRIMARY KEY, b) ",
    "CREATE TABLE {rows} (a TEXT NOT NULL PRIMARY KEY, b INTEGER) STRICT, WITHOUT ROWID",
    "CREATE TABLE {rows} (a TEXT PRIMARY KEY DESC COLLATE NOCASE, b, c AS (a || b))",
    "CREATE TABLE {rows} (b INTEGER PRIMARY KEY, \"the \"\"d\"\"\" DEFAULT (X'00'), a COLLATE RTRIM)",
    "CREATE TABLE {rows} (b REAL, a, PRIMARY KEY (b, a))",
];

#[test]
fn rows_changed_added_and_deleted_by_hand_are_listed_whatever_tells_them_apart() {
    for (make, expected) in PAIRS.iter().zip([
        "rows ('X2'): stored ('X2', 9), computed ('X2', 2); \
         rows ('x3'): stored no row, computed ('x3', 3); \
         rows ('x9'): stored ('x9', 7), computed no row",
        "rows ('X2'): stored ('X2', 9), computed ('X2', 2); \
         rows ('x3'): stored no row, computed ('x3', 3); \
         rows ('x9'): stored ('x9', 7), computed no row",
        "rows ('X2'): stored ('X2', 9, 'X29'), computed ('X2', 2, 'X22'); \
         rows ('x3'): stored no row, computed ('x3', 3, 'x33'); \
         rows ('x9'): stored ('x9', 7, 'x97'), computed no row",
        "rows (2): stored no row, computed (2, X'00', 'X2'); \
         rows (3): stored no row, computed (3, X'00', 'x3'); \
         rows (7): stored (7, X'00', 'x9'), computed no row; \
         rows (9): stored (9, X'00', 'X2'), computed no row",
        "rows (2.0, 'X2'): stored no row, computed (2.0, 'X2'); \
         rows (3.0, 'x3'): stored no row, computed (3.0, 'x3'); \
         rows (7.0, 'x9'): stored (7.0, 'x9'), computed no row; \
         rows (9.0, 'X2'): stored (9.0, 'X2'), computed no row",
    ]) {
        let file = File::new();
        let bus = file.bus(pairs(make));
        assert_eq!(bus.drift("mine").unwrap(), Drift::default(), "before there is a table");
        bought(&bus, "ada", 4);
        bus.catch_up().unwrap();
        // What has not been projected yet is no drift.
        buy(&bus, "ada", 5);
        assert_eq!(drift_of(&file, &bus, "mine"), (4, vec![]), "{make}");
        let changes = "UPDATE \"sql:mine:0:rows\" SET b = 9 WHERE a = 'X2';
                       DELETE FROM \"sql:mine:0:rows\" WHERE a = 'x3';
                       INSERT INTO \"sql:mine:0:rows\" (a, b) VALUES ('x9', 7)";
        file.shell().execute_batch(changes).unwrap();
        let (rows, differing) = drift_of(&file, &bus, "mine");
        assert_eq!((rows, differing.join("; ").as_str()), (4, expected), "{make}");
        bus.shadow("mine").unwrap().begin().unwrap();
        bus.catch_up().unwrap();
        assert_eq!(drift_of(&file, &bus, "mine"), (5, vec![]), "{make}");
    }
}

#[test]
fn rows_without_a_key_are_told_apart_by_what_stands_in_them() {
    // The names that a hidden key has are taken, and several rows are the same.
    let twice = "INSERT INTO {rows} VALUES (?1 / 2, NULL, 0.5), (?1 / 2, NULL, 0.5)";
    let projection = TableProjection::new("mine", 1)
        .table("rows", "CREATE TABLE {rows} (rowid, oid, _rowid_)")
        .on(move |event: &Bought, _, sql| sql.execute(twice, params![event.cents]));
    let file = File::new();
    let bus = file.bus(projection);
    bought(&bus, "ada", 3);
    bus.catch_up().unwrap();
    assert_eq!(drift_of(&file, &bus, "mine"), (6, vec![]));
    // In which order they stand does not matter.
    let shell = file.shell();
    let turned = "CREATE TABLE aside AS SELECT * FROM \"sql:mine:0:rows\" ORDER BY rowid DESC;
                  DELETE FROM \"sql:mine:0:rows\";
                  INSERT INTO \"sql:mine:0:rows\" SELECT * FROM aside; DROP TABLE aside; VACUUM";
    shell.execute_batch(turned).unwrap();
    assert_eq!(drift_of(&file, &bus, "mine"), (6, vec![]));
    let other = "INSERT INTO \"sql:mine:0:rows\" VALUES (1, NULL, 0.5)";
    shell.execute(other, ()).unwrap();
    let one = "rows (1, NULL, 0.5): stored (1, NULL, 0.5), computed no row".to_owned();
    assert_eq!(drift_of(&file, &bus, "mine"), (6, vec![one]));
}

#[test]
fn a_primary_key_may_be_null_many_times_and_of_any_type() {
    let values = "INSERT INTO {rows} VALUES (NULL, ?1), (?1, 'whole'), (?1 / 2.0 + 0.25, 'broken'),
                  (CAST(?1 AS TEXT), 'text'), (CAST(?1 AS BLOB), 'bytes')";
    let projection = TableProjection::new("mine", 1)
        .table("rows", "CREATE TABLE {rows} (a PRIMARY KEY, b)")
        .on(move |event: &Bought, _, sql| sql.execute(values, params![event.cents]));
    let file = File::new();
    let bus = file.bus(projection);
    bought(&bus, "ada", 4);
    bus.catch_up().unwrap();
    assert_eq!(drift_of(&file, &bus, "mine"), (20, vec![]));
    let first = "DELETE FROM \"sql:mine:0:rows\" WHERE a IN (2, 1.25, '2', X'32')
                 OR (a IS NULL AND b = 2)";
    assert_eq!(file.shell().execute(first, ()).unwrap(), 5);
    let missing = |key, value| format!("rows ({key}): stored no row, computed ({key}, {value})");
    let expected = [
        missing("NULL", "2"),
        missing("1.25", "'broken'"),
        missing("2", "'whole'"),
        missing("'2'", "'text'"),
        missing("X'32'", "'bytes'"),
    ];
    assert_eq!(drift_of(&file, &bus, "mine"), (20, expected.to_vec()));
}

#[test]
fn values_are_the_same_if_their_types_and_bytes_are() {
    for (right, wrong) in [
        ("1", "1.0"),
        ("1", "'1'"),
        ("1", "NULL"),
        ("'a'", "'A'"),
        ("'a'", "'a '"),
        ("'a'", "X'61'"),
        ("0.1", "0.10000000000000002"),
        ("0.0", "-0.0"),
        ("9007199254740993", "9007199254740992.0"),
        ("X''", "X'00'"),
        ("'it''s'", "CAST(X'6100' AS TEXT)"),
    ] {
        let insert: &'static str = format!("INSERT INTO {{rows}} VALUES (1, {right})").leak();
        let projection = TableProjection::new("mine", 1)
            .table("rows", "CREATE TABLE {rows} (id INTEGER PRIMARY KEY, v COLLATE NOCASE)")
            .on(move |_: &Bought, _, sql| sql.execute(insert, params![]));
        let file = File::new();
        let bus = file.bus(projection);
        buy(&bus, "ada", 1);
        bus.catch_up().unwrap();
        assert_eq!(drift_of(&file, &bus, "mine"), (1, vec![]), "{right}");
        let change = format!("UPDATE \"sql:mine:0:rows\" SET v = {wrong}");
        file.shell().execute(&change, ()).unwrap();
        let differs = format!("rows (1): stored (1, {wrong}), computed (1, {right})");
        assert_eq!(drift_of(&file, &bus, "mine"), (1, vec![differs]));
    }
}

#[test]
fn tables_are_listed_one_after_the_other_and_one_may_be_empty() {
    let projection = TableProjection::new("spent", 1)
        .table("totals", "CREATE TABLE {totals} (customer PRIMARY KEY, cents, times) WITHOUT ROWID")
        .table("none", "CREATE TABLE {none} (a PRIMARY KEY) WITHOUT ROWID")
        .table("last", "CREATE TABLE {last} (cents)")
        .on(|event: &Bought, _, sql| {
            sql.execute("INSERT INTO {last} VALUES (?1)", params![event.cents])
        });
    let file = File::new();
    let bus = file.bus(projection);
    bought(&bus, "ada", 2);
    bus.catch_up().unwrap();
    assert_eq!(drift_of(&file, &bus, "spent"), (2, vec![]));
    let changes = "INSERT INTO \"sql:spent:0:none\" VALUES ('x'); DELETE FROM \"sql:spent:0:last\";
                   INSERT INTO \"sql:spent:0:totals\" VALUES ('bob', 1, 1)";
    file.shell().execute_batch(changes).unwrap();
    let expected = [
        "totals ('bob'): stored ('bob', 1, 1), computed no row",
        "none ('x'): stored ('x'), computed no row",
        "last (1): stored no row, computed (1)",
        "last (2): stored no row, computed (2)",
    ];
    assert_eq!(drift_of(&file, &bus, "spent"), (2, expected.map(str::to_owned).to_vec()));
}

#[test]
fn a_handler_that_depends_on_more_than_its_events_is_found_out() {
    let asked = AtomicI64::new(0);
    let projection = TableProjection::new("mine", 1)
        .table("rows", "CREATE TABLE {rows} (id INTEGER PRIMARY KEY, asked)")
        .on(move |event: &Bought, _, sql| {
            let asked = asked.fetch_add(1, Ordering::Relaxed);
            sql.execute("INSERT INTO {rows} VALUES (?1, ?2)", params![event.cents, asked])
        });
    let file = File::new();
    let bus = file.bus(projection);
    bought(&bus, "ada", 2);
    bus.catch_up().unwrap();
    let expected =
        ["rows (1): stored (1, 0), computed (1, 2)", "rows (2): stored (2, 1), computed (2, 3)"];
    assert_eq!(drift_of(&file, &bus, "mine"), (2, expected.map(str::to_owned).to_vec()));
}

#[test]
fn rows_of_an_erased_event_differ() {
    let file = File::new();
    let bus = file.bus(pairs(PAIRS[0]));
    bought(&bus, "ada", 3);
    bus.catch_up().unwrap();
    bus.erase(GlobalPosition::new(2), "asked for", "us").unwrap();
    let left = "rows ('X2'): stored ('X2', 2), computed no row".to_owned();
    assert_eq!(drift_of(&file, &bus, "mine"), (2, vec![left]));
}

#[test]
fn no_more_rows_are_listed_than_a_program_can_hold_and_all_are_counted() {
    let many = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 3000)
                INSERT INTO {rows} SELECT i FROM n";
    let projection = TableProjection::new("mine", 1)
        .table("rows", "CREATE TABLE {rows} (i INTEGER PRIMARY KEY)")
        .on(move |_: &Bought, _, sql| sql.execute(many, params![]));
    let file = File::new();
    let bus = file.bus(projection);
    buy(&bus, "ada", 1);
    bus.catch_up().unwrap();
    file.shell().execute("DELETE FROM \"sql:mine:0:rows\" WHERE i > 500", ()).unwrap();
    let drift = bus.drift("mine").unwrap();
    assert_eq!((drift.rows, drift.differing.len(), drift.unlisted), (3_000, 1_024, 1_476));
    assert_eq!(drift.differing[0].key, b"501");
}

#[test]
fn what_another_version_has_made_is_not_compared() {
    let file = File::new();
    let old = file.bus(spent(1));
    bought(&old, "ada", 2);
    old.catch_up().unwrap();
    let new = file.bus(spent(2));
    let error = new.drift("spent").unwrap_err();
    assert!(matches!(error, RebuildError::OtherVersion { stored: 1, version: 2, .. }), "{error:?}");
    new.catch_up().unwrap();
    assert_eq!(drift_of(&file, &new, "spent"), (1, vec![]));
    let error = old.drift("spent").unwrap_err();
    assert!(matches!(error, RebuildError::OtherVersion { stored: 2, version: 1, .. }), "{error:?}");
}

#[test]
fn tables_that_are_not_as_declared_are_not_compared() {
    let file = File::new();
    let bus = file.bus(spent(1));
    buy(&bus, "ada", 1);
    bus.catch_up().unwrap();
    let other = |bus: &Bus| {
        let before = everything(&file);
        let error = bus.drift("spent").unwrap_err();
        assert_eq!(everything(&file), before);
        let RebuildError::Part(PartError::Tables { source, .. }) = error else {
            panic!("{error:?}");
        };
        match source.downcast_ref() {
            Some(DeclarationError::NotAsDeclared { name }) => *name,
            _ => panic!("{source:?}"),
        }
    };
    let more = file.bus(spent(1).table("more", "CREATE TABLE {more} (a)"));
    assert_eq!(other(&more), "more");
    let column = "ALTER TABLE \"sql:spent:0:totals\" RENAME COLUMN times TO often";
    file.shell().execute_batch(column).unwrap();
    assert_eq!(other(&bus), "totals");
    file.shell().execute_batch("DROP TABLE \"sql:spent:0:totals\"").unwrap();
    assert_eq!(other(&bus), "totals");
}

#[test]
fn a_handler_that_fails_is_named_with_its_event() {
    const TOO_MUCH: &str = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n)
        INSERT INTO {rows} (b) SELECT count(i) FROM n";
    let fails = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&fails);
    let projection = TableProjection::new("mine", 1)
        .table("rows", "CREATE TABLE {rows} (a INTEGER PRIMARY KEY, b)")
        .steps(200_000)
        .on(move |event: &Bought, _, sql| {
            match asked.load(Ordering::Relaxed) {
                _ if event.cents < 2 => {}
                1 => return Err("out of order".into()),
                2 => panic!("out of bounds"),
                3 => sql.execute("INSERT INTO {rows} VALUES (1, 1)", params![])?,
                4 => sql.execute("INSERT INTO {rows} VALUES (2, random())", params![])?,
                5 => sql.execute(TOO_MUCH, params![])?,
                _ => {}
            }
            sql.execute("INSERT INTO {rows} VALUES (?1, 2)", params![event.cents])
        });
    let file = File::new();
    let bus = file.bus(projection);
    bought(&bus, "ada", 3);
    bus.catch_up().unwrap();
    for (kind, says) in
        ["", "out of order", "it panicked: out of bounds", "UNIQUE", "not authorized", "more than"]
            .into_iter()
            .enumerate()
            .skip(1)
    {
        fails.store(kind, Ordering::Relaxed);
        let before = everything(&file);
        let error = bus.drift("mine").unwrap_err();
        let RebuildError::Handler { view, position, source } = &error else { panic!("{error:?}") };
        assert_eq!((view.as_str(), position.get()), ("mine", 2));
        assert!(format!("{source} {source:?}").contains(says), "{source:?}");
        assert_eq!(source.is::<StatementError>(), kind > 2);
        assert_eq!(everything(&file), before);
    }
    fails.store(0, Ordering::Relaxed);
    assert_eq!(drift_of(&file, &bus, "mine"), (3, vec![]));
}
