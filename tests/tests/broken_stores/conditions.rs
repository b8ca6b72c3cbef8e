//! Flaws in how a commit is held against the log.

use std::thread;
use std::time::Duration;

use vitae::CommitId;
use vitae::store::{Commit, EventStore, ExpectedVersion, QueryItem, Ticket};
use vitae_tests::Draft;

use crate::commits::changed;
use crate::flaw::Flaw;

/// R5 and R17: looks first and writes then, and lets others in between.
#[derive(Default)]
pub(crate) struct OthersComeBetween;

impl Flaw for OthersComeBetween {
    fn append(&self, log: &dyn EventStore, mut commit: Commit) -> Ticket {
        let mut looking = Commit::new(CommitId::generate());
        looking.streams.clone_from(&commit.streams);
        looking.conditions.clone_from(&commit.conditions);
        let row = Draft::new().row("looking", b"", None, None).0.rows.remove(0);
        looking.rows.push(row);
        if log.receipt(commit.id).unwrap().is_none()
            && let Err(refused) = log.append(looking).wait()
        {
            return Ticket::ready(Err(refused));
        }
        thread::sleep(Duration::from_millis(1));
        for stream in &mut commit.streams {
            stream.expected = ExpectedVersion::Any;
        }
        commit.conditions.clear();
        log.append(commit)
    }
}

/// R17: of several conditions the first is looked at.
#[derive(Default)]
pub(crate) struct OneConditionIsLookedAt;

impl Flaw for OneConditionIsLookedAt {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| commit.conditions.truncate(1))
    }
}

/// R17: one of the tags of a condition is enough.
#[derive(Default)]
pub(crate) struct OneTagBreaksACondition;

impl Flaw for OneTagBreaksACondition {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for condition in &mut commit.conditions {
                condition.query.items = one_tag_each(&condition.query.items);
            }
        })
    }
}

/// R17: the position itself is looked at too.
#[derive(Default)]
pub(crate) struct AfterIsInclusive;

impl Flaw for AfterIsInclusive {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        changed(log, commit, |commit| {
            for condition in &mut commit.conditions {
                condition.after = condition.after.and_then(|after| after.previous());
            }
        })
    }
}

pub(crate) fn one_tag_each(items: &[QueryItem]) -> Vec<QueryItem> {
    let each = |item: &QueryItem| match item.tags.as_slice() {
        [] => vec![item.clone()],
        tags => {
            tags.iter().map(|tag| QueryItem { tags: vec![tag.clone()], ..item.clone() }).collect()
        }
    };
    items.iter().flat_map(each).collect()
}
