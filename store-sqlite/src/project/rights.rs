//! What may be done on a projection's connection, and for how long.
//!
//! Owns the answers to SQLite's authorizer, which is set once for each connection, and the count of steps.
//! What is not listed is denied. Never looks at the text of a statement.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::error::Fault;

/// After how many steps SQLite tells of them.
const TOLD_EVERY: u16 = 1_000;

/// The functions of SQLite that come to the same whenever and wherever they are asked.
const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "ceil",
    "ceiling",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "dense_rank",
    "first_value",
    "floor",
    "format",
    "glob",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_extract",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "nullif",
    "octet_length",
    "printf",
    "quote",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "substr",
    "substring",
    "sum",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unlikely",
    "upper",
];

/// The tables and indexes of one generation, as they are called in the file.
#[derive(Default)]
pub(super) struct Own {
    pub(super) tables: HashSet<String>,
    pub(super) indexes: HashSet<String>,
}

/// Whose statements are run.
pub(super) enum May {
    /// Nobody's.
    Nothing,
    /// The store's.
    Everything,
    /// Those that make the tables.
    Make(Arc<Own>),
    /// Those that handlers have handed out.
    Write(Arc<Own>),
}

/// The rights on one connection, for as long as somebody has them.
#[derive(Clone)]
pub(super) struct Rights(Arc<State>);

struct State {
    may: Mutex<May>,
    /// How many steps are left.
    left: AtomicU64,
}

impl Rights {
    /// Holds a connection to what is [allowed](Self::during) from now on.
    pub(super) fn over(connection: &mut Connection) -> Result<Self, Fault> {
        let rights =
            Self(Arc::new(State { may: Mutex::new(May::Nothing), left: AtomicU64::new(u64::MAX) }));
        let (asked, counted) = (rights.clone(), rights.clone());
        connection.authorizer(Some(move |asks: AuthContext<'_>| asked.judge(&asks)))?;
        connection.progress_handler(TOLD_EVERY.into(), Some(move || counted.is_spent()))?;
        Ok(rights)
    }

    /// Allows something while `work` is done, and so many steps for it.
    pub(super) fn during<T>(&self, may: May, steps: u64, work: impl FnOnce() -> T) -> T {
        let before = self.set(may, steps);
        let _restored = Restored(self, Some(before));
        work()
    }

    fn set(&self, may: May, steps: u64) -> (May, u64) {
        let mut now = self.0.may.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::replace(&mut *now, may), self.0.left.swap(steps, Ordering::Relaxed))
    }

    fn judge(&self, asks: &AuthContext<'_>) -> Authorization {
        let may = self.0.may.lock().unwrap_or_else(PoisonError::into_inner);
        let allowed = match &*may {
            May::Nothing => false,
            May::Everything => true,
            May::Make(own) => own.may_make(&asks.action),
            May::Write(own) => own.may_write(&asks.action),
        };
        if allowed { Authorization::Allow } else { Authorization::Deny }
    }

    /// Counts steps, and says whether there are none left.
    fn is_spent(&self) -> bool {
        let left = self.0.left.load(Ordering::Relaxed);
        let left = if left == u64::MAX { left } else { left.saturating_sub(TOLD_EVERY.into()) };
        self.0.left.store(left, Ordering::Relaxed);
        left == 0
    }
}

/// Puts back what was allowed before, however the work ends.
struct Restored<'r>(&'r Rights, Option<(May, u64)>);

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        if let Some((may, steps)) = self.1.take() {
            self.0.set(may, steps);
        }
    }
}

impl Own {
    /// SQLite asks of each table that is read or written, by a subquery, a view or a trigger too.
    fn may_write(&self, action: &AuthAction<'_>) -> bool {
        match action {
            AuthAction::Select | AuthAction::Recursive => true,
            AuthAction::Read { table_name, .. }
            | AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name } => self.tables.contains(*table_name),
            AuthAction::Function { function_name } => FUNCTIONS.contains(function_name),
            _ => false,
        }
    }

    /// A table or an index is made by rows in SQLite's own table, which it protects from statements that
    /// name it.
    fn may_make(&self, action: &AuthAction<'_>) -> bool {
        match action {
            AuthAction::CreateTable { table_name } => self.tables.contains(*table_name),
            AuthAction::CreateIndex { index_name, table_name } => {
                let of_constraint = index_name.starts_with("sqlite_autoindex_");
                (of_constraint || self.indexes.contains(*index_name))
                    && self.tables.contains(*table_name)
            }
            AuthAction::Reindex { index_name } => self.indexes.contains(*index_name),
            AuthAction::Insert { table_name } => *table_name == "sqlite_master",
            AuthAction::Read { table_name, .. } | AuthAction::Update { table_name, .. } => {
                *table_name == "sqlite_master" || self.tables.contains(*table_name)
            }
            AuthAction::Function { function_name } => FUNCTIONS.contains(function_name),
            _ => false,
        }
    }
}
