//! A store in a file, purchases, and projections of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use vitae::{Bus, Event, Lifecycle, PartError, PartFailed, ProjectionInTables};
use vitae_sqlite::rusqlite::types::Value;
use vitae_sqlite::rusqlite::{Connection, params};
use vitae_sqlite::{Options, SqliteStore, StatementError, TableProjection};

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "customer.bought")]
pub(crate) struct Bought {
    pub(crate) thing: String,
    pub(crate) cents: i64,
}

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "customer")]
pub(crate) enum Customer {
    #[state(initial)]
    #[on(Bought => Known)]
    Unknown,

    #[on(Bought => Known)]
    Known,
}

impl CustomerTransitions for Customer {}

/// Opens a store that waits for another handle as long as a busy machine needs.
fn patient(path: &Path) -> SqliteStore {
    SqliteStore::options().busy_timeout(Duration::from_secs(60)).open(path).unwrap()
}

/// A store in a folder of its own.
pub(crate) struct File {
    folder: TempDir,
    pub(crate) store: Arc<SqliteStore>,
}

impl File {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(patient(&folder.path().join("events.db")));
        Self { folder, store }
    }

    /// Closes the store, and opens it again.
    pub(crate) fn reopen_with(self, options: Options) -> Self {
        let folder = self.closed();
        let store = Arc::new(options.open(folder.path().join("events.db")).unwrap());
        Self { folder, store }
    }

    /// Closes the store. The folder stays for as long as what is returned.
    pub(crate) fn closed(self) -> TempDir {
        Arc::into_inner(self.store).expect("a bus has it open");
        self.folder
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("events.db")
    }

    /// Another handle on the file, as another process has one.
    pub(crate) fn another(&self) -> Arc<SqliteStore> {
        Arc::new(patient(&self.path()))
    }

    /// A connection past the store, which may do anything.
    pub(crate) fn shell(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }

    pub(crate) fn bus(&self, projection: TableProjection) -> Bus {
        bus(&self.store, projection)
    }
}

pub(crate) fn bus(store: &Arc<SqliteStore>, projection: TableProjection) -> Bus {
    open(store, projection.open(store).unwrap())
}

pub(crate) fn open(store: &Arc<SqliteStore>, projection: ProjectionInTables) -> Bus {
    Bus::builder(store.clone()).projection_in_tables(projection).open().unwrap()
}

pub(crate) fn buy(bus: &Bus, customer: &str, cents: i64) {
    let bought = Bought { thing: "bread".to_owned(), cents };
    let known = bus.load::<Customer>(customer).unwrap();
    bus.commit(known.record(bought).unwrap()).unwrap();
}

/// What each customer has spent, and every purchase by its number.
pub(crate) fn spent(version: u32) -> TableProjection {
    spent_after(version, |_| ())
}

/// [`spent`], with something that happens before each event is handled.
pub(crate) fn spent_after(
    version: u32,
    before: impl Fn(&Bought) + Send + Sync + 'static,
) -> TableProjection {
    TableProjection::new("spent", version)
        .table(
            "totals",
            "CREATE TABLE {totals} (customer TEXT PRIMARY KEY, cents INTEGER NOT NULL, times INTEGER
             NOT NULL) STRICT",
        )
        .index("by_cents", "CREATE INDEX {by_cents} ON {totals} (cents, customer)")
        .on(move |event: &Bought, customer, sql| {
            before(event);
            sql.execute(
                "INSERT INTO {totals} VALUES (?1, ?2, 1) ON CONFLICT (customer)
                 DO UPDATE SET cents = cents + excluded.cents, times = times + 1",
                params![customer.stream().id().as_str(), event.cents * i64::from(version)],
            )
        })
}

/// A projection into one table `rows`, with a row for each purchase and then a statement of the test's.
pub(crate) fn with(name: &str, statement: &'static str) -> TableProjection {
    TableProjection::new(name, 1)
        .table("rows", "CREATE TABLE {rows} (id INTEGER PRIMARY KEY, cents INTEGER UNIQUE)")
        .on(move |event: &Bought, _, sql| {
            sql.execute("INSERT INTO {rows} (cents) VALUES (?1)", params![event.cents])?;
            sql.execute(statement, params![])
        })
}

/// What a query comes to, as `a b | c d`.
pub(crate) fn ask(file: &File, query: &str) -> String {
    rows(&file.store.sql_reader().unwrap(), query)
}

fn rows(connection: &Connection, query: &str) -> String {
    let mut query = connection.prepare(query).unwrap();
    let columns = query.column_count();
    let text = |value: Value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text,
        Value::Blob(bytes) => format!("{bytes:?}"),
    };
    let rows = query.query_map((), |row| {
        let row: Result<Vec<_>, _> = (0..columns).map(|at| row.get(at).map(text)).collect();
        Ok(row?.join(" "))
    });
    rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap().join(" | ")
}

/// What readers are shown of [`spent`].
pub(crate) fn totals(file: &File) -> String {
    ask(file, "SELECT customer, cents, times FROM spent_totals ORDER BY customer")
}

/// Everything that stands in the file, definitions too.
pub(crate) fn everything(file: &File) -> Vec<String> {
    let shell = file.shell();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let tables = rows(&shell, tables);
    let all = tables.split(" | ").map(|table| format!("SELECT * FROM \"{table}\""));
    let all = all.chain(["SELECT * FROM sqlite_schema".to_owned()]);
    all.map(|query| rows(&shell, &query)).collect()
}

/// Lets the projection work, which cannot go on, and says what is wrong with which statement.
pub(crate) fn stopped(bus: &Bus) -> (u64, Arc<PartError>) {
    let PartFailed { source, .. } = bus.catch_up().unwrap_err();
    let PartError::Handler { position, .. } = &*source else {
        panic!("{source:?}");
    };
    (position.get(), Arc::clone(&source))
}

pub(crate) fn statement_error(error: &PartError) -> &StatementError {
    let PartError::Handler { source, .. } = error else { panic!("{error:?}") };
    source.downcast_ref::<StatementError>().unwrap_or_else(|| panic!("{source:?}"))
}
