//! The answers to commands with a key: rows of the view `vitae.answers`.
//!
//! Owns their form and how they are forgotten. Never says whether a command was carried out: the log
//! does, by the id of the commit.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::DecideError;
use crate::bus::view::{RowError, decode_row, unreadable};
use crate::bus::{Alongside, Bus, CommitReason, Inner};
use crate::id::CommitId;
use crate::name::Name;
use crate::store::{ReadError, RowChange, ViewRow};
use crate::time::Timestamp;

/// How many rows are looked at, and at the most deleted, at a time.
const PAGE: usize = 256;

/// The view of the answers.
const VIEW: Name = Name::of_library("vitae.answers");

/// The rows of the view. Each row's key is the id of its commit; its value is the time by the bus's
/// clock, and the answer.
pub(super) struct Answers<'a> {
    inner: &'a Inner,
}

impl<'a> Answers<'a> {
    pub(super) fn of(bus: &'a Bus) -> Self {
        Self { inner: &bus.inner }
    }

    /// The row that keeps an answer.
    pub(super) fn row<E>(
        &self,
        commit: CommitId,
        answer: &impl Serialize,
    ) -> Result<RowChange, DecideError<E>> {
        let now = self.inner.home.clock.now().as_micros();
        let value = postcard::to_allocvec(&(now, answer)).map_err(DecideError::Answer)?;
        Ok(RowChange {
            view: VIEW,
            key: commit.as_bytes().to_vec(),
            expected: None,
            value: Some(value),
        })
    }

    pub(super) fn find<T: DeserializeOwned>(
        &self,
        commit: CommitId,
    ) -> Result<Option<T>, ReadError> {
        let Some(row) = self.inner.store.row(&VIEW, commit.as_bytes())? else {
            return Ok(None);
        };
        let (_, answer): (i64, T) = decode_row(&row.value).map_err(unreadable)?;
        Ok(Some(answer))
    }

    /// The deletion of a row if it is older than a time.
    fn deletion(&self, row: ViewRow, before: Timestamp) -> Result<Option<RowChange>, ReadError> {
        let (answered, _) = postcard::take_from_bytes::<i64>(&row.value)
            .map_err(|error| unreadable(RowError(Some(error))))?;
        let deletion =
            RowChange { view: VIEW, key: row.key, expected: Some(row.version), value: None };
        Ok((answered < before.as_micros()).then_some(deletion))
    }
}

impl Bus {
    /// Forgets the answers that were given before a time, by the clock of the bus, and says how many
    /// that were. The requests stay carried out: one that comes again is told so
    /// ([`DecideError::AnswerGone`]), and not decided anew.
    ///
    /// Looks at every answer that is kept, in pages, with a commit for each in which there was
    /// something to forget: a matter of now and then.
    ///
    /// # Errors
    /// [`CommitReason`] if the store cannot be read or does not acknowledge; what was forgotten before
    /// is. A retry is safe, and goes on with the rest.
    pub fn forget_answers(&self, before: Timestamp) -> Result<usize, CommitReason> {
        let answers = Answers::of(self);
        let mut forgotten = 0;
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = self.store().rows(&VIEW, &[], after.as_deref(), PAGE)?;
            let Some(last) = rows.last() else { return Ok(forgotten) };
            after = Some(last.key.clone());
            let mut alongside = Alongside::new();
            for row in rows {
                if let Some(deletion) = answers.deletion(row, before)? {
                    alongside = alongside.row(deletion);
                    forgotten += 1;
                }
            }
            if !alongside.rows.is_empty() {
                self.commit_alongside((), alongside).map_err(|error| error.into_parts().1)?;
            }
        }
    }
}
