//! `import`: a session of the reference system, from its file.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use agent_runtime::import::{Import, Legacy, check};
use indicatif::{ProgressBar, ProgressStyle};
use vitae_sqlite::SqliteStore;

use super::Failure;

pub(super) fn import(legacy: &Path, db: &Path) -> Result<(), Failure> {
    // Before the store: a file that is refused leaves no store behind.
    let legacy = Legacy::read(legacy)?;
    // The reference system bounds nothing.
    let mut limits = agent_runtime::limits();
    limits.max_payload_bytes = limits.max_payload_bytes.max(legacy.largest_payload());
    let store = SqliteStore::options().limits(limits).open(db)?;
    let bus = agent_runtime::bus(Arc::new(store))?;
    let mut import = Import::open(bus.clone(), &legacy)?;
    let before = import.done();
    let progress = progress(import.total());
    while import.step()? {
        progress.set_position(u64::try_from(import.done()).unwrap_or(u64::MAX));
    }
    progress.finish_and_clear();
    let now = import.done().saturating_sub(before);
    let mut out = io::stdout().lock();
    let session = legacy.session();
    writeln!(out, "session {session}: {now} commits made, {before} were there before")?;
    for kept in import.kept()? {
        writeln!(out, "kept as it is: table `{}`, row `{}`: {}", kept.table, kept.row, kept.why)?;
    }
    let differences = check(&bus, &legacy)?;
    for difference in &differences {
        writeln!(out, "{difference}")?;
    }
    match differences.len() {
        0 => Ok(writeln!(out, "the log says what the file says")?),
        1 => Err("the log differs from the file in 1 place".into()),
        count => Err(format!("the log differs from the file in {count} places").into()),
    }
}

/// Shown on a terminal only.
fn progress(total: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
    match ProgressStyle::with_template("{wide_bar} {pos} of {len}, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
