//! Projections into tables of their own, in the store's file.
//!
//! Owns how one is declared. What its statements do (`sql`), what they may do (`rights`), the tables as they
//! are made and shown (`schema`), its turns at the desk (`tables`), and the tables that are
//! computed anew to be compared with them (`recomputed`, `compare`, `value`) have a room each. Whatever a
//! statement does, only its own transaction can suffer.

mod compare;
mod declared;
mod error;
mod recomputed;
mod rights;
mod schema;
mod sql;
mod tables;
mod value;

use std::fmt;
use std::sync::Arc;

use vitae::{Context, Event, HandlerError, Handlers, ProjectionInTables};

use crate::SqliteStore;
use declared::{Declaration, Declared};
use tables::SqlTables;

pub use error::{DeclarationError, StatementError, TableProjectionError};
pub use sql::Sql;

/// How many steps of SQLite the statements of a batch may come to, unless set.
const STEPS: u64 = 5_000_000;

/// A projection into tables of its own, beside the log in the store's file. It follows the log, and its
/// tables change in one transaction with its checkpoint.
///
/// A handler sees one event, and hands out [statements](Sql::execute). They may read and change the
/// projection's own tables, and nothing else; a statement that is refused, fails or takes too long harms the
/// projection alone, and the error says on which event. They are run after the handlers of a batch were
/// asked, with the file held: commits wait meanwhile, up to the [bound](Self::steps).
///
/// The same events must come to the same rows, so functions that know the time, are random or depend on
/// the connection are refused: what the time is, an event's
/// [`occurred_at`](vitae::Context::occurred_at) says.
///
/// Readers ask a view `<projection>_<table>` with any tool, or on [`SqliteStore::sql_reader`].
///
/// [`Bus::drift`](vitae::Bus::drift) computes the tables in a temporary database of SQLite's and compares them
/// with the live ones. In what differs, key and row are values as SQL has them, in the order of the columns:
/// `'Ada', 4200`, `NULL`, `X'00ff'`. A row is told from others by the table's primary key, else by all of it; two
/// values are the same if their types and bytes are.
///
/// ```
/// # use std::sync::Arc;
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Bus, Event, Lifecycle};
/// # use vitae_sqlite::{SqliteStore, TableProjection};
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "order.paid")]
/// # struct Paid { customer: String, cents: i64 }
/// # #[derive(Lifecycle, Clone)]
/// # #[lifecycle(name = "order")]
/// # enum Order {
/// #     #[state(initial)]
/// #     #[on(Paid => Settled)]
/// #     Open,
/// #     #[state(terminal)]
/// #     Settled,
/// # }
/// # impl OrderTransitions for Order {}
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("events.db");
/// use vitae_sqlite::rusqlite::params;
///
/// let store = Arc::new(SqliteStore::open(&path)?);
/// let takings = TableProjection::new("takings", 1)
///     .table("by_customer", "CREATE TABLE {by_customer} (customer TEXT PRIMARY KEY, cents INTEGER) STRICT")
///     .index("by_cents", "CREATE INDEX {by_cents} ON {by_customer} (cents)")
///     .on(|event: &Paid, _, sql| {
///         sql.execute(
///             "INSERT INTO {by_customer} VALUES (?1, ?2)
///              ON CONFLICT DO UPDATE SET cents = cents + excluded.cents",
///             params![event.customer, event.cents],
///         )
///     });
/// let bus = Bus::builder(store.clone()).projection_in_tables(takings.open(&store)?).open()?;
///
/// bus.commit(bus.load::<Order>("7")?.record(Paid { customer: "Ada".into(), cents: 4_200 })?)?;
/// bus.catch_up()?;
/// let most = "SELECT customer FROM takings_by_customer ORDER BY cents DESC LIMIT 1";
/// let most: String = store.sql_reader()?.query_row(most, (), |row| row.get(0))?;
/// assert_eq!(most, "Ada");
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing happens before `open`"]
pub struct TableProjection {
    name: String,
    version: u32,
    batch: Option<usize>,
    steps: u64,
    declarations: Vec<Declaration>,
    handlers: Handlers<Sql>,
}

impl fmt::Debug for TableProjection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableProjection").field("name", &self.name).finish_non_exhaustive()
    }
}

impl TableProjection {
    /// A projection that has no table and handles no event yet. Its name has 1 to 64 of `a-z`, `0-9` and
    /// `_`, and no other projection of the bus has it.
    ///
    /// The version is that of tables and handlers: raise it whenever they come to others than before.
    /// Then tables of the new version are filled from the first event on, beside the live ones, which
    /// readers see until the others have caught up: a [shadow](vitae::Shadow), as of any projection that
    /// follows the log.
    pub fn new(name: impl Into<String>, version: u32) -> Self {
        Self {
            name: name.into(),
            version,
            batch: None,
            steps: STEPS,
            declarations: Vec::new(),
            handlers: Handlers::default(),
        }
    }

    /// Declares a table: its name, of the same letters, and the `CREATE TABLE` that makes it, in which the name
    /// stands in braces. `CREATE TABLE … AS`, `AUTOINCREMENT` and foreign keys are refused.
    pub fn table(mut self, name: &'static str, statement: &'static str) -> Self {
        self.declarations.push(Declaration { name, statement, is_table: true });
        self
    }

    /// Declares an index of a table that was declared before: its name, and the `CREATE INDEX` that makes
    /// it, in which both names stand in braces.
    pub fn index(mut self, name: &'static str, statement: &'static str) -> Self {
        self.declarations.push(Declaration { name, statement, is_table: false });
        self
    }

    /// What an event of a kind does to the tables. A kind has one handler: a bus does not open with two
    /// ([`OpenError::TwoHandlers`](vitae::OpenError::TwoHandlers)).
    pub fn on<E: Event>(
        mut self,
        handler: impl Fn(&E, &Context, &mut Sql) -> Result<(), HandlerError> + Send + Sync + 'static,
    ) -> Self {
        self.handlers = self.handlers.on(handler);
        self
    }

    /// Sets how many events at the most are one transaction: 1,024 unless set; 0 is taken as 1.
    pub const fn batch(mut self, events: usize) -> Self {
        self.batch = Some(events);
        self
    }

    /// Sets how many steps of SQLite's machine the statements of a transaction may come to, which is what
    /// a commit may have to wait for: 5,000,000 unless set; less than 100,000 is
    /// taken as that. A batch that comes to more is written in part; if one event alone does, the
    /// projection cannot go on. Counted in thousands.
    pub const fn steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }

    /// Makes the projection ready for a bus over this store, with a connection of its own. Writes nothing.
    ///
    /// # Errors
    /// [`TableProjectionError`].
    pub fn open(
        self,
        store: &Arc<SqliteStore>,
    ) -> Result<ProjectionInTables, TableProjectionError> {
        let declared = Declared::new(self.name.clone(), self.declarations)?;
        let tables = SqlTables::open(declared, self.steps, store)?;
        let projection = ProjectionInTables::new(self.name, self.version, self.handlers, tables);
        Ok(match self.batch {
            Some(events) => projection.batch(events),
            None => projection,
        })
    }
}
