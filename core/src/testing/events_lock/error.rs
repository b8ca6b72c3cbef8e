//! How a lock and the events can differ, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::name::InvalidName;
use crate::schema::CHANGED_SHAPE;

/// Why events do not fit their lock.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventsLockError {
    /// There is no lock yet.
    #[error("`{}` does not exist; write it with `VITAE_EVENTS_LOCK=write`", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be read.
    #[error("`{}` could not be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file could not be written. It is as it was.
    #[error("`{}` could not be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of the file is none of a lock.
    #[error(
        "`{}`, line {line}: {reason}; give the line back, or write the file with \
         `VITAE_EVENTS_LOCK=write`",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The events differ from the file.
    #[error("the events differ from `{}`:{}", path.display(), Listed(differences))]
    Differs {
        /// The file.
        path: PathBuf,
        /// Each difference, ordered by kind and version.
        differences: Vec<LockDifference>,
    },
    /// The events differ from each other.
    #[error("the events differ from each other:{}", Listed(.0))]
    Contradiction(Vec<LockDifference>),
    /// A stored name cannot be a name.
    #[error("a name is not valid")]
    InvalidName(#[from] InvalidName),
}

/// How an event differs from the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LockDifference {
    /// The event has another shape under the same version.
    Changed {
        /// The stored name.
        kind: String,
        /// The version.
        version: u32,
        /// The shape in the lock.
        locked: String,
        /// The shape in this program.
        here: String,
    },
    /// The lock does not have the event, or not in this version.
    New {
        /// The stored name.
        kind: String,
        /// The version.
        version: u32,
    },
    /// This program does not have the event any more, or not in this version.
    Removed {
        /// The stored name.
        kind: String,
        /// The version.
        version: u32,
    },
    /// Two types of this program have one stored name and version, and different shapes.
    TwoShapes {
        /// The stored name.
        kind: String,
        /// The version.
        version: u32,
        /// The shapes, in the order in which they were added.
        shapes: [String; 2],
    },
}

impl fmt::Display for LockDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { kind, version, locked, here } => write!(
                f,
                "`{kind}` version {version} has another shape than in the lock; {CHANGED_SHAPE} \
                 (lock: {locked}; here: {here})"
            ),
            Self::New { kind, version } => write!(
                f,
                "`{kind}` version {version} is new; write the lock with `VITAE_EVENTS_LOCK=write`"
            ),
            Self::Removed { kind, version } => write!(
                f,
                "`{kind}` version {version} is in the lock and not here; logs that hold it can no \
                 longer be read: give it back, or, if no log holds it, write the lock with \
                 `VITAE_EVENTS_LOCK=write`"
            ),
            Self::TwoShapes { kind, version, shapes: [one, other] } => write!(
                f,
                "`{kind}` version {version} has two shapes here; {CHANGED_SHAPE}, or give one of \
                 them another name (one: {one}; other: {other})"
            ),
        }
    }
}

/// Differences, an indented line each.
struct Listed<'a>(&'a [LockDifference]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
    }
}
