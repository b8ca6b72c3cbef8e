//! The tree of a session's runs, derived from what forked and joined.

use std::ops::ControlFlow;

use vitae::store::{Query, QueryItem, Read, ReadError};
use vitae::{Bus, DecodeError, Event, InvalidName, Name, tag};

use crate::projections::{prefix, runs};
use crate::run::{Forked, Joined, RunStatus};

/// A run, and where it hangs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeRun {
    /// How many forks lie between it and the session that was asked for.
    pub depth: u32,
    /// The session that it is a run of: a branch's, or the one that was asked for.
    pub session: String,
    /// Its public id.
    pub run_id: String,
    /// The public id of the run that forked its branch.
    pub parent: Option<String>,
    /// How it stands.
    pub status: RunStatus,
    /// What came of its branch, once that was joined.
    pub result: Option<String>,
}

/// Why there is no tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The session's id cannot be part of a tag.
    #[error("an id is not valid")]
    InvalidName(#[from] InvalidName),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event could not be read.
    #[error("an event of the log cannot be read")]
    Decode(#[from] DecodeError),
}

/// A branch that a run forked.
struct Branch {
    parent: u32,
    session: String,
    result: Option<String>,
}

/// Every run of a session and of its branches, each before those that it forked, in the order in which
/// they were opened and forked.
///
/// # Errors
/// [`TreeError`] if the log cannot be read.
pub fn of_session(bus: &Bus, session: &str) -> Result<Vec<TreeRun>, TreeError> {
    let mut tree = Vec::new();
    // Those to come, the next one last: a stack of our own has no bound but the log's.
    let mut to_come = runs_of(bus, session, 0, None, None)?;
    while let Some((run, branches)) = to_come.pop() {
        let (depth, parent) = (run.depth.saturating_add(1), run.run_id.clone());
        tree.push(run);
        for Branch { session, result, .. } in branches.into_iter().rev() {
            to_come.extend(runs_of(bus, &session, depth, Some(&parent), result.as_deref())?);
        }
    }
    Ok(tree)
}

/// The runs of one session, the last one first, each with the branches that it forked.
fn runs_of(
    bus: &Bus,
    session: &str,
    depth: u32,
    parent: Option<&str>,
    result: Option<&str>,
) -> Result<Vec<(TreeRun, Vec<Branch>)>, TreeError> {
    let mut branches = branches_of(bus, session)?;
    let mut found = Vec::new();
    let rows = bus.view::<runs::RunRow>(runs::VIEW)?;
    for (row, number) in rows.scan(prefix(&[session])).zip(1_u32..) {
        let row = row?.1;
        let (own, others) = branches.into_iter().partition(|branch| branch.parent == number);
        branches = others;
        let run = TreeRun {
            depth,
            session: session.to_owned(),
            run_id: row.run_id,
            parent: parent.map(str::to_owned),
            status: row.status,
            result: result.map(str::to_owned),
        };
        found.push((run, own));
    }
    found.reverse();
    Ok(found)
}

/// The branches that a session's runs have forked, in one read.
fn branches_of(bus: &Bus, session: &str) -> Result<Vec<Branch>, TreeError> {
    let item = QueryItem {
        kinds: vec![Name::from_static(Forked::KIND)?, Name::from_static(Joined::KIND)?],
        tags: vec![tag("session", session)?],
        ..QueryItem::default()
    };
    let mut branches: Vec<Branch> = Vec::new();
    bus.store().visit(Read::log(Query { items: vec![item] }), |event| {
        if event.kind() == Forked::KIND {
            let Forked { place, branch: session, .. } = event.decode()?;
            branches.push(Branch { parent: place.run, session, result: None });
        } else {
            let Joined { branch, result, .. } = event.decode()?;
            let joined = branches.iter_mut().find(|known| known.session == branch);
            if let Some(joined) = joined {
                joined.result = Some(result);
            }
        }
        Ok::<_, TreeError>(ControlFlow::Continue(()))
    })?;
    Ok(branches)
}
