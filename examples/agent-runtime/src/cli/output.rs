//! Tables for people, JSON lines for programs.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;
use vitae::Timestamp;

use super::Failure;

/// Writes rows as they come: JSON lines at once, a table at the end.
pub(super) struct Output {
    table: Option<Table>,
    out: io::BufWriter<io::StdoutLock<'static>>,
}

impl Output {
    pub(super) fn new(json: bool, columns: &[&str]) -> Self {
        let table = (!json).then(|| {
            let mut table = Table::new();
            table
                .load_style(presets::UTF8_BORDERS_ONLY)
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_header(columns);
            table
        });
        Self { table, out: io::BufWriter::new(io::stdout().lock()) }
    }

    /// Adds a row: its JSON, and its cells.
    pub(super) fn row(
        &mut self,
        json: impl FnOnce() -> Value,
        cells: impl FnOnce() -> Vec<String>,
    ) -> Result<(), Failure> {
        match &mut self.table {
            Some(table) => {
                table.add_row(cells());
            }
            None => writeln!(self.out, "{}", json())?,
        }
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<(), Failure> {
        if let Some(table) = self.table {
            writeln!(self.out, "{table}")?;
        }
        Ok(self.out.flush()?)
    }
}

/// A cell of something that may be missing.
pub(super) fn maybe(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// The time of day in UTC, to the millisecond.
pub(super) fn time_of_day(at: Timestamp) -> String {
    at.to_string().get(11..23).unwrap_or_default().to_owned()
}
