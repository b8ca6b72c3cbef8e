//! Comparing what a projection keeps with what the log comes to.
//!
//! Owns the list of what differs, and how long it may become. Rows under keys (`rows`) and tables (`tables`)
//! have a room each. Never changes what is stored.

mod rows;
mod tables;

use std::fmt;

use super::catch_up::Makes;
use super::parts::Part;
use super::{Bus, RebuildError};

pub(super) use tables::Live;
pub use tables::Recomputed;

/// How many rows are listed at the most.
const LISTED: usize = 1_024;

/// How many bytes the rows that are listed may hold before no other is.
const LISTED_BYTES: usize = 16 << 20;

/// How what a projection keeps differs from what the log comes to.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Drift {
    /// How many rows the log comes to, in all tables together.
    pub rows: usize,
    /// The first rows that differ, table by table and in the order of their keys: up to 1,024, and none
    /// after those that hold 16 MiB together. Empty: everything is right.
    pub differing: Vec<RowDrift>,
    /// How many rows differ beyond those.
    pub unlisted: usize,
}

/// A row that is not what the log comes to.
///
/// Under a key, key and values are the bytes that are stored. In a table, they are texts in the words of its
/// store: for `vitae-sqlite`, values as SQL has them, separated by commas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowDrift {
    /// The table that it is in, as it was declared; `None` if it stands under a key.
    pub table: Option<String>,
    /// Its key: what tells it from other rows.
    pub key: Vec<u8>,
    /// What is stored; `None` if there is no such row.
    pub stored: Option<Vec<u8>>,
    /// What the log comes to; `None` if there should be no such row.
    pub computed: Option<Vec<u8>>,
}

impl fmt::Display for RowDrift {
    /// For people: bytes that are no text are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(char::is_control) => text.to_owned(),
            _ => bytes.escape_ascii().to_string(),
        };
        let value = |value: &Option<Vec<u8>>| {
            value
                .as_ref()
                .map_or_else(|| "no row".to_owned(), |value| format!("({})", shown(value)))
        };
        if let Some(table) = &self.table {
            write!(f, "{table} ")?;
        }
        let (stored, computed) = (value(&self.stored), value(&self.computed));
        write!(f, "({}): stored {stored}, computed {computed}", shown(&self.key))
    }
}

/// What differs, as it is found.
#[derive(Default)]
struct Found {
    drift: Drift,
    bytes: usize,
}

impl Found {
    fn add(&mut self, row: RowDrift) {
        if self.drift.differing.len() == LISTED || self.bytes >= LISTED_BYTES {
            self.drift.unlisted += 1;
            return;
        }
        let values = [Some(&row.key), row.stored.as_ref(), row.computed.as_ref()];
        self.bytes += values.into_iter().flatten().map(Vec::len).sum::<usize>();
        self.drift.differing.push(row);
    }

    /// What was found when the log comes to so many rows.
    fn of(self, rows: usize) -> Drift {
        Drift { rows, ..self.drift }
    }
}

impl Bus {
    /// Computes what a projection keeps from the first event, and compares it with what is stored, both at
    /// one moment: a check for handlers that depend on more than their events, and for rows that somebody
    /// changed by hand. Nothing is written, and no commit waits for it.
    ///
    /// For rows under keys it takes memory for all rows of the view, twice. If they change while they are
    /// read, the events behind that are dealt with, and they are read again. For [tables](crate::Tables),
    /// which are computed where their store says, it takes memory for what is listed.
    ///
    /// An event whose payload was erased comes to nothing: what is stored of it differs.
    ///
    /// # Errors
    /// [`RebuildError`] if no projection of this bus has the name, what is stored was made by another version
    /// of it, the store cannot be read, or a handler fails; [`RebuildError::Contended`] if others got in
    /// the way each of 16 times: of rows under keys if they changed meanwhile, of tables if others
    /// became the live ones. A retry is safe.
    pub fn drift(&self, projection: impl AsRef<str>) -> Result<Drift, RebuildError> {
        let (name, inner) = (projection.as_ref(), &self.inner);
        if let Some(inline) = inner.projections.find(name) {
            return inner.drift_of_inline(inline);
        }
        match inner.catching_up.iter().find(|part| part.name().as_str() == name) {
            Some(part) => match &part.makes {
                Makes::Rows(rows) => inner.drift_of_rows(part, rows),
                Makes::Tables(tables) => inner.drift_of_tables(part, &**tables),
            },
            None => Err(RebuildError::NoSuchProjection { view: name.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(table: Option<&str>, key: &[u8], stored: Option<&[u8]>) -> RowDrift {
        let (table, stored) = (table.map(str::to_owned), stored.map(<[u8]>::to_vec));
        RowDrift { table, key: key.to_vec(), stored, computed: Some(b"'x', 1".to_vec()) }
    }

    #[test]
    fn what_is_listed_is_bounded_by_rows_and_by_bytes_and_the_rest_is_counted() {
        let mut many = Found::default();
        (0..LISTED + 3).for_each(|_| many.add(row(None, b"key", None)));
        let many = many.of(7);
        assert_eq!((many.rows, many.differing.len(), many.unlisted), (7, LISTED, 3));

        let mut large = Found::default();
        let half = vec![0; LISTED_BYTES / 2];
        (0..4).for_each(|_| large.add(row(None, b"key", Some(&half))));
        let large = large.of(4);
        assert_eq!((large.differing.len(), large.unlisted), (2, 2));
    }

    #[test]
    fn a_row_that_differs_is_shown_as_text_where_it_is_text() {
        let of_table = row(Some("totals"), b"'ada'", Some("'ä', 2".as_bytes()));
        let shown = "totals ('ada'): stored ('ä', 2), computed ('x', 1)";
        assert_eq!(of_table.to_string(), shown);
        let of_view = row(None, b"\xff", Some(b"\0\n"));
        assert_eq!(of_view.to_string(), "(\\xff): stored (\\x00\\n), computed ('x', 1)");
        let none = row(None, b"a", None);
        assert_eq!(none.to_string(), "(a): stored no row, computed ('x', 1)");
    }
}
