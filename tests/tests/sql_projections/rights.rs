//! A statement reaches the projection's own tables, and nothing else.

use vitae::store::EventStore;
use vitae_sqlite::StatementError;

use crate::support::*;

/// Every way out that we know of. `sql:mine:0:rows` is the projection's own table.
const REFUSED: &[&str] = &[
    // Other tables: to write, to read, to read on the way.
    "INSERT INTO kinds VALUES (7, 'x', 1, '')",
    "INSERT OR REPLACE INTO meta SELECT * FROM meta",
    "UPDATE checkpoints SET position = 0",
    "UPDATE {rows} SET cents = 1 FROM checkpoints",
    "DELETE FROM blocks",
    "DELETE FROM {rows} WHERE id IN (SELECT position FROM blocks)",
    "INSERT INTO {rows} (cents) SELECT count(*) FROM blocks",
    "INSERT INTO {rows} (cents) SELECT 7 FROM blocks",
    "INSERT INTO {rows} (cents) VALUES ((SELECT max(position) FROM blocks))",
    "INSERT INTO {rows} (cents) SELECT r.cents FROM {rows} AS r JOIN kinds",
    "INSERT INTO {rows} (cents) VALUES (1) ON CONFLICT DO UPDATE SET cents = (SELECT 1 FROM kinds)",
    "WITH mine AS (SELECT id FROM kinds) INSERT INTO {rows} (cents) SELECT id FROM mine",
    "UPDATE {rows} SET cents = EXISTS (SELECT 1 FROM view_rows)",
    "INSERT INTO {rows} (cents) SELECT 1 WHERE 1 IN kinds",
    "INSERT INTO {rows} (cents) SELECT 1 EXCEPT SELECT id FROM streams",
    "INSERT INTO {rows} (cents) SELECT 1 UNION ALL SELECT 2 FROM snapshots ORDER BY 1 LIMIT 1",
    "INSERT INTO {rows} (cents) SELECT position FROM log",
    // What is returned goes nowhere, and reads all the same.
    "INSERT INTO {rows} (cents) VALUES (2) RETURNING (SELECT count(*) FROM kinds)",
    "INSERT INTO {rows} (cents) VALUES (2) RETURNING id",
    "SELECT * FROM kinds",
    // The schema, and what shows it.
    "SELECT sql FROM sqlite_schema",
    "SELECT sql FROM sqlite_master",
    "SELECT sql FROM sqlite_temp_schema",
    "SELECT sql FROM main.sqlite_schema AS \"sql:mine:0:rows\"",
    "DELETE FROM sqlite_schema",
    "UPDATE {rows} SET cents = (SELECT count(*) FROM sqlite_schema)",
    "INSERT INTO {rows} (cents) SELECT cid FROM pragma_table_info('kinds')",
    "INSERT INTO {rows} (cents) SELECT user_version FROM pragma_user_version",
    "INSERT INTO {rows} (cents) SELECT value FROM json_each('[1, 2]')",
    "INSERT INTO {rows} (cents) SELECT pageno FROM dbstat",
    // The tables of others: a name that begins alike, another generation, other case, quotes, schemas.
    "INSERT INTO \"sql:mine_too:0:rows\" (cents) VALUES (1)",
    "INSERT INTO {rows} (cents) SELECT cents FROM \"sql:mine_too:0:rows\"",
    "DELETE FROM \"SQL:MINE_TOO:0:ROWS\"",
    "DELETE FROM [sql:mine_too:0:rows]",
    "DELETE FROM `sql:mine_too:0:rows`",
    "DELETE FROM 'sql:mine_too:0:rows'",
    "DELETE FROM main.\"sql:mine_too:0:rows\"",
    "DELETE FROM temp.\"sql:mine:0:rows\"",
    "DELETE FROM \"sql:mine:1:rows\"",
    "DELETE FROM BLOCKS",
    "DELETE FROM main.blocks",
    "DELETE FROM \"blocks\"",
    // The views, its own too: they show what is live, not what is being computed.
    "INSERT INTO {rows} (cents) SELECT cents FROM mine_rows",
    "INSERT INTO {rows} (cents) SELECT 1 FROM mine_rows",
    "INSERT INTO mine_rows (cents) VALUES (1)",
    // What changes the schema.
    "CREATE TABLE more (a)",
    "CREATE TABLE \"sql:mine:0:more\" (a)",
    "CREATE TEMP TABLE more (a)",
    "CREATE TEMP TABLE blocks (a)",
    "CREATE TABLE more AS SELECT * FROM kinds",
    "CREATE INDEX more ON {rows} (cents)",
    "CREATE INDEX more ON blocks (body)",
    "CREATE VIEW more AS SELECT 1",
    "CREATE TEMP VIEW blocks AS SELECT 1",
    "CREATE TRIGGER more AFTER INSERT ON {rows} BEGIN DELETE FROM kinds; END",
    "CREATE TRIGGER more AFTER INSERT ON blocks BEGIN DELETE FROM kinds; END",
    "CREATE TEMP TRIGGER more AFTER INSERT ON blocks BEGIN DELETE FROM kinds; END",
    "CREATE VIRTUAL TABLE more USING fts5 (a)",
    "ALTER TABLE {rows} RENAME TO more",
    "ALTER TABLE {rows} ADD COLUMN more",
    "ALTER TABLE kinds DROP COLUMN schema",
    "DROP TABLE {rows}",
    "DROP TABLE kinds",
    "DROP VIEW log",
    "DROP VIEW mine_rows",
    "DROP INDEX \"sqlite_autoindex_kinds_1\"",
    "REINDEX",
    "REINDEX {rows}",
    "ANALYZE",
    "ANALYZE {rows}",
    "VACUUM",
    // Other files, settings, extensions.
    "ATTACH ':memory:' AS more",
    "ATTACH 'more.db' AS more",
    "DETACH main",
    "PRAGMA user_version = 7",
    "PRAGMA user_version",
    "PRAGMA writable_schema = 1",
    "PRAGMA foreign_keys = 0",
    "PRAGMA synchronous = 0",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "SELECT load_extension('more')",
    "UPDATE {rows} SET cents = load_extension('more')",
    "UPDATE {rows} SET cents = fts3_tokenizer('simple')",
    "UPDATE {rows} SET cents = writefile('more', 'x')",
    "UPDATE {rows} SET cents = readfile('events.db')",
    // Functions that come to something else each time, or make much of nothing.
    "UPDATE {rows} SET cents = random()",
    "UPDATE {rows} SET cents = abs(random())",
    "UPDATE {rows} SET cents = randomblob(8)",
    "UPDATE {rows} SET cents = zeroblob(1000000000)",
    "UPDATE {rows} SET cents = last_insert_rowid()",
    "UPDATE {rows} SET cents = changes() + total_changes()",
    "UPDATE {rows} SET cents = CURRENT_TIMESTAMP",
    "UPDATE {rows} SET cents = CURRENT_DATE",
    "UPDATE {rows} SET cents = date('now')",
    "UPDATE {rows} SET cents = unixepoch()",
    "UPDATE {rows} SET cents = strftime('%s', 'now')",
    "UPDATE {rows} SET cents = sqlite_version()",
    "UPDATE {rows} SET cents = sqlite_offset(cents)",
    // Transactions.
    "BEGIN",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT more",
    "RELEASE more",
    "ROLLBACK TO more",
    // More than one statement, or none.
    "INSERT INTO {rows} (cents) VALUES (2); INSERT INTO {rows} (cents) VALUES (3)",
    "INSERT INTO {rows} (cents) VALUES (2); COMMIT",
    "INSERT INTO {rows} (cents) VALUES (2); DELETE FROM kinds",
    "",
    "-- nothing",
    "EXPLAIN DELETE FROM kinds",
    "EXPLAIN QUERY PLAN SELECT * FROM {rows}",
];

#[test]
fn every_way_out_of_its_own_tables_is_refused() {
    let file = File::new();
    let too = file.bus(with("mine_too", "UPDATE {rows} SET cents = cents"));
    buy(&too, "ada", 7);
    too.catch_up().unwrap();
    // Its tables are there before its first statement.
    let mine = file.bus(with("mine", "UPDATE {rows} SET cents = cents"));
    mine.catch_up().unwrap();
    buy(&mine, "ada", 8);
    let before = everything(&file);
    for statement in REFUSED {
        let bus = file.bus(with("mine", statement));
        let error = bus.catch_up().expect_err(statement);
        let failed = statement_error(&error.source);
        assert!(matches!(failed, StatementError::Failed { .. }), "{statement}: {failed:?}");
        assert_eq!(everything(&file), before, "{statement}");
    }
    // Nothing of all that has stayed: not in the file, and not with the connections of the store.
    buy(&mine, "ada", 9);
    mine.catch_up().unwrap();
    too.catch_up().unwrap();
    assert_eq!(ask(&file, "SELECT cents FROM mine_rows"), "7 | 8 | 9");
    assert_eq!(ask(&file, "SELECT cents FROM mine_too_rows"), "7 | 8 | 9");
    file.store.verify().unwrap();
}

#[test]
fn what_a_statement_needs_is_allowed() {
    for (statement, rows) in [
        ("UPDATE {rows} SET cents = cents * 2", "10"),
        ("DELETE FROM {rows} WHERE cents = (SELECT max(cents) FROM {rows})", ""),
        ("INSERT INTO {rows} (cents) SELECT count(*) FROM {rows}", "5 | 1"),
        ("INSERT OR REPLACE INTO {rows} (id, cents) VALUES (1, 6)", "6"),
        ("UPDATE \"SQL:Mine:0:ROWS\" SET cents = 6", "6"),
        (
            "WITH more AS (SELECT max(cents) AS m FROM {rows}) UPDATE {rows} SET cents = m + 1 FROM more",
            "6",
        ),
        (
            "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 3)
             INSERT INTO {rows} (cents) SELECT i FROM n",
            "5 | 1 | 2 | 3",
        ),
        ("UPDATE {rows} SET cents = json_extract('{\"a\": [7]}', '$.a[0]')", "7"),
        ("UPDATE {rows} SET cents = length(upper(substr('bread', 2)) || printf('%05d', 3))", "9"),
        (
            "INSERT INTO {rows} (cents) SELECT sum(cents) OVER (ORDER BY id) + 1 FROM {rows}",
            "5 | 6",
        ),
        ("UPDATE {rows} SET cents = 6 WHERE 'bread' LIKE 'b%' AND 'x' GLOB '*'", "6"),
        ("SELECT 1 WHERE 0", "5"),
    ] {
        let file = File::new();
        let bus = file.bus(with("mine", statement));
        buy(&bus, "ada", 5);
        bus.catch_up().unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        assert_eq!(ask(&file, "SELECT cents FROM mine_rows ORDER BY id"), rows, "{statement}");
    }
}

#[test]
fn a_default_that_knows_the_time_is_refused_where_it_is_used() {
    for default in ["CURRENT_TIMESTAMP", "(random())", "(unixepoch())"] {
        let file = File::new();
        let make = format!("CREATE TABLE {{rows}} (a, at DEFAULT {default})");
        let make: &'static str = Box::leak(make.into_boxed_str());
        let projection = vitae_sqlite::TableProjection::new("mine", 1).table("rows", make);
        let bus = file.bus(
            projection
                .on(|_: &Bought, _, sql| sql.execute("INSERT INTO {rows} (a) VALUES (1)", &[])),
        );
        buy(&bus, "ada", 5);
        bus.catch_up().unwrap_err();
        drop(bus);
        let (there, _) = (file.shell(), ());
        let made = there.table_exists(None, "sql:mine:0:rows").unwrap();
        assert!(!made || ask(&file, "SELECT * FROM mine_rows").is_empty(), "{default}");
    }
}

#[test]
fn names_that_were_not_declared_are_an_error() {
    let file = File::new();
    let bus = file.bus(with("mine", "UPDATE {row} SET cents = 1"));
    buy(&bus, "ada", 5);
    let (_, error) = stopped(&bus);
    let StatementError::Undeclared { name, .. } = statement_error(&error) else {
        panic!("{error:?}");
    };
    assert_eq!(name, "row");
}
