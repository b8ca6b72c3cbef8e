//! One row of any table, as it is stored: SQLite holds any type in any column.
//!
//! Owns what a column's value is taken for. Knows no table.

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::{Map, json};

/// What is not understood of a row, in words.
pub(super) type Misfit = String;

/// A row as it is stored.
pub(super) struct Row {
    /// The columns in their order.
    columns: Vec<(String, Value)>,
    /// The number that SQLite gave it; else which of the table's rows it is.
    number: i64,
}

/// Hands over each row of a table, in the order of a column, and of their numbers.
pub(super) fn each_row(
    db: &Connection,
    table: &str,
    order: Option<&str>,
    mut then: impl FnMut(Row),
) -> rusqlite::Result<()> {
    let name = table.replace('"', "\"\"");
    let order = order.map(|column| format!("{column}, ")).unwrap_or_default();
    let sql = |number| format!("SELECT {number}, * FROM \"{name}\" ORDER BY {order}1");
    // A table may have been made without numbers.
    let numbered = db.prepare(&sql("_rowid_"));
    let mut statement = numbered.or_else(|_| db.prepare(&sql("row_number() OVER ()")))?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let mut columns = Vec::new();
        for (index, name) in names.iter().enumerate().skip(1) {
            columns.push((name.clone(), value(row.get_ref(index)?)));
        }
        then(Row { columns, number: row.get(0)? });
    }
    Ok(())
}

/// A value; text that is no UTF-8 is bytes.
fn value(stored: rusqlite::types::ValueRef<'_>) -> Value {
    use rusqlite::types::ValueRef;
    match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

impl Row {
    /// What a person finds the row by: its id, or its number in a table that has no ids. No two rows
    /// have the same.
    pub(super) fn name(&self, key: Option<&str>) -> String {
        match key.map(|key| self.text(key)) {
            Some(Ok(id)) => id,
            Some(Err(_)) => format!("row {}", self.number),
            None => self.number.to_string(),
        }
    }

    /// When it happened, by the column that says so.
    pub(super) fn time(&self) -> Option<i64> {
        let columns = ["timestamp", "started_at", "created_at"];
        columns.iter().find_map(|column| self.whole(column).ok())
    }

    /// The whole row as JSON text, in the order of the columns' names.
    pub(super) fn json(&self) -> String {
        let columns = self.columns.iter().map(|(name, value)| {
            let value = match value {
                Value::Null => json!(null),
                Value::Integer(number) => json!(number),
                Value::Real(number) if number.is_finite() => json!(number),
                Value::Real(number) => json!({ "real": number.to_string() }),
                Value::Text(text) => json!(text),
                Value::Blob(bytes) => json!({ "hex": hex(bytes) }),
            };
            (name.clone(), value)
        });
        serde_json::Value::Object(columns.collect::<Map<_, _>>()).to_string()
    }

    pub(super) fn text(&self, column: &str) -> Result<String, Misfit> {
        match self.get(column)? {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(format!("`{column}` is not text")),
        }
    }

    pub(super) fn whole(&self, column: &str) -> Result<i64, Misfit> {
        match self.get(column)? {
            Value::Integer(number) => Ok(*number),
            _ => Err(format!("`{column}` is not a whole number")),
        }
    }

    /// A count; it is not negative.
    pub(super) fn count<N: TryFrom<i64>>(&self, column: &str) -> Result<N, Misfit> {
        let number = self.whole(column)?;
        N::try_from(number).map_err(|_| format!("`{column}` is {number}, which is out of range"))
    }

    /// What a function makes of a column that may be null.
    pub(super) fn maybe<T>(
        &self,
        column: &str,
        read: impl FnOnce(&Self, &str) -> Result<T, Misfit>,
    ) -> Result<Option<T>, Misfit> {
        match self.get(column)? {
            Value::Null => Ok(None),
            _ => read(self, column).map(Some),
        }
    }

    fn get(&self, column: &str) -> Result<&Value, Misfit> {
        let found = self.columns.iter().find(|(name, _)| name == column);
        found.map(|(_, value)| value).ok_or_else(|| format!("it has no column `{column}`"))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
