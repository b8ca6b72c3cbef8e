//! `watch`: everything live on the terminal.

use agent_runtime::overview::Scope;

use super::{Failure, Watched};

pub(super) fn watch(watched: &Watched) -> Result<(), Failure> {
    let name = watched.db.display().to_string();
    let scope = Scope::new(watched.session.as_deref())?;
    Ok(agent_runtime::watch::watch(name, watched.store()?, scope, watched.desk("watch"))?)
}
