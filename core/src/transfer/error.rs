//! What can go wrong while a log is exported or imported.

use std::io;

use crate::name::Name;
use crate::number::{GlobalPosition, KindVersion};
use crate::store::{AppendError, ReadError};

/// Why a log was not exported as a whole. What was written up to here is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The store could not be read.
    #[error("the store could not be read")]
    Read(#[from] ReadError),
    /// The lines could not be written.
    #[error("the export could not be written")]
    Write(#[from] io::Error),
}

/// Why an import stopped. The commits of the lines before this one are in the log; once what is
/// wrong is mended, the same import goes on from there.
#[derive(Debug, thiserror::Error)]
#[error("the export was not imported from line {line} on")]
pub struct ImportError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    #[source]
    pub reason: ImportReason,
}

/// Why a line was not imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportReason {
    /// The input could not be read.
    #[error("the export could not be read")]
    Read(#[source] io::Error),
    /// The line is longer than the limit, or the schemas up to here are, together.
    #[error("it is longer than {limit} bytes; import with a higher limit")]
    TooLong {
        /// The limit in bytes, inclusive.
        limit: usize,
    },
    /// The export ends before its end.
    #[error("the export is cut short; get it whole and import it again")]
    Cut,
    /// The first line is not that of an export.
    #[error("the file is not an export of a vitae log")]
    NotAnExport,
    /// The export is of another version.
    #[error("the export has version {found}, which this program does not know; update it")]
    OtherVersion {
        /// The version found.
        found: u32,
    },
    /// The line is not one that an export has.
    #[error("it is not a line of an export")]
    NotALine(#[source] serde_json::Error),
    /// A member of the line does not hold what an export has there.
    #[error("its `{member}` is not what an export has there")]
    BadMember {
        /// The name of the member.
        member: &'static str,
    },
    /// A line of this sort cannot stand here.
    #[error("it cannot stand here: {reason}")]
    Misplaced {
        /// Why not.
        reason: &'static str,
    },
    /// A kind and version has two schemas.
    #[error("the schema of `{kind}` version {version} stands there twice")]
    RepeatedSchema {
        /// The kind.
        kind: Name,
        /// Its version.
        version: KindVersion,
    },
    /// The log has another event at a position than the export: it is another log, or has moved on.
    #[error(
        "the log has another event at position {position}: it is not the exported one, or has moved \
         on; import into an empty store"
    )]
    Differs {
        /// The position.
        position: GlobalPosition,
    },
    /// The export has a payload as erased that the log still has, and no commit that is new to the
    /// log, with which it could be erased.
    #[error("the payload at position {position} is erased there and not here; erase it yourself")]
    NotErased {
        /// The position.
        position: GlobalPosition,
    },
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] ReadError),
    /// The store did not acknowledge the commit.
    #[error("the store did not acknowledge the commit")]
    Append(#[source] AppendError),
}
