//! Commits: everything is checked, then everything is written.
//!
//! Owns the order in which a commit is checked. Never writes before the last check has passed, so
//! that nothing has to be undone.

use std::collections::HashMap;

use super::state::{Row, State, Stored, Stream};
use crate::id::EventId;
use crate::name::StreamId;
use crate::number::{GlobalPosition, RowVersion, StreamVersion};
use crate::store::{
    AppendError, CheckpointMove, Checksum, Commit, Digest, InvalidCommit, NewEvent, Payload,
    Receipt, RowChange, Snapshot,
};
use crate::time::Timestamp;

impl State {
    /// Takes a commit that has passed [`Commit::check`].
    pub(super) fn append(
        &mut self,
        commit: Commit,
        now: Timestamp,
    ) -> Result<Receipt, AppendError> {
        let digest = commit.digest();
        if let Some(first) = self.receipts.get(&commit.id) {
            return if first.digest == digest {
                Ok(first.clone().repeated())
            } else {
                Err(AppendError::IdempotencyConflict { commit: commit.id })
            };
        }
        self.check_schemas(&commit)?;
        self.check_streams(&commit)?;
        self.check_conditions(&commit)?;
        let head = self.head_after(&commit)?;
        self.check_checkpoints(&commit, head)?;
        self.check_rows(&commit)?;
        self.check_snapshots(&commit)?;
        self.check_erasures(&commit)?;
        let number = self
            .last_commit
            .checked_add(1)
            .and_then(RowVersion::new)
            .ok_or(out_of_range("the number of the commit"))?;
        let recorded_at = commit.recorded_at(now);
        Ok(self.write(commit, digest, recorded_at, number))
    }

    fn check_schemas(&self, commit: &Commit) -> Result<(), AppendError> {
        let mut offered = HashMap::new();
        for schema in &commit.schemas {
            let stored =
                self.schemas.get(&(schema.kind.clone(), schema.version)).unwrap_or_else(|| {
                    offered.entry((&schema.kind, schema.version)).or_insert(&schema.schema)
                });
            if *stored != schema.schema {
                return Err(AppendError::SchemaMismatch {
                    kind: schema.kind.clone(),
                    version: schema.version,
                    stored: stored.clone(),
                    offered: schema.schema.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_streams(&self, commit: &Commit) -> Result<(), AppendError> {
        for append in &commit.streams {
            let actual = self.stream(&append.id).and_then(Stream::version);
            if !append.expected.accepts(actual) {
                return Err(AppendError::Conflict {
                    stream: append.id.clone(),
                    expected: append.expected,
                    actual,
                });
            }
        }
        Ok(())
    }

    fn check_conditions(&self, commit: &Commit) -> Result<(), AppendError> {
        for (index, condition) in commit.conditions.iter().enumerate() {
            let matching = self
                .after(condition.after)
                .iter()
                .find(|event| self.matches(event, &condition.query));
            if let Some(event) = matching {
                return Err(AppendError::ConditionFailed {
                    condition: index,
                    position: event.position,
                });
            }
        }
        Ok(())
    }

    fn head_after(&self, commit: &Commit) -> Result<Option<GlobalPosition>, AppendError> {
        let head = self.head().map_or(0, GlobalPosition::get);
        u64::try_from(commit.events.len())
            .ok()
            .and_then(|events| head.checked_add(events))
            .map(GlobalPosition::new)
            .ok_or(out_of_range("the position of an event"))
    }

    fn check_checkpoints(
        &self,
        commit: &Commit,
        head: Option<GlobalPosition>,
    ) -> Result<(), AppendError> {
        for CheckpointMove { name, from, to } in &commit.checkpoints {
            let actual = self.checkpoints.get(name);
            if actual != from.as_ref() {
                return Err(AppendError::CheckpointConflict {
                    name: name.clone(),
                    actual: actual.cloned(),
                });
            }
            if to.position > head {
                return Err(out_of_range("a checkpoint's position"));
            }
        }
        Ok(())
    }

    fn check_rows(&self, commit: &Commit) -> Result<(), AppendError> {
        for row in &commit.rows {
            let actual = self.row_version(&row.view, &row.key);
            if actual != row.expected {
                return Err(AppendError::StaleRow {
                    view: row.view.clone(),
                    key: row.key.clone(),
                    actual,
                });
            }
        }
        Ok(())
    }

    fn check_snapshots(&self, commit: &Commit) -> Result<(), AppendError> {
        if commit.snapshots.is_empty() {
            return Ok(());
        }
        let mut appended: HashMap<&StreamId, u64> = HashMap::new();
        for event in &commit.events {
            if let Some(append) = commit.streams.get(event.stream) {
                *appended.entry(&append.id).or_default() += 1;
            }
        }
        for Snapshot { stream, version, .. } in &commit.snapshots {
            let before = self.stream(stream).and_then(Stream::version);
            let after = before.map_or(0, StreamVersion::get)
                + appended.get(stream).copied().unwrap_or_default();
            if version.get() > after {
                return Err(out_of_range("a snapshot's version"));
            }
        }
        Ok(())
    }

    fn check_erasures(&self, commit: &Commit) -> Result<(), AppendError> {
        if commit.erasures.iter().any(|position| Some(*position) > self.head()) {
            return Err(out_of_range("the position of an erasure"));
        }
        Ok(())
    }

    fn write(
        &mut self,
        commit: Commit,
        digest: Digest,
        recorded_at: Timestamp,
        number: RowVersion,
    ) -> Receipt {
        self.last_commit = number.get();
        let appended = commit.appended();
        for schema in commit.schemas {
            let key = (schema.kind, schema.version);
            self.schemas.entry(key).or_insert(schema.schema);
        }
        // A stream of which something was only expected does not come into being.
        let streams: Vec<Option<usize>> = appended
            .into_iter()
            .zip(commit.streams)
            .map(|(appended, stream)| appended.then(|| self.stream_number(stream.id)))
            .collect();
        for position in commit.erasures {
            self.erase(position);
        }
        let before = self.events.len();
        for (index, mut event) in (0_u32..).zip(commit.events) {
            let id = EventId { commit: commit.id, index };
            // `Commit::check` has made sure of the stream.
            if let Some(stream) = streams.get(event.stream).copied().flatten() {
                event.stream = stream;
                self.write_event(event, id, recorded_at);
            }
        }
        for moved in commit.checkpoints {
            self.checkpoints.insert(moved.name, moved.to);
        }
        for row in commit.rows {
            self.write_row(row, number);
        }
        for snapshot in commit.snapshots {
            self.write_snapshot(snapshot);
        }
        let first = self.events.get(before).map(|event| event.position);
        let receipt = Receipt::new(commit.id, first.zip(self.head()), recorded_at, digest);
        self.receipts.insert(commit.id, receipt.clone());
        receipt
    }

    fn erase(&mut self, position: GlobalPosition) {
        let index = usize::try_from(position.get() - 1).ok();
        let Some(stored) = index.and_then(|index| self.events.get_mut(index)) else { return };
        stored.event.payload = Payload::erased(stored.event.payload.digest());
        // It may live on in the state that a snapshot keeps.
        if let Some(stream) = self.streams.get(stored.event.stream) {
            self.snapshots.remove(&stream.id);
            self.erased_streams.insert(stream.id.clone());
        }
    }

    fn stream_number(&mut self, id: StreamId) -> usize {
        let next = self.streams.len();
        let number = *self.stream_numbers.entry(id.clone()).or_insert(next);
        if number == next {
            self.streams.push(Stream { id, events: Vec::new() });
        }
        number
    }

    fn write_event(&mut self, event: NewEvent, id: EventId, recorded_at: Timestamp) {
        let Some(stream) = self.streams.get_mut(event.stream) else {
            return;
        };
        let position =
            self.events.last().map_or(Some(GlobalPosition::FIRST), |last| last.position.next());
        let version = stream.version().map_or(Some(StreamVersion::FIRST), StreamVersion::next);
        // No memory holds so many events that one of these is `None`.
        let (Some(position), Some(version)) = (position, version) else {
            return;
        };
        let mut stored =
            Stored { position, version, id, recorded_at, checksum: Checksum(0), event };
        stored.checksum = stored.header(&stream.id).checksum(stored.event.payload.digest());
        if stored.event.payload.bytes().is_err() {
            self.erased_streams.insert(stream.id.clone());
        }
        stream.events.push(self.events.len());
        self.events.push(stored);
    }

    fn write_row(&mut self, row: RowChange, version: RowVersion) {
        let view = self.views.entry(row.view).or_default();
        match row.value {
            Some(value) => view.insert(row.key, Row { version, value }),
            None => view.remove(&row.key),
        };
    }

    fn write_snapshot(&mut self, snapshot: Snapshot) {
        if self.erased_streams.contains(&snapshot.stream) {
            return;
        }
        let kept = self.snapshots.get(&snapshot.stream).map(|(kept, _)| kept.version);
        if kept.is_none_or(|kept| kept <= snapshot.version) {
            let checksum = snapshot.checksum();
            self.snapshots.insert(snapshot.stream.clone(), (snapshot, checksum));
        }
    }
}

fn out_of_range(what: &'static str) -> AppendError {
    InvalidCommit::OutOfRange { what }.into()
}
