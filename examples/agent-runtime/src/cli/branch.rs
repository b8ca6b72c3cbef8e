//! `fork`, `join`: a part of the work for an agent of its own, and what came of it.
//!
//! Either is typed by a person, or by an agent in a turn, whose environment says the session.

use std::path::PathBuf;
use std::sync::Arc;

use agent_runtime::branches::branch_session;
use agent_runtime::live::SESSION;
use agent_runtime::session::Session;
use agent_runtime::supervisor::Supervisor;
use clap::Args;
use vitae::Bus;

use super::Failure;
use super::attention::{now, say};
use super::context::only_session;

#[derive(Args)]
pub(crate) struct Branch {
    /// The agent session that the branch has.
    agent: String,
    /// The store.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// The session that it descends from: unless set, AGENT_RUNTIME_SESSION, else the only one there is.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
}

impl Branch {
    fn open(&self) -> Result<(Bus, String), Failure> {
        let bus =
            agent_runtime::bus(Arc::new(agent_runtime::store_options().open_existing(&self.db)?))?;
        let session = match self.session.clone().or_else(|| std::env::var(SESSION).ok()) {
            Some(session) => session,
            None => only_session(bus.store().as_ref())?,
        };
        Ok((bus, session))
    }
}

pub(super) fn fork(branch: &Branch, by: Option<&str>, task: &str) -> Result<(), Failure> {
    let (bus, session) = branch.open()?;
    let by = match by {
        Some(by) => by.to_owned(),
        None => {
            let agent = bus.load::<Session>(&session)?.state().line().agent.clone();
            agent.ok_or_else(|| {
                format!("no agent of `{session}` was heard yet; say which forks with --by")
            })?
        }
    };
    let name = Supervisor::new(bus, session).fork_run(&by, &branch.agent, task, now())?;
    say(&format!("{name}: what agent session {} reports belongs to it", branch.agent))
}

pub(super) fn join(branch: &Branch, result: &str) -> Result<(), Failure> {
    let (bus, session) = branch.open()?;
    let name = branch_session(&session, &branch.agent);
    Supervisor::new(bus, session).join_run(&branch.agent, result, now())?;
    say(&format!("{name}: joined"))
}
