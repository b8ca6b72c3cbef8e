//! What is heard of branches: that a run forks one, and what came of it.

use std::ops::ControlFlow;

use vitae::store::{Query, QueryItem, Read};
use vitae::{Event, Name, tag};

use super::{Heard, SuperviseError, Supervisor};
use crate::branches::{branch_session, is_branch_of};
use crate::relay::RelayRequested;
use crate::request::{PermissionAsked, StopAsked};
use crate::run::{Forked, Joined, Run, Running, run_stream};
use crate::session::Session;

impl Supervisor {
    /// The supervisor of the session that an agent session is heard in: its own if it is that of a
    /// branch, else this one. A request of a branch is one of that session.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn of_agent(&self, agent: &str) -> Result<Self, SuperviseError> {
        let branch = branch_session(&self.root, agent);
        let is_branch = self.bus.load::<Session>(&branch)?.state().line().origin.is_some();
        let session = if is_branch { branch } else { self.session.clone() };
        let turn_of = self.turn_of.clone();
        Ok(Self { bus: self.bus.clone(), session, turn_of, root: self.root.clone() })
    }

    /// The supervisor of the session that a request or a question was asked in: that of a branch of this
    /// one's, or this one.
    ///
    /// # Errors
    /// [`SuperviseError`] if the log cannot be read.
    pub fn of_request(&self, request: &str) -> Result<Self, SuperviseError> {
        let kinds = [PermissionAsked::KIND, StopAsked::KIND, RelayRequested::KIND];
        let kinds = kinds.into_iter().map(Name::from_static).collect::<Result<_, _>>()?;
        let tags = vec![tag("request", request)?];
        let item = QueryItem { kinds, tags, ..QueryItem::default() };
        let mut session = self.session.clone();
        self.bus.store().visit(Read::log(Query { items: vec![item] }), |event| {
            let place = match event.kind() {
                PermissionAsked::KIND => event.decode::<PermissionAsked>()?.place,
                RelayRequested::KIND => event.decode::<RelayRequested>()?.place,
                _ => event.decode::<StopAsked>()?.place,
            };
            if self.has_branch(&place.session)? {
                session = place.session;
                return Ok(ControlFlow::Break(()));
            }
            Ok::<_, SuperviseError>(ControlFlow::Continue(()))
        })?;
        let turn_of = self.turn_of.clone();
        Ok(Self { bus: self.bus.clone(), session, turn_of, root: self.root.clone() })
    }

    /// Whether a session is a branch of this one, or of one of its branches.
    pub(super) fn has_branch(&self, session: &str) -> Result<bool, SuperviseError> {
        // Anybody can give a session such a name.
        if !is_branch_of(session, &self.root) {
            return Ok(false);
        }
        let session = self.bus.load::<Session>(session)?;
        Ok(session.state().line().origin.as_ref().is_some_and(|origin| origin.root == self.root))
    }

    /// The open run of an agent session forks a branch with an agent session of its own. From now on
    /// what that reports belongs to the branch. Gives the branch's session.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow); also if no run is open, the agent session of the
    /// branch is one that was heard of, or branches would nest deeper than
    /// [`MAX_DEPTH`](crate::session::MAX_DEPTH).
    pub fn fork_run(
        &self,
        by: &str,
        agent: &str,
        prompt: &str,
        heard: Heard,
    ) -> Result<String, SuperviseError> {
        let root = Self::new(self.bus.clone(), self.root.clone());
        if agent == by || !root.owners_of(agent)?.is_empty() {
            return Err(SuperviseError::AgentHeardBefore { agent: agent.to_owned() });
        }
        let forking = self.of_agent(by)?;
        let session = forking.load::<Session>(&forking.session, &heard)?;
        let line = session.state().line();
        if !line.run_is_open {
            return Err(SuperviseError::NoOpenRun { agent: by.to_owned() });
        }
        let run = run_stream(&forking.session, line.runs);
        let branch = branch_session(&self.root, agent);
        let forked = Forked {
            place: forking.place(&session, line.runs),
            branch: branch.clone(),
            agent: agent.to_owned(),
            prompt: prompt.to_owned(),
        };
        let running = forking.load::<Run>(&run, &heard)?.at::<Running>()?.record(forked)?;
        self.commit(running, heard)?;
        Ok(branch)
    }

    /// A branch has come to a result. Its open run is closed with it.
    ///
    /// # Errors
    /// As [`start_workflow`](Self::start_workflow); also if there is no such branch, it was joined
    /// before, or the run that forked it has closed: then the branch was over, and its result counts
    /// nothing.
    pub fn join_run(&self, agent: &str, result: &str, heard: Heard) -> Result<(), SuperviseError> {
        let branch = branch_session(&self.root, agent);
        let Some(origin) = self.load::<Session>(&branch, &heard)?.state().line().origin.clone()
        else {
            let (agent, session) = (agent.to_owned(), self.root.clone());
            return Err(SuperviseError::UnknownBranch { agent, session });
        };
        let running = self.load::<Run>(&origin.parent, &heard)?.at::<Running>()?;
        let place = running.state().place.clone();
        let joined = Joined { place, branch, result: result.to_owned() };
        self.commit(running.record(joined)?, heard)
    }
}
