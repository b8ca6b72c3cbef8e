//! Commits, in the transaction that holds the file.
//!
//! Owns the order in which a commit is checked, and how it is written. Everything is checked before
//! anything is written, so that a commit that is refused leaves no trace in a transaction that holds
//! others too. Never begins or ends the transaction.

use std::collections::HashMap;
use std::sync::Arc;

use lru::LruCache;
use rusqlite::{CachedStatement, Connection};
use vitae::store::{
    AppendError, Checkpoint, Commit, Digest, EventHeader, ExpectedVersion, InvalidCommit, NewEvent,
    Page, Read, Receipt, RegisteredSchema, RowChange, StreamAppend,
};
use vitae::{
    CommitId, EventId, GlobalPosition, KindVersion, Name, StreamId, StreamVersion, Timestamp,
};

use crate::body::{self, Opening, Place};
use crate::error::Fault;
use crate::inspect::FORMAT;
use crate::list::StreamList;
use crate::moment::Moment;
use crate::names::Names;
use crate::queue::Answer;
use crate::tail::Tail;
use crate::{connect, erase, flush, lookup, read, seal, snapshot, sql};

/// How many streams the writer remembers.
const STREAMS: usize = 65_536;

/// Why a commit is not written: refused by a rule, or stopped by a fault.
pub(crate) enum Stop {
    Refused(AppendError),
    Fault(Fault),
}

impl Stop {
    fn into_fault(self) -> Self {
        match self {
            Self::Refused(refusal) => Self::Fault(Fault::Other(Arc::new(refusal))),
            fault => fault,
        }
    }
}

type Step<T> = Result<T, Stop>;

/// What is said of a commit, and whether that holds whatever becomes of the transaction.
pub(crate) struct Taken {
    pub(crate) answer: Answer,
    pub(crate) certain: bool,
}

/// What the writer remembers of the file between transactions. Never the truth: it is dropped when a
/// transaction is undone or somebody else has written.
pub(crate) struct Memory {
    /// Each stream's number and version.
    streams: LruCache<StreamId, (i64, u64)>,
    kinds: HashMap<(Name, KindVersion), (i64, Arc<str>)>,
    names: Names,
    /// The position of the last event.
    head: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            streams: LruCache::unbounded(),
            kinds: HashMap::new(),
            names: Names::default(),
            head: 0,
        }
    }
}

impl Memory {
    fn remember(&mut self, stream: &StreamId, found: (i64, u64)) {
        if let Some(known) = self.streams.get_mut(stream) {
            *known = found;
            return;
        }
        // The cache has no bound of its own, so that an empty one costs nothing.
        if self.streams.len() >= STREAMS {
            self.streams.pop_lru();
        }
        self.streams.put(stream.clone(), found);
    }
}

pub(crate) struct Transaction<'c> {
    moment: Moment<'c>,
    memory: &'c mut Memory,
    now: Timestamp,
    /// What the transaction has added.
    pending: Tail,
    receipts: HashMap<CommitId, Receipt>,
    log: WriterState,
    insert_event: CachedStatement<'c>,
    body: Vec<u8>,
    wrote: bool,
}

/// What the file says of itself when a transaction begins: `writer_state.sql`.
struct WriterState {
    /// The version that was given last to a view row.
    row_version: i64,
    /// The largest prefix in the index of commits, and the largest id of a commit without events: a
    /// commit with a larger one, as a new one's is, cannot be there.
    newest_indexed: Option<i64>,
    newest_bare: Option<[u8; 16]>,
}

/// What the checks have found, and the writing needs.
struct Plan {
    /// For each schema of the commit the number of its kind, `None` if it has none yet.
    kinds: Vec<Option<i64>>,
    /// For each stream of the commit its number, `None` if it has none yet, and its version.
    streams: Vec<(Option<i64>, u64)>,
}

impl<'c> Transaction<'c> {
    /// Looks at a transaction that has just begun. Refuses a format that has become too new.
    pub(crate) fn begin(moment: Moment<'c>, memory: &'c mut Memory, now: Timestamp) -> Step<Self> {
        let found = connect::format(moment.connection)?;
        if found > FORMAT {
            return Err(Stop::Refused(AppendError::FormatChanged { found, known: FORMAT }));
        }
        if memory.head != moment.head {
            *memory = Memory { head: moment.head, ..Memory::default() };
        }
        let log = moment.connection.prepare_cached(sql::WRITER_STATE)?.query_row((), |row| {
            Ok(WriterState {
                row_version: row.get(0)?,
                newest_indexed: row.get(1)?,
                newest_bare: row.get(2)?,
            })
        })?;
        Ok(Self {
            pending: Tail::starting_after(moment.head),
            insert_event: moment.connection.prepare_cached(sql::INSERT_EVENT)?,
            moment,
            memory,
            now,
            receipts: HashMap::new(),
            log,
            body: Vec::new(),
            wrote: false,
        })
    }

    /// Ends the work: whether anything was written, the moment it began in, and what it has added.
    pub(crate) fn end(self) -> (bool, Moment<'c>, Tail) {
        self.memory.head = self.pending.head();
        (self.wrote, self.moment, self.pending)
    }

    /// Takes a commit that has passed [`Commit::check`].
    pub(crate) fn take(&mut self, commit: &Commit, digest: Digest) -> Step<Taken> {
        if let Some(taken) = self.repeated(commit.id, digest)? {
            return Ok(taken);
        }
        let kinds = self.check_schemas(&commit.schemas)?;
        let plan = Plan { kinds, streams: self.check_streams(commit)? };
        self.check_conditions(commit)?;
        let head = self.head_after(commit)?;
        self.check_checkpoints(commit, head)?;
        self.check_rows(commit)?;
        self.check_snapshots(commit, &plan)?;
        if commit.erasures.iter().any(|position| position.get() > self.pending.head()) {
            return Err(out_of_range("the position of an erasure"));
        }

        self.wrote = true;
        // Written in part, a commit may not stay: the transaction has to end.
        let receipt = self.write(commit, digest, plan).map_err(Stop::into_fault)?;
        self.receipts.insert(commit.id, receipt.clone());
        Ok(Taken { answer: Ok(receipt), certain: false })
    }

    const fn connection(&self) -> &'c Connection {
        self.moment.connection
    }

    /// What is said of a commit whose id is in the log.
    fn repeated(&mut self, id: CommitId, digest: Digest) -> Step<Option<Taken>> {
        let (receipt, certain) = match self.receipts.get(&id) {
            Some(receipt) => (receipt.clone(), false),
            None if self.is_new(id)? => return Ok(None),
            None => match self.moment.receipt(&mut self.memory.names, id)? {
                Some(receipt) => (receipt, true),
                None => return Ok(None),
            },
        };
        let answer = if receipt.digest == digest {
            Ok(receipt.repeated())
        } else {
            Err(AppendError::IdempotencyConflict { commit: id })
        };
        Ok(Some(Taken { answer, certain }))
    }

    /// Whether it is certain without looking that a commit is not in the log.
    fn is_new(&self, id: CommitId) -> Step<bool> {
        Ok(self.log.newest_indexed.is_none_or(|newest| newest < flush::prefix(id))
            && self.log.newest_bare.is_none_or(|newest| newest < *id.as_bytes())
            && !self.moment.is_recent(id)?)
    }

    fn check_schemas(&mut self, schemas: &[RegisteredSchema]) -> Step<Vec<Option<i64>>> {
        let mut offered: HashMap<_, &Arc<str>> = HashMap::new();
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
    fn kind(&mut self, key: &(Name, KindVersion)) -> Step<Option<(i64, Arc<str>)>> {
        if let Some((number, schema)) = self.memory.kinds.get(key) {
            return Ok(Some((*number, Arc::clone(schema))));
        }
        let mut select = self.connection().prepare_cached(sql::KIND)?;
        let mut rows = select.query((key.0.as_str(), key.1.get()))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let found: (i64, Arc<str>) = (row.get(0)?, row.get(1)?);
        self.memory.kinds.insert(key.clone(), found.clone());
        Ok(Some(found))
    }

    fn check_streams(&mut self, commit: &Commit) -> Step<Vec<(Option<i64>, u64)>> {
        let mut streams = Vec::with_capacity(commit.streams.len());
        for StreamAppend { id, expected } in &commit.streams {
            let found = self.stream(id)?;
            let actual = found.and_then(|(_, version)| StreamVersion::new(version));
            if !expected.accepts(actual) {
                return Err(conflict(id, *expected, actual));
            }
            streams.push(found.map_or((None, 0), |(number, version)| (Some(number), version)));
        }
        Ok(streams)
    }

    /// The number of a stream in this file and its version.
    fn stream(&mut self, id: &StreamId) -> Step<Option<(i64, u64)>> {
        if let Some(found) = self.memory.streams.get(id) {
            return Ok(Some(*found));
        }
        let Some(mut list) = StreamList::find(self.connection(), id)? else {
            return Ok(None);
        };
        self.moment.complete(&mut list)?;
        list.extend(self.pending.stream(list.number, self.moment.head));
        let found = (list.number, list.version());
        self.memory.remember(id, found);
        Ok(Some(found))
    }

    fn check_conditions(&mut self, commit: &Commit) -> Step<()> {
        if commit.conditions.is_empty() {
            return Ok(());
        }
        let moment = self.moment.later(self.pending.head());
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
            .and_then(|events| self.pending.head().checked_add(events))
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
        for RowChange { view, key, expected, .. } in &commit.rows {
            let actual = lookup::row_version(self.connection(), view, key)?;
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
                    let before = plan.streams.get(index).map_or(0, |(_, version)| *version);
                    (before, u64::try_from(added).map_err(|_| too_many())?)
                }
                None => (self.stream(&kept.stream)?.map_or(0, |(_, version)| version), 0),
            };
            if kept.version.get() > before.saturating_add(added) {
                return Err(out_of_range("a snapshot's version"));
            }
        }
        Ok(())
    }

    fn write(&mut self, commit: &Commit, digest: Digest, mut plan: Plan) -> Step<Receipt> {
        let before = self.pending.head();
        let now = commit.recorded_at(self.now);
        erase::payloads(self.connection(), &mut self.memory.names, &commit.erasures)?;
        self.name_kinds(commit, &mut plan)?;
        self.name_streams(commit, &mut plan)?;
        for (event, index) in commit.events.iter().zip(0_u32..) {
            let place = if index == 0 {
                let events = u32::try_from(commit.events.len()).map_err(|_| too_many())?;
                Place::First(Opening { commit: commit.id, digest, events })
            } else {
                Place::Later(index)
            };
            self.write_event(commit, event, place, now, &mut plan)?;
        }
        for (stream, (number, version)) in commit.streams.iter().zip(plan.streams) {
            if let Some(number) = number {
                self.memory.remember(&stream.id, (number, version));
            }
        }
        self.write_checkpoints(commit)?;
        self.write_rows(commit)?;
        for kept in &commit.snapshots {
            let Some((number, version)) = self.stream(&kept.stream)? else { continue };
            if !self.connection().prepare_cached(sql::IS_ERASED)?.exists((number,))? {
                snapshot::put(self.connection(), kept, version.cast_signed())?;
            }
        }
        if commit.events.is_empty() {
            self.connection().prepare_cached(sql::PUT_BARE_COMMIT)?.execute((
                commit.id.as_bytes().as_slice(),
                now.as_micros(),
                digest.0.cast_signed(),
            ))?;
        }
        let first = GlobalPosition::new(before.saturating_add(1));
        let positions = first.zip(GlobalPosition::new(self.pending.head()));
        let positions = positions.filter(|_| !commit.events.is_empty());
        Ok(Receipt::new(commit.id, positions, now, digest))
    }

    /// Gives each new kind a number.
    fn name_kinds(&mut self, commit: &Commit, plan: &mut Plan) -> Step<()> {
        for (schema, number) in commit.schemas.iter().zip(&mut plan.kinds) {
            if number.is_some() {
                continue;
            }
            let key = (schema.kind.clone(), schema.version);
            // It may stand in the commit twice.
            let named = match self.kind(&key)? {
                Some((named, _)) => named,
                None => {
                    let row = (schema.kind.as_str(), schema.version.get(), &*schema.schema);
                    self.connection().prepare_cached(sql::INSERT_KIND)?.insert(row)?
                }
            };
            self.memory.kinds.insert(key, (named, Arc::clone(&schema.schema)));
            *number = Some(named);
        }
        Ok(())
    }

    /// Gives each new stream a number, those apart of which something is only expected.
    fn name_streams(&self, commit: &Commit, plan: &mut Plan) -> Step<()> {
        let appended = commit.appended();
        for ((stream, appended), (number, _)) in
            commit.streams.iter().zip(appended).zip(&mut plan.streams)
        {
            if appended && number.is_none() {
                let names = (stream.id.category().as_str(), stream.id.id().as_str());
                let mut insert = self.connection().prepare_cached(sql::INSERT_STREAM)?;
                *number = Some(insert.insert(names)?);
            }
        }
        Ok(())
    }

    fn write_event(
        &mut self,
        commit: &Commit,
        event: &NewEvent,
        place: Place,
        now: Timestamp,
        plan: &mut Plan,
    ) -> Step<()> {
        let no_stream =
            || Stop::Refused(InvalidCommit::NoSuchStream { index: event.stream }.into());
        let append = commit.streams.get(event.stream).ok_or_else(no_stream)?;
        let schema = commit.schemas.iter().position(|schema| schema.is_of(event));
        let kind = schema.and_then(|schema| plan.kinds.get(schema).copied().flatten());
        let stream = plan.streams.get_mut(event.stream);
        let (number, version) = stream.ok_or_else(no_stream)?;
        let number = number.ok_or_else(no_stream)?;
        *version = version.saturating_add(1);
        let position = self.pending.head().saturating_add(1);
        let header = EventHeader {
            position,
            category: append.id.category().as_str(),
            stream: append.id.id().as_str(),
            version: *version,
            kind: event.kind.as_str(),
            kind_version: event.kind_version.get(),
            id: EventId { commit: commit.id, index: place.index() },
            occurred_at: event.occurred_at.as_micros(),
            recorded_at: now.as_micros(),
            correlation: event.correlation.as_bytes(),
            causation: event.causation,
            tags: event.tags.as_bytes(),
            metadata: event.metadata.as_bytes(),
        };
        body::encode(&mut self.body, &header, place, &event.payload);
        self.insert_event.execute((
            position.cast_signed(),
            number,
            version.cast_signed(),
            kind,
            header.recorded_at,
            header.recorded_at.wrapping_sub(header.occurred_at),
            self.body.as_slice(),
        ))?;
        if event.payload.bytes().is_err() {
            self.connection().prepare_cached(sql::MARK_ERASED)?.execute((number,))?;
        }
        for tag in event.tags.iter() {
            let mut insert = self.connection().prepare_cached(sql::INSERT_TAG)?;
            insert.execute((tag, position.cast_signed()))?;
        }
        self.pending.push(position, number, &place);
        Ok(())
    }

    fn write_checkpoints(&self, commit: &Commit) -> Step<()> {
        for moved in &commit.checkpoints {
            let Checkpoint { position, checksum, cursor } = &moved.to;
            self.connection().prepare_cached(sql::PUT_CHECKPOINT)?.execute((
                moved.name.as_str(),
                position.map(|position| position.get().cast_signed()),
                checksum.map(|checksum| checksum.0.cast_signed()),
                cursor,
                seal::checkpoint(moved.name.as_str(), &moved.to),
            ))?;
        }
        Ok(())
    }

    fn write_rows(&mut self, commit: &Commit) -> Step<()> {
        if commit.rows.is_empty() {
            return Ok(());
        }
        let version = self.log.row_version.checked_add(1).ok_or_else(too_many)?;
        self.log.row_version = version;
        self.connection().prepare_cached(sql::PUT_LAST_ROW_VERSION)?.execute((version,))?;
        for RowChange { view, key, value, .. } in &commit.rows {
            match value {
                Some(value) => self.connection().prepare_cached(sql::PUT_ROW)?.execute((
                    view.as_str(),
                    key,
                    version,
                    value,
                    seal::row(view.as_str(), key, version, value),
                ))?,
                None => self
                    .connection()
                    .prepare_cached(sql::DELETE_ROW)?
                    .execute((view.as_str(), key))?,
            };
        }
        Ok(())
    }
}

fn conflict(id: &StreamId, expected: ExpectedVersion, actual: Option<StreamVersion>) -> Stop {
    Stop::Refused(AppendError::Conflict { stream: id.clone(), expected, actual })
}

fn too_many() -> Stop {
    out_of_range("the position of an event")
}

fn out_of_range(what: &'static str) -> Stop {
    Stop::Refused(InvalidCommit::OutOfRange { what }.into())
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.into())
    }
}
