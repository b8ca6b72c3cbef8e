//! Tables that are computed anew, beside the live ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use vitae::store::EventStore;
use vitae::{Bus, GlobalPosition, PartError};
use vitae_sqlite::rusqlite::params;
use vitae_sqlite::{SqliteStore, TableProjection};

use crate::support::*;

/// The tables of projections in the file.
fn tables(file: &File) -> String {
    let own =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'sql:%' ORDER BY name";
    ask(file, own)
}

fn bought(file: &File, events: i64) {
    let bus = Bus::open(file.store.clone()).unwrap();
    for cents in 1..=events {
        buy(&bus, "ada", cents);
    }
}

#[test]
fn a_new_version_fills_new_tables_beside_the_live_ones() {
    let file = File::new();
    let old = file.bus(spent(1));
    bought(&file, 4);
    old.catch_up().unwrap();
    let new = file.bus(spent(2).batch(3));
    // The old ones go on, and readers see them, until the others have caught up.
    new.shadow("spent").unwrap().begin().unwrap();
    assert_eq!(totals(&file), "ada 10 4");
    buy(&old, "ada", 10);
    old.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 20 5");
    new.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 40 5");
    assert_eq!(ask(&file, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'"), "2");
    assert!(!tables(&file).contains("sql:spent:0:"), "{}", tables(&file));
    // The older version says so, and leaves everything alone.
    buy(&old, "ada", 10);
    let error = old.catch_up().unwrap_err().source;
    assert!(matches!(&*error, PartError::Superseded { version: 1, newer: 2, .. }), "{error:?}");
    new.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 60 6");
    file.store.verify().unwrap();
}

#[test]
fn tables_that_a_new_version_does_not_have_go_with_the_old_ones() {
    let file = File::new();
    let old = spent(1).table("more", "CREATE TABLE {more} (a PRIMARY KEY, b) WITHOUT ROWID");
    bought(&file, 1);
    file.bus(old).catch_up().unwrap();
    assert_eq!(ask(&file, "SELECT * FROM spent_more"), "");
    let halts = Arc::new(AtomicBool::new(true));
    let new = file.bus(halted(2, &halts, 1).table("other", "CREATE TABLE {other} (a)"));
    new.catch_up().unwrap_err();
    // Until then, those of the old version are shown, all of them.
    assert_eq!(
        (totals(&file), ask(&file, "SELECT * FROM spent_more")),
        ("ada 1 1".into(), "".into())
    );
    halts.store(false, Ordering::Relaxed);
    new.catch_up().unwrap();
    assert_eq!(ask(&file, "SELECT * FROM spent_other"), "");
    let views =
        "SELECT name FROM sqlite_schema WHERE type = 'view' AND name <> 'log' ORDER BY name";
    assert_eq!(ask(&file, views), "spent_other | spent_totals");
    assert_eq!(tables(&file), "sql:spent:1:other | sql:spent:1:totals");
}

#[test]
fn a_rebuild_puts_right_what_was_changed_by_hand() {
    let file = File::new();
    let bus = file.bus(spent(1));
    bought(&file, 4);
    bus.catch_up().unwrap();
    let shell = file.shell();
    shell.execute("UPDATE \"sql:spent:0:totals\" SET cents = 99, times = 99", ()).unwrap();
    let shadow = bus.shadow("spent").unwrap();
    shadow.begin().unwrap();
    assert_eq!(totals(&file), "ada 99 99");
    shadow.finish().unwrap();
    assert_eq!(totals(&file), "ada 10 4");
    assert_eq!(shadow.progress().unwrap(), None);
    bus.catch_up().unwrap();
    assert_eq!(tables(&file), "sql:spent:1:totals");
}

/// Works on [`spent`] until the next event would be the one that is to be kept back.
fn halted(version: u32, halts: &Arc<AtomicBool>, at: i64) -> TableProjection {
    let halts = Arc::clone(halts);
    TableProjection::new("spent", version)
        .table(
            "totals",
            "CREATE TABLE {totals} (customer TEXT PRIMARY KEY, cents INTEGER, times INTEGER)",
        )
        .batch(1)
        .on(move |event: &Bought, customer, sql| {
            if event.cents == at && halts.load(Ordering::Relaxed) {
                return Err("not yet".into());
            }
            sql.execute(
                "INSERT INTO {totals} VALUES (?1, ?2, 1) ON CONFLICT (customer)
                 DO UPDATE SET cents = cents + excluded.cents, times = times + 1",
                params![customer.stream().id().as_str(), event.cents * i64::from(version)],
            )
        })
}

#[test]
fn a_rebuild_goes_on_after_a_restart_and_can_pause() {
    let file = File::new();
    bought(&file, 5);
    file.bus(spent(1)).catch_up().unwrap();
    let halts = Arc::new(AtomicBool::new(true));
    let before = file.bus(halted(2, &halts, 4));
    before.catch_up().unwrap_err();
    let progress = before.shadow("spent").unwrap().progress().unwrap().unwrap();
    assert_eq!((progress.version, progress.position.unwrap().get()), (2, 3));
    assert_eq!(totals(&file), "ada 15 5");
    assert_eq!(ask(&file, "SELECT times FROM \"sql:spent:1:totals\""), "3");
    before.shadow("spent").unwrap().pause().unwrap();
    drop(before);

    let file = file.reopen_with(SqliteStore::options());
    halts.store(false, Ordering::Relaxed);
    let after = file.bus(halted(2, &halts, 4));
    after.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 15 5");
    let shadow = after.shadow("spent").unwrap();
    shadow.begin().unwrap();
    shadow.finish().unwrap();
    // Had it begun anew in the same tables, it would have counted three of them twice.
    assert_eq!(totals(&file), "ada 30 5");
}

#[test]
fn a_rebuild_that_is_cancelled_leaves_the_live_tables_alone() {
    let file = File::new();
    bought(&file, 5);
    let halts = Arc::new(AtomicBool::new(false));
    let bus = file.bus(halted(1, &halts, 4));
    bus.catch_up().unwrap();
    halts.store(true, Ordering::Relaxed);
    let shadow = bus.shadow("spent").unwrap();
    shadow.begin().unwrap();
    bus.catch_up().unwrap_err();
    assert_eq!(tables(&file), "sql:spent:0:totals | sql:spent:1:totals");
    shadow.cancel().unwrap();
    bus.catch_up().unwrap();
    assert_eq!((totals(&file), tables(&file)), ("ada 15 5".into(), "sql:spent:0:totals".into()));
    buy(&bus, "ada", 6);
    bus.catch_up().unwrap();
    assert_eq!(totals(&file), "ada 21 6");
    // The next one is another generation: nothing of the one that was given up is left.
    halts.store(false, Ordering::Relaxed);
    shadow.begin().unwrap();
    bus.catch_up().unwrap();
    assert_eq!((totals(&file), tables(&file)), ("ada 21 6".into(), "sql:spent:2:totals".into()));
}

#[test]
fn a_statement_of_one_generation_cannot_reach_another() {
    let file = File::new();
    bought(&file, 3);
    // Allowed once, it is not allowed for ever: the text is the same in each generation.
    let own = "UPDATE \"sql:mine:0:rows\" SET cents = cents + 100";
    let bus = file.bus(with("mine", own));
    bus.catch_up().unwrap();
    assert_eq!(ask(&file, "SELECT cents FROM mine_rows"), "301 | 202 | 103");
    bus.shadow("mine").unwrap().begin().unwrap();
    // The live tables have their turn first, and it is prepared for them.
    buy(&bus, "ada", 4);
    bus.catch_up().unwrap_err();
    assert_eq!(ask(&file, "SELECT cents FROM mine_rows"), "401 | 302 | 203 | 104");
}

#[test]
fn what_was_erased_is_nowhere_once_the_tables_are_computed_anew() {
    let file = File::new();
    let secret = "do not tell anybody".repeat(40);
    let things = || {
        let things = TableProjection::new("things", 1)
            .table("all", "CREATE TABLE {all} (thing TEXT)")
            .index("by_thing", "CREATE INDEX {by_thing} ON {all} (thing)");
        things.on(|event: &Bought, _, sql| {
            sql.execute("INSERT INTO {all} VALUES (?1)", params![event.thing])
        })
    };
    let bus = file.bus(things());
    for thing in ["bread", secret.as_str(), "salt"] {
        let customer = bus.load::<Customer>("ada").unwrap();
        let bought = customer.record(Bought { thing: thing.to_owned(), cents: 1 });
        bus.commit(bought.unwrap()).unwrap();
    }
    bus.catch_up().unwrap();
    bus.erase(GlobalPosition::new(2), "asked for", "us").unwrap();
    bus.shadow("things").unwrap().begin().unwrap();
    bus.catch_up().unwrap();
    assert_eq!(ask(&file, "SELECT thing FROM things_all"), "bread | salt");
    drop(bus);
    let path = file.path();
    let _folder = file.closed();
    let bytes = std::fs::read(path).unwrap();
    let found = bytes.windows(18).filter(|bytes| *bytes == b"do not tell anybod").count();
    assert_eq!(found, 0);
}

#[test]
fn a_backup_holds_tables_and_log_as_they_fit_each_other() {
    let file = File::new();
    bought(&file, 3);
    let bus = file.bus(spent(1));
    bus.catch_up().unwrap();
    buy(&bus, "ada", 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.db");
    file.store.back_up(&path).unwrap();
    let copy = Arc::new(SqliteStore::open(path).unwrap());
    let bus = self::bus(&copy, spent(1));
    let cents = || {
        let cents = "SELECT cents FROM spent_totals";
        copy.sql_reader().unwrap().query_row(cents, (), |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(cents(), 6);
    bus.catch_up().unwrap();
    assert_eq!(cents(), 10);
}

#[test]
fn many_rows_are_removed_by_and_by() {
    let file = File::new();
    let many = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 5000)
                INSERT INTO {rows} SELECT i, 'x' FROM n";
    let projection = |version, make| {
        TableProjection::new("mine", version)
            .table("rows", make)
            .on(move |_: &Bought, _, sql| sql.execute(many, params![]))
    };
    bought(&file, 1);
    for (version, make) in [
        (1, "CREATE TABLE {rows} (a, \"b \"\"c\")"),
        (2, "CREATE TABLE {rows} (a, \"b \"\"c\", PRIMARY KEY (\"b \"\"c\", a)) WITHOUT ROWID"),
        (3, "CREATE TABLE {rows} (rowid, b)"),
    ] {
        file.bus(projection(version, make)).catch_up().unwrap();
        let kept = ask(&file, "SELECT count(*) FROM mine_rows");
        assert_eq!(kept, "5000", "{make}");
        let one = format!("sql:mine:{}:rows", version - 1);
        assert_eq!(tables(&file), one);
    }
    file.store.verify().unwrap();
}

#[test]
fn readers_see_the_one_or_the_other_tables_whole() {
    let file = File::new();
    bought(&file, 20);
    let bus = file.bus(spent(1).batch(1));
    bus.catch_up().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(totals(&file), "ada 210 20");
            }
        });
        let _done = Done(&done);
        for _ in 0..5 {
            bus.shadow("spent").unwrap().begin().unwrap();
            bus.catch_up().unwrap();
        }
    });
}

struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
