//! The rows of one table in two databases, side by side.
//!
//! Owns how rows are told apart, and when two are the same. Never changes any.

use std::cmp::Ordering;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use vitae::{RowDrift, TablesError};

use super::DeclarationError;
use super::error::{file, refused};
use super::schema::{columns, primary_key};
use super::value::{order_of, written};

/// Says how the stored rows of a table differ from the computed ones, in the order of their keys, and how
/// many of these there are.
pub(super) fn compare(
    table: &'static str,
    name: &str,
    (computed, stored): (&Connection, &Connection),
    differs: &mut dyn FnMut(RowDrift),
) -> Result<usize, TablesError> {
    let columns = columns(computed, name)?;
    if self::columns(stored, name)? != columns {
        return Err(refused(DeclarationError::NotAsDeclared { name: table }));
    }
    let sorted = Sorted::by(&columns, &primary_key(computed, name)?);
    let whole = |row: &Row<'_>| written(row, 0..columns.len());
    let differ = |computed: Option<&Row<'_>>, stored: Option<&Row<'_>>| {
        let Some(key) = computed.or(stored) else { return Ok(()) };
        differs(RowDrift {
            table: Some(table.to_owned()),
            key: written(key, sorted.key())?,
            stored: stored.map(whole).transpose()?,
            computed: computed.map(whole).transpose()?,
        });
        Ok(())
    };
    sorted.merge(name, (computed, stored), differ).map_err(file)
}

/// In which order the rows of a table are read.
struct Sorted {
    /// The places of all columns, those of the key first.
    places: Vec<usize>,
    /// How many of them tell rows apart.
    key: usize,
}

impl Sorted {
    /// Without a primary key, a row is told from others by all that stands in it.
    fn by(columns: &[String], primary_key: &[String]) -> Self {
        let place = |name| columns.iter().position(|column| column == name);
        let mut places: Vec<usize> = primary_key.iter().filter_map(place).collect();
        let key = if places.is_empty() { columns.len() } else { places.len() };
        let others: Vec<usize> = (0..columns.len()).filter(|at| !places.contains(at)).collect();
        places.extend(others);
        Self { places, key }
    }

    fn key(&self) -> impl Iterator<Item = usize> {
        self.places.iter().copied().take(self.key)
    }

    /// Walks along both, and hands out what is in one only, or not the same in both. Says how many rows
    /// were computed.
    fn merge(
        &self,
        name: &str,
        (computed, stored): (&Connection, &Connection),
        mut differ: impl FnMut(Option<&Row<'_>>, Option<&Row<'_>>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<usize> {
        let terms = self.places.iter().map(|place| format!("{} COLLATE BINARY", place + 1));
        let terms = terms.collect::<Vec<_>>().join(", ");
        let select = format!("SELECT * FROM \"{name}\" ORDER BY {terms}");
        let (mut computed, mut stored) = (computed.prepare(&select)?, stored.prepare(&select)?);
        let (mut computed, mut stored) = (computed.query(())?, stored.query(())?);
        let (mut one, mut other) = (computed.next()?, stored.next()?);
        let mut rows = 0;
        loop {
            let order = match (one, other) {
                (None, None) => return Ok(rows),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => self.order(one, other)?,
            };
            let both = one.zip(other).filter(|_| order.is_eq());
            if !both.is_some_and(|(one, other)| self.are_same(one, other)) {
                differ(one.filter(|_| order.is_le()), other.filter(|_| order.is_ge()))?;
            }
            if order.is_le() {
                one = computed.next()?;
                rows += 1;
            }
            if order.is_ge() {
                other = stored.next()?;
            }
        }
    }

    /// Which of two rows comes first; equal: they have one key.
    fn order(&self, one: &Row<'_>, other: &Row<'_>) -> rusqlite::Result<Ordering> {
        let mut is_key = true;
        for (at, place) in self.places.iter().enumerate() {
            if at == self.key && is_key {
                break;
            }
            let (one, other) = (one.get_ref(*place)?, other.get_ref(*place)?);
            let order = order_of(one, other);
            if order.is_ne() {
                return Ok(order);
            }
            // Several rows may have it in their primary key.
            is_key &= one != ValueRef::Null;
        }
        Ok(Ordering::Equal)
    }

    fn are_same(&self, one: &Row<'_>, other: &Row<'_>) -> bool {
        self.places.iter().all(|place| match (one.get_ref(*place), other.get_ref(*place)) {
            (Ok(ValueRef::Real(one)), Ok(ValueRef::Real(other))) => {
                one.to_bits() == other.to_bits()
            }
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        })
    }
}
