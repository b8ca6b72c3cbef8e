//! `tree`: the runs of a session, and the branches that they forked.

use std::io::{self, Write};
use std::sync::Arc;

use agent_runtime::branches;
use serde_json::json;
use vitae_sqlite::SqliteStore;

use super::context::only_session;
use super::{Failure, Listing};

pub(super) fn tree(listing: &Listing) -> Result<(), Failure> {
    let store = SqliteStore::open_read_only(&listing.db)?;
    let session = match &listing.session {
        Some(session) => session.clone(),
        None => only_session(&store)?,
    };
    let bus = agent_runtime::bus(Arc::new(store))?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    for run in branches::of_session(&bus, &session)? {
        let status = run.status.as_str();
        if listing.json {
            let line = json!({
                "depth": run.depth,
                "session": run.session,
                "run_id": run.run_id,
                "parent": run.parent,
                "status": status,
                "result": run.result,
            });
            writeln!(out, "{line}")?;
            continue;
        }
        let indent = "  ".repeat(usize::try_from(run.depth)?);
        let result = run.result.map_or_else(String::new, |result| format!(": {result}"));
        writeln!(out, "{indent}{} {status}{result}", run.run_id)?;
    }
    Ok(out.flush()?)
}
