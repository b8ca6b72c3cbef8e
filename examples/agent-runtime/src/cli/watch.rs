//! `watch`: everything live on the terminal.

use agent_runtime::overview::query;

use super::{Failure, Watched};

pub(super) fn watch(watched: &Watched) -> Result<(), Failure> {
    let (name, query) = (watched.db.display().to_string(), query(watched.session.as_deref())?);
    Ok(agent_runtime::watch::watch(name, watched.store()?, query, watched.desk())?)
}
