//! What is asked of the file before a commit is written.
//!
//! Owns the rules that need the file: what is expected of streams, schemas, conditions, checkpoints, rows
//! and snapshots. Never writes what a commit holds.

use std::sync::Arc;

use foldhash::HashMap;
use vitae::store::{AppendError, Commit, Page, Read, RegisteredSchema, RowChange, StreamAppend};
use vitae::{KindVersion, Name, StreamId, StreamVersion};

use super::memory::Known;
use super::{Step, Stop, Transaction, conflict, out_of_range, too_many};
use crate::list::StreamList;
use crate::{block, lookup, read, sql};

/// What the checks have found, and the writing needs.
pub(super) struct Plan {
    /// For each schema of the commit the number of its kind, `None` if it has none yet.
    pub(super) kinds: Vec<Option<i64>>,
    /// What is known of each stream of the commit, `None` if it is new.
    pub(super) streams: Vec<Option<Known>>,
}

impl Plan {
    /// The version of a stream of the commit, 0 if it has no event.
    fn version(&self, stream: usize) -> u64 {
        self.streams.get(stream).copied().flatten().map_or(0, |known| known.version)
    }
}

impl Transaction<'_> {
    /// Checks a commit that is not in the log.
    pub(super) fn check(&mut self, commit: &Commit) -> Step<Plan> {
        let kinds = self.check_schemas(&commit.schemas)?;
        let plan = Plan { kinds, streams: self.check_streams(commit)? };
        self.check_conditions(commit)?;
        let head = self.head_after(commit)?;
        self.check_checkpoints(commit, head)?;
        self.check_rows(commit)?;
        self.check_snapshots(commit, &plan)?;
        if commit.erasures.iter().any(|position| position.get() > self.pending.head) {
            return Err(out_of_range("the position of an erasure"));
        }
        Ok(plan)
    }

    fn check_schemas(&mut self, schemas: &[RegisteredSchema]) -> Step<Vec<Option<i64>>> {
        let mut offered: HashMap<_, &Arc<str>> = HashMap::default();
        let mut numbers = Vec::with_capacity(schemas.len());
        for schema in schemas {
            let key = (schema.kind.clone(), schema.version);
            let (number, stored) = match self.kind(&key)? {
                Some((number, stored)) => (Some(number), stored),
                None => (None, Arc::clone(offered.entry(key).or_insert(&schema.schema))),
            };
            if *stored != *schema.schema {
                return Err(Stop::Refused(AppendError::SchemaMismatch {
                    kind: schema.kind.clone(),
                    version: schema.version,
                    stored,
                    offered: Arc::clone(&schema.schema),
                }));
            }
            numbers.push(number);
        }
        Ok(numbers)
    }

    /// The number of a kind in this file and its schema.
    pub(super) fn kind(&mut self, key: &(Name, KindVersion)) -> Step<Option<(i64, Arc<str>)>> {
        if let Some((number, schema)) = self.memory.kinds.get(key) {
            return Ok(Some((*number, Arc::clone(schema))));
        }
        let Some(found) = lookup::kind(self.connection(), key)? else { return Ok(None) };
        self.memory.kinds.insert(key.clone(), found.clone());
        Ok(Some(found))
    }

    fn check_streams(&mut self, commit: &Commit) -> Step<Vec<Option<Known>>> {
        let mut streams = Vec::with_capacity(commit.streams.len());
        let added = u64::try_from(commit.events.len()).map_err(|_| too_many())?;
        for StreamAppend { id, expected } in &commit.streams {
            let found = self.stream(id)?;
            let version = found.map_or(0, |known| known.version);
            let actual = StreamVersion::new(version);
            if !expected.accepts(actual) {
                return Err(conflict(id, *expected, actual));
            }
            if version.saturating_add(added) > block::MAX_VERSION {
                return Err(out_of_range("the version of an event"));
            }
            streams.push(found);
        }
        Ok(streams)
    }

    /// What is known of a stream, `None` if the file does not have it.
    pub(super) fn stream(&mut self, id: &StreamId) -> Step<Option<Known>> {
        if let Some(found) = self.memory.stream(id) {
            return Ok(Some(found));
        }
        let Some(mut list) = StreamList::find(self.connection(), id)? else {
            return Ok(None);
        };
        self.moment.complete(&mut list)?;
        list.extend(self.pending.stream(list.number));
        Ok(Some(self.memory.remember(id, list.number, list.version())))
    }

    fn check_conditions(&mut self, commit: &Commit) -> Step<()> {
        if commit.conditions.is_empty() {
            return Ok(());
        }
        self.write_block()?;
        let moment = self.moment.later(self.pending.head);
        let mut page = Page::new();
        for (index, condition) in commit.conditions.iter().enumerate() {
            let mut question = Read::log(condition.query.clone()).page_of(1);
            if let Some(after) = condition.after {
                let Some(from) = after.next() else { continue };
                question = question.from_position(from);
            }
            read::read(&moment, &mut self.memory.names, &question, &mut page)?;
            if let Some(event) = page.iter().next() {
                return Err(Stop::Refused(AppendError::ConditionFailed {
                    condition: index,
                    position: event.position(),
                }));
            }
        }
        Ok(())
    }

    /// The position of the last event after a commit.
    fn head_after(&self, commit: &Commit) -> Step<u64> {
        u64::try_from(commit.events.len())
            .ok()
            .and_then(|events| self.pending.head.checked_add(events))
            .filter(|head| i64::try_from(*head).is_ok())
            .ok_or_else(|| out_of_range("the position of an event"))
    }

    fn check_checkpoints(&self, commit: &Commit, head: u64) -> Step<()> {
        for moved in &commit.checkpoints {
            let actual = lookup::checkpoint(self.connection(), &moved.name)?;
            if actual != moved.from {
                return Err(Stop::Refused(AppendError::CheckpointConflict {
                    name: moved.name.clone(),
                    actual,
                }));
            }
            if moved.to.position.is_some_and(|position| position.get() > head) {
                return Err(out_of_range("a checkpoint's position"));
            }
        }
        Ok(())
    }

    fn check_rows(&self, commit: &Commit) -> Step<()> {
        if commit.rows.is_empty() {
            return Ok(());
        }
        let mut select = self.connection().prepare_cached(sql::ROW_VERSION)?;
        for RowChange { view, key, expected, .. } in &commit.rows {
            let actual = lookup::row_version(&mut select, view, key)?;
            if actual != *expected {
                return Err(Stop::Refused(AppendError::StaleRow {
                    view: view.clone(),
                    key: key.clone(),
                    actual,
                }));
            }
        }
        Ok(())
    }

    /// None may be of more than its stream holds after the commit.
    fn check_snapshots(&mut self, commit: &Commit, plan: &Plan) -> Step<()> {
        for kept in &commit.snapshots {
            let index = commit.streams.iter().position(|stream| stream.id == kept.stream);
            let (before, added) = match index {
                Some(index) => {
                    let added = commit.events.iter().filter(|event| event.stream == index).count();
                    let before = plan.version(index);
                    (before, u64::try_from(added).map_err(|_| too_many())?)
                }
                None => (self.stream(&kept.stream)?.map_or(0, |known| known.version), 0),
            };
            if kept.version.get() > before.saturating_add(added) {
                return Err(out_of_range("a snapshot's version"));
            }
        }
        Ok(())
    }
}
