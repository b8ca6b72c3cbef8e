//! What can go wrong with the tables of a projection.
//!
//! Owns which of SQLite's errors are a statement's own, and which are the file's. Never looks at their text.

use rusqlite::ffi;
use vitae::TablesError;
use vitae::store::AppendError;

use crate::error::{Fault, OpenError};

/// Why a projection's tables were not opened. Nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableProjectionError {
    /// The projection, a table or an index has a name that it cannot have.
    #[error("`{name}` cannot be a name here; take 1 to 64 of a-z, 0-9 and _")]
    InvalidName {
        /// The name.
        name: String,
    },
    /// Two of its tables and indexes have one name.
    #[error("two tables or indexes are named `{name}`; rename one of them")]
    Repeated {
        /// The name.
        name: &'static str,
    },
    /// It declares no table.
    #[error("the projection `{projection}` declares no table; declare one")]
    NoTable {
        /// The projection.
        projection: String,
    },
    /// The file could not be opened once more.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// Why the tables of a projection could not be made, shown or compared as they were declared. Nothing was
/// written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// SQLite does not take the statement, or it is none that makes what was declared.
    #[error("`{name}` could not be made by `{statement}`")]
    Refused {
        /// The table or index.
        name: &'static str,
        /// What was declared.
        statement: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// It has names in braces that were not declared.
    #[error("`{statement}` names `{name}` in braces, which is not declared")]
    Undeclared {
        /// The name.
        name: String,
        /// What was declared.
        statement: &'static str,
    },
    /// The statements have made other things than were declared.
    #[error(
        "what was declared has not made `{name}`; let each statement make what it is declared as"
    )]
    NotMade {
        /// The table or index that is not there.
        name: &'static str,
    },
    /// A table refers to another one, which would have to be looked at with each of its changes.
    #[error("the table `{name}` has a foreign key; leave it out, for the log says what there is")]
    ForeignKey {
        /// The table.
        name: &'static str,
    },
    /// The table in the file is another one than is declared now, or is not there, so its rows are not compared.
    #[error("the table `{name}` is not as it is declared; raise the version, or begin its shadow")]
    NotAsDeclared {
        /// The table.
        name: &'static str,
    },
    /// The view through which a table is read cannot be made: something else has its name, perhaps.
    #[error("the view `{view}` could not be made; rename the projection or the table")]
    View {
        /// The view.
        view: String,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

/// Why what a handler has handed out could not be written. The tables are as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// It names what is not declared.
    #[error("`{statement}` names `{name}` in braces, which is not declared")]
    Undeclared {
        /// The name.
        name: String,
        /// The statement.
        statement: &'static str,
    },
    /// It, and what stood before it in the batch, came to more steps than a batch may have.
    #[error(
        "`{statement}` came to more than {steps} steps of SQLite; give it an index, or raise the \
         bound"
    )]
    TooMuch {
        /// The statement.
        statement: &'static str,
        /// The bound.
        steps: u64,
    },
    /// It has ended the transaction.
    #[error("`{statement}` has ended the transaction")]
    Ended {
        /// The statement.
        statement: &'static str,
    },
    /// SQLite does not take it: it says `not authorized` if a statement is of a kind that is refused, or
    /// goes to other tables than the projection's own.
    #[error("`{statement}` failed")]
    Failed {
        /// The statement.
        statement: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

/// An error of SQLite, as one of the statement if it is that, else of the file.
pub(super) fn blame(
    error: rusqlite::Error,
    statement: impl FnOnce(rusqlite::Error) -> TablesError,
) -> TablesError {
    if is_of_statement(&error) {
        return statement(error);
    }
    file(error)
}

pub(super) fn refused(error: DeclarationError) -> TablesError {
    TablesError::Tables(error.into())
}

pub(super) fn file(error: rusqlite::Error) -> TablesError {
    TablesError::Append(AppendError::from(Fault::from(error)))
}

fn is_of_statement(error: &rusqlite::Error) -> bool {
    // Those without a code are of rusqlite: parameters, rows, more than one statement.
    let Some(code) = error.sqlite_error().map(|error| error.extended_code) else {
        return true;
    };
    matches!(
        // The low byte of an extended code is the primary one.
        code & 0xff,
        ffi::SQLITE_ERROR
            | ffi::SQLITE_AUTH
            | ffi::SQLITE_CONSTRAINT
            | ffi::SQLITE_INTERRUPT
            | ffi::SQLITE_MISMATCH
            | ffi::SQLITE_MISUSE
            | ffi::SQLITE_NOMEM
            | ffi::SQLITE_RANGE
            | ffi::SQLITE_TOOBIG
    )
}

pub(super) fn was_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted)
}
