//! A session of the reference system, taken over from its file.
//!
//! Owns how far an import has come: its checkpoint moves in the commit of a row's events, so an import
//! that is cut short goes on where it was, and one that is through changes nothing. Hooks and decisions
//! go through the same lifecycles and policies as those that are heard live. What the file does not
//! hold is not made up.
//!
//! | room | what it owns |
//! |---|---|
//! | `file` | reading a file of SQLite's without touching it |
//! | `row`, `tables`, `legacy` | what the file says |
//! | `steps` | in which order that becomes commits |
//! | `take` | the events of one commit |
//! | `events` | what has no other event |
//! | [`check()`] | that the log says what the file says |

mod check;
mod error;
mod events;
mod file;
mod legacy;
mod row;
mod steps;
mod tables;
mod take;

pub use check::{CheckError, Difference, check};
pub use error::{ImportError, LegacyError};
pub use events::{AgentImported, DecisionImported, RowKept, SessionImported};
pub use file::SCHEMA_VERSION;
pub use legacy::Legacy;

use std::ops::ControlFlow;

use vitae::store::{Checkpoint, CheckpointMove, Query, QueryItem, Read};
use vitae::{Alongside, Bus, Event, Name, tag};
use xxhash_rust::xxh3::xxh3_128;

use crate::session::Session;
use steps::Step;

/// A session on its way from its file into the log.
pub struct Import<'a> {
    bus: Bus,
    legacy: &'a Legacy,
    steps: Vec<Step<'a>>,
    name: Name,
    checkpoint: Option<Checkpoint>,
    /// How many steps were done, and the hash of their rows.
    done: usize,
    hash: u128,
}

impl<'a> Import<'a> {
    /// Begins an import, or goes on where an earlier one of the same session stopped.
    ///
    /// # Errors
    /// [`ImportError`] if the session is in the log, and not by an import of what the file holds.
    pub fn open(bus: Bus, legacy: &'a Legacy) -> Result<Self, ImportError> {
        let session = legacy.session();
        let name = Name::new(format!("import/{session}"))?;
        let steps = steps::of(legacy);
        let checkpoint = bus.store().checkpoint(&name)?;
        let (done, hash) = match &checkpoint {
            Some(checkpoint) => {
                let (done, hash) = read(&checkpoint.cursor).ok_or(ImportError::Checkpoint)?;
                let steps = steps.get(..done);
                if steps.is_none_or(|steps| steps.iter().fold(0, running_hash) != hash) {
                    return Err(ImportError::Changed { session: session.to_owned() });
                }
                (done, hash)
            }
            None if bus.load::<Session>(session)?.version().is_some() => {
                return Err(ImportError::SessionThere { session: session.to_owned() });
            }
            None => (0, 0),
        };
        Ok(Self { bus, legacy, steps, name, checkpoint, done, hash })
    }

    /// How many commits the import consists of.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.steps.len()
    }

    /// How many of them are in the log.
    #[must_use]
    pub const fn done(&self) -> usize {
        self.done
    }

    /// Makes the next commit; `false` if there is none left.
    ///
    /// # Errors
    /// [`ImportError::Row`]; the log is then as it was before.
    pub fn step(&mut self) -> Result<bool, ImportError> {
        let Some(step) = self.steps.get(self.done) else {
            return Ok(false);
        };
        let done = self.done.saturating_add(1);
        let hash = running_hash(self.hash, step);
        let cursor = format!("{done} {hash:032x}").into_bytes();
        let to = Checkpoint { position: None, checksum: None, cursor };
        let moved = CheckpointMove {
            name: self.name.clone(),
            from: self.checkpoint.clone(),
            to: to.clone(),
        };
        let session = self.legacy.session();
        let alongside = Alongside::new().commit_id(step.commit(session)).checkpoint(moved);
        take::step(&self.bus, session, step, &alongside).map_err(|source| {
            let raw = step.raw();
            let (table, row) = (raw.table.clone(), raw.row.clone());
            ImportError::Row { table, row, source: Box::new(source) }
        })?;
        (self.done, self.hash, self.checkpoint) = (done, hash, Some(to));
        Ok(true)
    }

    /// Every row that was kept as it is, by this import and those before it.
    ///
    /// # Errors
    /// [`ImportError`] if the log cannot be read.
    pub fn kept(&self) -> Result<Vec<RowKept>, ImportError> {
        let item = QueryItem {
            kinds: vec![Name::from_static(RowKept::KIND)?],
            tags: vec![tag("session", self.legacy.session())?],
            ..QueryItem::default()
        };
        let mut kept = Vec::new();
        self.bus.store().visit(Read::log(Query { items: vec![item] }), |event| {
            kept.push(event.decode::<RowKept>()?);
            Ok::<_, ImportError>(ControlFlow::Continue(()))
        })?;
        Ok(kept)
    }
}

/// The hash of the rows so far and a further one: it tells whether any has changed since.
fn running_hash(before: u128, step: &Step<'_>) -> u128 {
    xxh3_128(&[before.to_be_bytes(), step.digest().to_be_bytes()].concat())
}

/// What a checkpoint's cursor says: how many steps, and their hash.
fn read(cursor: &[u8]) -> Option<(usize, u128)> {
    let (done, hash) = std::str::from_utf8(cursor).ok()?.split_once(' ')?;
    Some((done.parse().ok()?, u128::from_str_radix(hash, 16).ok()?))
}
