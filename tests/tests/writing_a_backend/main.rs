//! A store in as few lines as it takes: `docs/writing-a-backend.md` explains it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vitae::store::{
    AppendError, Changes, Checkpoint, CheckpointMove, Checksum, Commit, Damage, Digest, Direction,
    EventHeader, EventStore, InvalidCommit, Limits, NewEvent, Page, Payload, Publisher, Read,
    ReadError, Receipt, RegisteredSchema, Selection, Snapshot, Ticket, ViewRow,
};
use vitae::testing::store::Backend;
use vitae::{
    Clock, CommitId, EventId, GlobalPosition, LogId, Name, RowVersion, StreamId, StreamVersion,
    SystemClock, Timestamp,
};

/// A store whose every question is a walk through a vector.
struct VecStore {
    log_id: LogId,
    log: Mutex<Log>,
    publisher: Publisher,
}

#[derive(Default)]
struct Log {
    /// The event at position p stands at index p - 1.
    events: Vec<Stored>,
    receipts: Vec<Receipt>,
    schemas: Vec<RegisteredSchema>,
    checkpoints: Vec<(Name, Checkpoint)>,
    rows: Vec<(Name, ViewRow)>,
    /// One of a stream.
    snapshots: Vec<Snapshot>,
}

struct Stored {
    position: GlobalPosition,
    stream: StreamId,
    version: StreamVersion,
    id: EventId,
    recorded_at: Timestamp,
    checksum: Checksum,
    event: NewEvent,
}

impl VecStore {
    fn new() -> Self {
        let publisher = Publisher::new(None);
        Self { log_id: LogId::generate(), log: Mutex::default(), publisher }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // Everything is checked before anything is written: what a panic leaves is whole.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stored {
    fn header(&self) -> EventHeader<'_> {
        EventHeader {
            position: self.position.get(),
            category: self.stream.category().as_str(),
            stream: self.stream.id().as_str(),
            version: self.version.get(),
            kind: self.event.kind.as_str(),
            kind_version: self.event.kind_version.get(),
            id: self.id,
            occurred_at: self.event.occurred_at.as_micros(),
            recorded_at: self.recorded_at.as_micros(),
            correlation: self.event.correlation.as_bytes(),
            causation: self.event.causation,
            tags: self.event.tags.as_bytes(),
            metadata: self.event.metadata.as_bytes(),
        }
    }

    /// Puts the event on a page, which holds it against its checksum.
    fn show(&self, page: &mut Page) -> Result<(), ReadError> {
        page.push(&self.header(), self.event.payload.as_stored(), self.checksum)
    }
}

impl Log {
    fn append(&mut self, commit: Commit, now: Timestamp) -> Result<Receipt, AppendError> {
        let digest = commit.digest();
        if let Some(first) = self.receipts.iter().find(|receipt| receipt.commit == commit.id) {
            return if first.digest == digest {
                Ok(first.clone().repeated())
            } else {
                Err(AppendError::IdempotencyConflict { commit: commit.id })
            };
        }
        self.check_schemas(&commit)?;
        self.check_streams(&commit)?;
        self.check_conditions(&commit)?;
        self.check_checkpoints(&commit)?;
        self.check_rows(&commit)?;
        self.check_snapshots(&commit)?;
        self.check_erasures(&commit)?;
        let recorded_at = commit.recorded_at(now);
        Ok(self.write(commit, digest, recorded_at))
    }

    fn check_schemas(&self, commit: &Commit) -> Result<(), AppendError> {
        for (index, offered) in commit.schemas.iter().enumerate() {
            let mut known = self.schemas.iter().chain(commit.schemas.iter().take(index));
            let same = |known: &&RegisteredSchema| {
                (&known.kind, known.version) == (&offered.kind, offered.version)
            };
            if let Some(stored) = known.find(same).filter(|known| known.schema != offered.schema) {
                return Err(AppendError::SchemaMismatch {
                    kind: offered.kind.clone(),
                    version: offered.version,
                    stored: stored.schema.clone(),
                    offered: offered.schema.clone(),
                });
            }
        }
        Ok(())
    }

    fn check_streams(&self, commit: &Commit) -> Result<(), AppendError> {
        for stream in &commit.streams {
            let actual = self.stream_version(&stream.id);
            if !stream.expected.accepts(actual) {
                let (stream, expected) = (stream.id.clone(), stream.expected);
                return Err(AppendError::Conflict { stream, expected, actual });
            }
        }
        Ok(())
    }

    fn check_conditions(&self, commit: &Commit) -> Result<(), AppendError> {
        for (condition, asked) in commit.conditions.iter().enumerate() {
            let mut later = self.events.iter().filter(|event| Some(event.position) > asked.after);
            if let Some(event) = later.find(|event| event.header().matches(&asked.query)) {
                return Err(AppendError::ConditionFailed { condition, position: event.position });
            }
        }
        Ok(())
    }

    fn check_checkpoints(&self, commit: &Commit) -> Result<(), AppendError> {
        let head = self.events.len() + commit.events.len();
        for CheckpointMove { name, from, to } in &commit.checkpoints {
            let actual = self.checkpoint(name);
            if actual != *from {
                return Err(AppendError::CheckpointConflict { name: name.clone(), actual });
            }
            if to.position.is_some_and(|position| position.get() > head as u64) {
                return Err(InvalidCommit::OutOfRange { what: "a checkpoint's position" }.into());
            }
        }
        Ok(())
    }

    fn check_rows(&self, commit: &Commit) -> Result<(), AppendError> {
        for row in &commit.rows {
            let actual = self.row(&row.view, &row.key).map(|row| row.version);
            if actual != row.expected {
                let (view, key) = (row.view.clone(), row.key.clone());
                return Err(AppendError::StaleRow { view, key, actual });
            }
        }
        Ok(())
    }

    fn check_snapshots(&self, commit: &Commit) -> Result<(), AppendError> {
        for Snapshot { stream, version, .. } in &commit.snapshots {
            let of_stream = |event: &&NewEvent| commit.streams[event.stream].id == *stream;
            let appended = commit.events.iter().filter(of_stream).count();
            let before = self.stream_version(stream).map_or(0, StreamVersion::get);
            if version.get() > before + appended as u64 {
                return Err(InvalidCommit::OutOfRange { what: "a snapshot's version" }.into());
            }
        }
        Ok(())
    }

    fn check_erasures(&self, commit: &Commit) -> Result<(), AppendError> {
        if commit.erasures.iter().any(|position| Some(*position) > self.head()) {
            return Err(InvalidCommit::OutOfRange { what: "the position of an erasure" }.into());
        }
        Ok(())
    }

    fn write(&mut self, commit: Commit, digest: Digest, now: Timestamp) -> Receipt {
        for position in commit.erasures {
            self.erase(position);
        }
        let before = self.events.len();
        for (index, event) in (0..).zip(commit.events) {
            let stream = commit.streams[event.stream].id.clone();
            self.write_event(stream, EventId { commit: commit.id, index }, event, now);
        }
        for schema in commit.schemas {
            if !self.schemas.contains(&schema) {
                self.schemas.push(schema);
            }
        }
        for moved in commit.checkpoints {
            self.checkpoints.retain(|(name, _)| *name != moved.name);
            self.checkpoints.push((moved.name, moved.to));
        }
        // The number of the commit: no row has the same version twice, not even one made again.
        let version = RowVersion::new(self.receipts.len() as u64 + 1).unwrap();
        for row in commit.rows {
            self.rows.retain(|(view, old)| (view, &old.key) != (&row.view, &row.key));
            let key = row.key;
            let written = row.value.map(|value| (row.view, ViewRow { key, version, value }));
            self.rows.extend(written);
        }
        for snapshot in commit.snapshots {
            self.keep(snapshot);
        }
        let first = self.events.get(before).map(|event| event.position);
        let receipt = Receipt::new(commit.id, first.zip(self.head()), now, digest);
        self.receipts.push(receipt.clone());
        receipt
    }

    fn write_event(&mut self, stream: StreamId, id: EventId, event: NewEvent, now: Timestamp) {
        let position = GlobalPosition::new(self.events.len() as u64 + 1).unwrap();
        let last = self.stream_version(&stream);
        let version = last.map_or(StreamVersion::FIRST, |last| last.next().unwrap());
        let (recorded_at, checksum) = (now, Checksum(0));
        let mut stored = Stored { position, stream, version, id, recorded_at, checksum, event };
        stored.checksum = stored.header().checksum(stored.event.payload.digest());
        self.events.push(stored);
    }

    fn erase(&mut self, position: GlobalPosition) {
        let stored = &mut self.events[position.get() as usize - 1];
        stored.event.payload = Payload::erased(stored.event.payload.digest());
        self.snapshots.retain(|kept| kept.stream != stored.stream);
    }

    fn keep(&mut self, snapshot: Snapshot) {
        let erased = |event: &Stored| event.event.payload.bytes().is_err();
        if self.events.iter().any(|event| event.stream == snapshot.stream && erased(event)) {
            return;
        }
        let of_stream = |kept: &&Snapshot| kept.stream == snapshot.stream;
        let kept = self.snapshots.iter().find(of_stream).map(|kept| kept.version);
        if kept <= Some(snapshot.version) {
            self.snapshots.retain(|kept| kept.stream != snapshot.stream);
            self.snapshots.push(snapshot);
        }
    }

    fn head(&self) -> Option<GlobalPosition> {
        self.events.last().map(|event| event.position)
    }

    fn stream_version(&self, id: &StreamId) -> Option<StreamVersion> {
        self.events.iter().rev().find(|event| event.stream == *id).map(|event| event.version)
    }

    fn checkpoint(&self, name: &Name) -> Option<Checkpoint> {
        let mut checkpoints = self.checkpoints.iter();
        checkpoints.find(|(known, _)| known == name).map(|(_, checkpoint)| checkpoint.clone())
    }

    fn row(&self, view: &Name, key: &[u8]) -> Option<ViewRow> {
        let mut rows = self.rows.iter();
        rows.find(|(of, row)| of == view && row.key == key).map(|(_, row)| row.clone())
    }
}

impl EventStore for VecStore {
    fn log_id(&self) -> LogId {
        self.log_id
    }

    fn append(&self, commit: Commit) -> Ticket {
        let checked = commit.check(&Limits::default()).map_err(AppendError::from);
        let now = SystemClock.now();
        let answer = checked.and_then(|()| self.log().append(commit, now));
        let head = self.log().head();
        self.publisher.publish(head);
        Ticket::ready(answer)
    }

    fn changes(&self) -> Changes {
        self.publisher.changes()
    }

    fn read(&self, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        page.clear();
        let log = self.log();
        let selected = |event: &&Stored| match &read.selection {
            Selection::Stream { id, from } => {
                event.stream == *id && is_within(event.version, *from, read.direction)
            }
            Selection::Log { query, from } => {
                is_within(event.position, *from, read.direction) && event.header().matches(query)
            }
        };
        let events = log.events.iter().filter(selected);
        match read.direction {
            Direction::Forwards => fill(page, read, events),
            Direction::Backwards => fill(page, read, events.rev()),
        }
    }

    fn head(&self) -> Result<Option<GlobalPosition>, ReadError> {
        Ok(self.log().head())
    }

    fn streams(
        &self,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Result<Vec<StreamId>, ReadError> {
        let log = self.log();
        let streams = log.events.iter().map(|event| &event.stream);
        let mut listed: Vec<StreamId> = streams
            .filter(|stream| stream.category() == category)
            .filter(|stream| after.is_none_or(|after| stream.id() > after))
            .cloned()
            .collect();
        listed.sort();
        listed.dedup();
        listed.truncate(limit);
        Ok(listed)
    }

    fn receipt(&self, commit: CommitId) -> Result<Option<Receipt>, ReadError> {
        Ok(self.log().receipts.iter().find(|receipt| receipt.commit == commit).cloned())
    }

    fn schemas(&self) -> Result<Vec<RegisteredSchema>, ReadError> {
        let mut schemas = self.log().schemas.clone();
        schemas.sort_by_key(|schema| (schema.kind.clone(), schema.version));
        Ok(schemas)
    }

    fn checkpoint(&self, name: &Name) -> Result<Option<Checkpoint>, ReadError> {
        let checkpoint = self.log().checkpoint(name);
        if let Some(checkpoint) = &checkpoint {
            checkpoint.confirm(name, self)?;
        }
        Ok(checkpoint)
    }

    fn snapshot(&self, stream: &StreamId) -> Result<Option<Snapshot>, ReadError> {
        Ok(self.log().snapshots.iter().find(|kept| kept.stream == *stream).cloned())
    }

    fn row(&self, view: &Name, key: &[u8]) -> Result<Option<ViewRow>, ReadError> {
        Ok(self.log().row(view, key))
    }

    fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<ViewRow>, ReadError> {
        let log = self.log();
        let of_view = log.rows.iter().filter(|(of, _)| of == view).map(|(_, row)| row);
        let mut rows: Vec<ViewRow> = of_view
            .filter(|row| row.key.starts_with(prefix))
            .filter(|row| after.is_none_or(|after| row.key.as_slice() > after))
            .cloned()
            .collect();
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows.truncate(limit);
        Ok(rows)
    }

    fn verify(&self) -> Result<u64, ReadError> {
        let log = self.log();
        let mut page = Page::new();
        let mut versions = HashMap::new();
        for (position, event) in (1..).zip(&log.events) {
            page.clear();
            event.show(&mut page)?;
            let version = versions.entry(&event.stream).or_insert(0);
            *version += 1;
            if (event.position.get(), event.version.get()) != (position, *version) {
                let damage = Damage::at(event.position, "an event before it is missing");
                return Err(ReadError::Damaged(damage));
            }
        }
        Ok(log.events.len() as u64)
    }
}

/// Whether a read that begins somewhere comes by here.
fn is_within<T: Ord>(at: T, from: Option<T>, direction: Direction) -> bool {
    from.is_none_or(|from| match direction {
        Direction::Forwards => at >= from,
        Direction::Backwards => at <= from,
    })
}

fn fill<'a>(
    page: &mut Page,
    read: &Read,
    events: impl Iterator<Item = &'a Stored>,
) -> Result<(), ReadError> {
    for event in events {
        if page.is_full(read) {
            page.set_more();
            break;
        }
        event.show(page)?;
    }
    Ok(())
}

vitae::store_conformance!(vec, Backend::in_memory(VecStore::new));
