//! A line to a commit.
//!
//! Owns the checks of what a line holds. Never asks a store.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use super::ImportReason;
use super::line::{CauseLine, CommitLine, EventLine};
use crate::id::{CommitId, EventId};
use crate::name::{Name, StreamId};
use crate::number::{GlobalPosition, KindVersion, StreamVersion};
use crate::store::{
    Checksum, Commit, Digest, EventHeader, ExpectedVersion, Metadata, NameList, NewEvent, Origin,
    Payload, PayloadDigest, StreamAppend,
};
use crate::time::Timestamp;

/// A commit as an export has it: where its events stand, too.
pub(super) struct Decoded {
    /// Without its schemas.
    pub(super) commit: Commit,
    /// The position of the first event.
    pub(super) first: GlobalPosition,
    /// The position of the last event.
    pub(super) last: GlobalPosition,
    recorded_at: Timestamp,
    /// The version of each event.
    versions: Vec<StreamVersion>,
}

impl Decoded {
    pub(super) fn new(line: CommitLine) -> Result<Self, ImportReason> {
        let mut commit = Commit::new(commit_id(&line.id, "id")?);
        let recorded_at = Timestamp::from_micros(line.recorded_at);
        let digest = Digest(hash(&line.digest, "digest")?);
        commit.origin = Some(Origin { recorded_at, digest });
        let first = GlobalPosition::new(line.position).ok_or(bad("position"))?;
        let beyond = u64::try_from(line.events.len()).ok().and_then(|events| {
            // No event, no place for it.
            line.position.checked_add(events.checked_sub(1)?)
        });
        let last = beyond.and_then(GlobalPosition::new).ok_or(bad("events"))?;
        let mut versions = Vec::with_capacity(line.events.len());
        let mut streams = Streams::default();
        for event in line.events {
            let (stream, version) = streams.take(&mut commit, &event)?;
            versions.push(version);
            let event = new_event(event, stream, commit.id)?;
            commit.events.push(event);
        }
        Ok(Self { commit, first, last, recorded_at, versions })
    }

    /// The checksum that each event must have in the log, with its position.
    pub(super) fn checksums(&self) -> impl Iterator<Item = (GlobalPosition, Checksum)> {
        let events = self.commit.events.iter().zip(&self.versions);
        (self.first.get()..).zip(0..).zip(events).filter_map(
            move |((position, index), (event, version))| {
                let stream = &self.commit.streams.get(event.stream)?.id;
                let header = EventHeader {
                    position,
                    category: stream.category().as_str(),
                    stream: stream.id().as_str(),
                    version: version.get(),
                    kind: event.kind.as_str(),
                    kind_version: event.kind_version.get(),
                    id: EventId { commit: self.commit.id, index },
                    occurred_at: event.occurred_at.as_micros(),
                    recorded_at: self.recorded_at.as_micros(),
                    correlation: event.correlation.as_bytes(),
                    causation: event.causation,
                    tags: event.tags.as_bytes(),
                    metadata: event.metadata.as_bytes(),
                };
                Some((GlobalPosition::new(position)?, header.checksum(event.payload.digest())))
            },
        )
    }
}

/// The streams of a commit: the index of each in it, and the version of its last event so far.
#[derive(Default)]
struct Streams(HashMap<StreamId, (usize, Option<StreamVersion>)>);

impl Streams {
    /// The index of an event's stream in the commit, and the event's version, which must be the
    /// next one.
    fn take(
        &mut self,
        commit: &mut Commit,
        event: &EventLine,
    ) -> Result<(usize, StreamVersion), ImportReason> {
        let id = StreamId::new(&event.category, &event.stream).map_err(|_| bad("stream"))?;
        let version = StreamVersion::new(event.version).ok_or(bad("version"))?;
        let (index, last) = self.0.entry(id).or_insert_with_key(|id| {
            let expected = ExpectedVersion::read_at(version.previous());
            commit.streams.push(StreamAppend { id: id.clone(), expected });
            (commit.streams.len() - 1, version.previous())
        });
        if last.map_or(Some(StreamVersion::FIRST), StreamVersion::next) != Some(version) {
            return Err(bad("version"));
        }
        *last = Some(version);
        Ok((*index, version))
    }
}

fn new_event(line: EventLine, stream: usize, commit: CommitId) -> Result<NewEvent, ImportReason> {
    let correlation = line.correlation.as_deref().map(|id| commit_id(id, "correlation"));
    Ok(NewEvent {
        stream,
        kind: kind(&line.kind)?,
        kind_version: kind_version(line.kind_version)?,
        occurred_at: Timestamp::from_micros(line.occurred_at),
        correlation: correlation.unwrap_or(Ok(commit))?,
        causation: line.causation.map(causation).transpose()?,
        tags: NameList::try_from(line.tags).map_err(|_| bad("tags"))?,
        metadata: metadata(&line.metadata)?,
        payload: payload(line.payload, line.erased)?,
    })
}

pub(super) fn kind(text: &str) -> Result<Name, ImportReason> {
    Name::new(text).map_err(|_| bad("kind"))
}

pub(super) fn kind_version(number: u32) -> Result<KindVersion, ImportReason> {
    KindVersion::new(number).ok_or(bad("kind_version"))
}

fn metadata(map: &BTreeMap<String, String>) -> Result<Metadata, ImportReason> {
    Metadata::new(map).map_err(|_| bad("metadata"))
}

/// The payload, or the digest of an erased one: one of them, never both.
fn payload(payload: Option<String>, erased: Option<String>) -> Result<Payload, ImportReason> {
    match (payload, erased) {
        (Some(text), None) => STANDARD.decode(text).map(Payload::from).map_err(|_| bad("payload")),
        (None, Some(digits)) => Ok(Payload::erased(PayloadDigest(hash(&digits, "erased")?))),
        _ => Err(bad("payload")),
    }
}

fn hash(digits: &str, member: &'static str) -> Result<u64, ImportReason> {
    match u64::from_str_radix(digits, 16) {
        Ok(hash) if digits.len() == 16 => Ok(hash),
        _ => Err(bad(member)),
    }
}

fn causation(line: CauseLine) -> Result<EventId, ImportReason> {
    Ok(EventId { commit: commit_id(&line.commit, "causation")?, index: line.index })
}

fn commit_id(text: &str, member: &'static str) -> Result<CommitId, ImportReason> {
    let id = Uuid::try_parse(text).map_err(|_| bad(member))?;
    Ok(CommitId::from_bytes(*id.as_bytes()))
}

pub(super) const fn bad(member: &'static str) -> ImportReason {
    ImportReason::BadMember { member }
}
