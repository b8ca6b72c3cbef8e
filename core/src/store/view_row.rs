//! The rows of views, and what a commit changes of them.

use crate::name::Name;
use crate::number::RowVersion;

/// A change of one view row.
#[derive(Clone, Debug)]
pub struct RowChange {
    /// The view.
    pub view: Name,
    /// The row's key.
    pub key: Vec<u8>,
    /// The version that the change was computed from; `None`: there was no row.
    pub expected: Option<RowVersion>,
    /// The new value, or `None` to delete the row. Deleting a row where none is expected changes
    /// nothing: it makes sure that there is none.
    pub value: Option<Vec<u8>>,
}

/// A row of a view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ViewRow {
    /// The row's key.
    pub key: Vec<u8>,
    /// Its version.
    pub version: RowVersion,
    /// Its value.
    pub value: Vec<u8>,
}
