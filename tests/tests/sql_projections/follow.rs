//! Each event counts once, and the tables fit the checkpoint.

use vitae::store::EventStore;
use vitae::{Bus, OpenError, PartState, Projection};
use vitae_sqlite::rusqlite::params;
use vitae_sqlite::{DeclarationError, SqliteStore, TableProjection, TableProjectionError};

use crate::support::*;

#[test]
fn tables_follow_the_log_and_any_tool_can_ask_them() {
    let file = File::new();
    let bus = file.bus(spent(1));
    bus.catch_up().unwrap();
    assert_eq!(totals(&file), "");
    for (customer, cents) in [("ada", 5), ("bob", 7), ("ada", 3)] {
        buy(&bus, customer, cents);
    }
    bus.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 8 2 | bob 7 1");
    let most = "SELECT customer FROM spent_totals ORDER BY cents DESC LIMIT 1";
    assert_eq!(ask(&file, most), "ada");
    assert!(ask(&file, &format!("EXPLAIN QUERY PLAN {most}")).contains("sql:spent:0:by_cents"));
    let shell: i64 = file
        .shell()
        .query_row("SELECT sum(cents) FROM spent_totals", (), |row| row.get(0))
        .unwrap();
    assert_eq!(shell, 15);

    let [status] = bus.status().unwrap().try_into().unwrap();
    assert_eq!((status.name.as_str(), status.lag, status.state), ("spent", 0, PartState::Well));
    assert_eq!(status.position, file.store.head().unwrap());
    file.store.verify().unwrap();
}

#[test]
fn readers_cannot_write() {
    let file = File::new();
    let bus = file.bus(spent(1));
    bus.catch_up().unwrap();
    let reader = file.store.sql_reader().unwrap();
    for statement in ["DELETE FROM \"sql:spent:0:totals\"", "CREATE TABLE more (a)"] {
        let error = reader.execute(statement, ()).unwrap_err();
        assert!(error.to_string().contains("readonly"), "{error}");
    }
}

#[test]
fn a_batch_is_one_transaction_with_its_checkpoint() {
    let file = File::new();
    let bus = file.bus(spent(1).batch(2));
    for cents in 1..=5 {
        buy(&bus, "ada", cents);
    }
    let bare = || ask(&file, "SELECT count(*) FROM bare_commits");
    bus.catch_up().unwrap();
    // One that says that there are generations, and three batches.
    assert_eq!((totals(&file), bare()), ("ada 15 5".to_owned(), "4".to_owned()));
    // As it was two batches ago: the tables are what the checkpoint says, not more.
    let shell = file.shell();
    let checkpoint = "SELECT position FROM checkpoints WHERE name LIKE 'view/%'";
    assert_eq!(ask(&file, checkpoint), "5");
    shell.execute("DELETE FROM checkpoints WHERE name LIKE 'view/%'", ()).unwrap();
    bus.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 15 5", "this bus knows where it stands, and nothing has come");
    drop(bus);
    let bus = file.bus(spent(1));
    bus.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 30 10", "without its checkpoint it would count twice");
}

#[test]
fn two_handles_with_one_projection_count_each_event_once() {
    let file = File::new();
    let other = file.another();
    let threads = [file.store.clone(), file.store.clone(), other];
    std::thread::scope(|scope| {
        for (number, store) in threads.into_iter().enumerate() {
            scope.spawn(move || {
                let bus = bus(&store, spent(1).batch(3));
                for _ in 0..40 {
                    buy(&bus, &format!("customer {number}"), 1);
                    bus.catch_up().unwrap();
                }
            });
        }
    });
    assert_eq!(totals(&file), "customer 0 40 40 | customer 1 40 40 | customer 2 40 40");
}

#[test]
fn another_process_that_was_faster_is_found_out_in_the_transaction() {
    let file = File::new();
    let (one, two) = (file.bus(spent(1)), bus(&file.another(), spent(1)));
    buy(&one, "ada", 5);
    one.catch_up().unwrap();
    two.catch_up().unwrap();
    buy(&one, "ada", 5);
    // The second believes to know where the projection stands.
    one.catch_up().unwrap();
    two.catch_up().unwrap();
    one.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 10 2");
}

#[test]
fn parameters_have_every_type_and_braces_only_names() {
    let file = File::new();
    let projection = TableProjection::new("typed", 1)
        .table("values_1", "CREATE TABLE {values_1} (a, b, c, d, e, f)")
        .on(|event: &Bought, _, sql| {
            sql.execute(
                "INSERT INTO {values_1} VALUES (?1, ?2, ?3, ?4, ?5, '{\"a\": {}, {B}')",
                params![event.cents, 1.5, event.thing, b"xy".as_slice(), None::<i64>],
            )
        });
    let bus = file.bus(projection);
    buy(&bus, "ada", i64::MIN);
    bus.catch_up().unwrap();
    let row = format!("{} 1.5 bread [120, 121] - {{\"a\": {{}}, {{B}}", i64::MIN);
    assert_eq!(ask(&file, "SELECT * FROM typed_values_1"), row);
}

#[test]
fn what_cannot_be_declared_is_refused_before_anything_is_written() {
    let file = File::new();
    let before = everything(&file);
    let make = "CREATE TABLE {a} (x)";
    let long: &str = Box::leak("a".repeat(65).into_boxed_str());
    for name in ["", "A", "a b", "a\"", "a:b", "ä", long] {
        for projection in [
            TableProjection::new(name, 1).table("a", make),
            TableProjection::new("a", 1).table(name, make),
        ] {
            let error = projection.open(&file.store).unwrap_err();
            assert!(matches!(error, TableProjectionError::InvalidName { .. }), "{name}: {error:?}");
        }
    }
    let twice = TableProjection::new("a", 1).table("a", make).index("a", make).open(&file.store);
    assert!(matches!(twice.unwrap_err(), TableProjectionError::Repeated { name: "a" }));
    let none = TableProjection::new("a", 1).open(&file.store).unwrap_err();
    assert!(matches!(none, TableProjectionError::NoTable { .. }));
    let reading = std::sync::Arc::new(SqliteStore::open_read_only(file.path()).unwrap());
    let error = spent(1).open(&reading).unwrap_err();
    assert!(matches!(error, TableProjectionError::Open(_)), "{error:?}");

    let rows = Projection::new("spent").on(|_: &Bought, _, _| Ok(())).catch_up(1);
    let builder = Bus::builder(file.store.clone()).projection(rows);
    let error = builder.projection_in_tables(spent(1).open(&file.store).unwrap()).open();
    assert!(matches!(error.unwrap_err(), OpenError::Repeated { what: "projections", .. }));
    let another = File::new();
    let elsewhere = spent(1).open(&another.store).unwrap();
    let error = Bus::builder(file.store.clone()).projection_in_tables(elsewhere).open();
    assert!(matches!(error.unwrap_err(), OpenError::OtherLog { .. }));
    let twice = spent(1).on(|_: &Bought, _, _| Ok(())).open(&file.store).unwrap();
    let error = Bus::builder(file.store.clone()).projection_in_tables(twice).open().unwrap_err();
    assert!(matches!(&error, OpenError::TwoHandlers { name, .. } if name == "spent"), "{error}");
    assert_eq!(everything(&file), before);
}

#[test]
fn rows_of_bytes_and_tables_of_one_name_know_nothing_of_each_other() {
    let file = File::new();
    let tables = file.bus(spent(1));
    let rows = Projection::new("spent").on(|event: &Bought, customer, rows| {
        rows.put(customer.stream().id().as_str(), &event.cents)
    });
    let rows = Bus::builder(file.store.clone()).projection(rows.catch_up(1)).open().unwrap();
    buy(&rows, "ada", 5);
    rows.catch_up().unwrap();
    tables.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 5 1");
    assert_eq!(rows.view::<i64>("spent").unwrap().get("ada").unwrap(), Some(5));
}

#[test]
fn what_cannot_be_made_stops_the_projection_and_says_why() {
    for (table, index) in [
        ("CREATE TABLE {t} (", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE TABLE {t} (a)", "CREATE INDEX {i} ON {u} (a)"),
        ("CREATE TABLE {t} (a)", "CREATE INDEX {i} ON blocks (body)"),
        ("CREATE TABLE {t} (a)", "CREATE INDEX other ON {t} (a)"),
        ("CREATE TABLE {t} (a)", "CREATE TABLE {i} (a)"),
        ("CREATE TABLE {t} (a)", "SELECT 1"),
        ("CREATE TABLE {t} (a)", "INSERT INTO {t} VALUES (1)"),
        ("CREATE TABLE {t} (a)", "CREATE TRIGGER {i} AFTER INSERT ON {t} BEGIN SELECT 1; END"),
        (
            "CREATE TABLE {t} (a)",
            "CREATE TRIGGER {i} AFTER INSERT ON blocks BEGIN DELETE FROM kinds; END",
        ),
        ("CREATE TABLE {t} (a)", "CREATE VIEW {i} AS SELECT 1"),
        ("CREATE TABLE other (a)", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE TEMP TABLE {t} (a)", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE VIRTUAL TABLE {t} USING dbstat", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE VIRTUAL TABLE {t} USING fts5 (a)", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE TABLE {t} AS SELECT 1 AS a", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE TABLE {t} AS SELECT sql AS a FROM sqlite_schema", "CREATE INDEX {i} ON {t} (a)"),
        (
            "CREATE TABLE {t} (n INTEGER PRIMARY KEY AUTOINCREMENT, a)",
            "CREATE INDEX {i} ON {t} (a)",
        ),
        ("CREATE TABLE {t} (a REFERENCES kinds (id))", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE TABLE {t} (a REFERENCES {t} (a))", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE TABLE {t} (a CHECK (a < random()))", "CREATE INDEX {i} ON {t} (a)"),
        ("CREATE TABLE {t} (a); DROP TABLE kinds", "CREATE INDEX {i} ON {t} (a)"),
        ("DROP TABLE kinds", "CREATE INDEX {i} ON {t} (a)"),
        ("PRAGMA user_version = 7", "CREATE INDEX {i} ON {t} (a)"),
        ("COMMIT", "CREATE INDEX {i} ON {t} (a)"),
        ("UPDATE sqlite_schema SET sql = ''", "CREATE INDEX {i} ON {t} (a)"),
        (
            "INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, '')",
            "CREATE INDEX {i} ON {t} (a)",
        ),
    ] {
        let file = File::new();
        let before = everything(&file);
        let projection = TableProjection::new("p", 1).table("t", table).index("i", index);
        let bus = file.bus(projection.on(|_: &Bought, _, _| Ok(())));
        let error = bus.catch_up().unwrap_err();
        let vitae::PartError::Tables { source, .. } = &*error.source else {
            panic!("{table}; {index}: {error:?}");
        };
        assert!(source.downcast_ref::<DeclarationError>().is_some(), "{source:?}");
        assert_eq!(everything(&file), before, "{table}; {index}");
        buy(&bus, "ada", 1);
        file.store.verify().unwrap();
    }
}

#[test]
fn what_was_declared_and_not_made_is_an_error() {
    let file = File::new();
    let before = everything(&file);
    let projection = TableProjection::new("p", 1)
        .table("a", "CREATE TABLE {b} (x)")
        .table("b", "CREATE TABLE IF NOT EXISTS {b} (x)")
        .on(|_: &Bought, _, _| Ok(()));
    let error = file.bus(projection).catch_up().unwrap_err();
    assert!(format!("{error:?}").contains("NotMade { name: \"a\" }"), "{error:?}");
    assert_eq!(everything(&file), before);
}

#[test]
fn a_view_does_not_take_the_place_of_anything() {
    let file = File::new();
    let before = everything(&file);
    let projection = TableProjection::new("view", 1)
        .table("rows", "CREATE TABLE {rows} (a)")
        .on(|_: &Bought, _, _| Ok(()));
    let bus = file.bus(projection);
    let error = bus.catch_up().unwrap_err();
    assert!(format!("{error:?}").contains("view_rows"), "{error:?}");
    assert_eq!(everything(&file), before);
}
