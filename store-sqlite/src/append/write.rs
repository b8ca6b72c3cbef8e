//! The writing of a commit that was checked.
//!
//! Owns which rows a commit becomes, and the row of events that is being filled. Never refuses
//! anything: what goes wrong here ends the transaction.

use std::sync::Arc;

use vitae::store::{
    Checkpoint, Commit, Digest, EventHeader, InvalidCommit, NewEvent, Receipt, RowChange,
};
use vitae::{EventId, GlobalPosition, Timestamp};

use super::check::Plan;
use super::memory::Known;
use super::{Step, Stop, Transaction, out_of_range, too_many};
use crate::block::Head;
use crate::body::{self, Opening, Place};
use crate::{erase, seal, snapshot, sql};

impl Transaction<'_> {
    pub(super) fn write(
        &mut self,
        commit: &Commit,
        digest: Digest,
        mut plan: Plan,
    ) -> Step<Receipt> {
        let before = self.pending.head;
        let now = commit.recorded_at(self.now);
        if !commit.erasures.is_empty() {
            self.write_block()?;
            erase::payloads(self.connection(), &mut self.memory.names, &commit.erasures)?;
        }
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
        for known in plan.streams.into_iter().flatten() {
            self.memory.advance(known);
        }
        self.write_checkpoints(commit)?;
        self.write_rows(commit)?;
        for kept in &commit.snapshots {
            let Some(Known { number, version, .. }) = self.stream(&kept.stream)? else { continue };
            if !self.connection().prepare_cached(sql::IS_ERASED)?.exists((number,))? {
                snapshot::put(self.connection(), kept, version.cast_signed())?;
            }
        }
        if commit.events.is_empty() {
            let (id, now) = (commit.id.as_bytes().as_slice(), now.as_micros());
            let digest = digest.0.cast_signed();
            let row = (id, now, digest, seal::bare_commit(id, now, digest));
            self.connection().prepare_cached(sql::PUT_BARE_COMMIT)?.execute(row)?;
        }
        let first = GlobalPosition::new(before.saturating_add(1));
        let positions = first.zip(GlobalPosition::new(self.pending.head));
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
                    let (kind, version) = (schema.kind.as_str(), schema.version.get());
                    let seal = seal::kind(kind, version, &schema.schema);
                    let row = (kind, version, &*schema.schema, seal);
                    self.connection().prepare_cached(sql::INSERT_KIND)?.insert(row)?
                }
            };
            self.memory.kinds.insert(key, (named, Arc::clone(&schema.schema)));
            *number = Some(named);
        }
        Ok(())
    }

    /// Gives each new stream a number, those apart of which something is only expected.
    fn name_streams(&mut self, commit: &Commit, plan: &mut Plan) -> Step<()> {
        if plan.streams.iter().all(Option::is_some) {
            return Ok(());
        }
        let appended = commit.appended();
        for ((stream, appended), known) in
            commit.streams.iter().zip(appended).zip(&mut plan.streams)
        {
            if appended && known.is_none() {
                let names = (stream.id.category().as_str(), stream.id.id().as_str());
                let mut insert = self.connection().prepare_cached(sql::INSERT_STREAM)?;
                *known = Some(self.memory.remember(&stream.id, insert.insert(names)?, 0));
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
        let no_kind = || out_of_range("the kind of an event");
        let append = commit.streams.get(event.stream).ok_or_else(no_stream)?;
        let schema = commit.schemas.iter().position(|schema| schema.is_of(event));
        let kind = schema.and_then(|schema| plan.kinds.get(schema).copied().flatten());
        let stream = plan.streams.get_mut(event.stream).and_then(Option::as_mut);
        let Known { number, version, .. } = stream.ok_or_else(no_stream)?;
        *version = version.saturating_add(1);
        let position = self.pending.head.saturating_add(1);
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
        body::encode(&mut self.memory.body, &header, place, &event.payload);
        let head = Head {
            stream: *number,
            version: *version,
            kind: kind.ok_or_else(no_kind)?,
            lag: header.recorded_at.wrapping_sub(header.occurred_at),
        };
        if !self.memory.block.takes(header.recorded_at, &head, self.memory.body.len()) {
            self.write_block()?;
        }
        let memory = &mut *self.memory;
        let block = memory.block.push(header.id, position, header.recorded_at, head, &memory.body);
        let block = block.ok_or_else(|| out_of_range("the number of a stream or a kind"))?;
        if event.payload.bytes().is_err() {
            self.connection().prepare_cached(sql::MARK_ERASED)?.execute((*number,))?;
        }
        for tag in event.tags.iter() {
            let mut insert = self.connection().prepare_cached(sql::INSERT_TAG)?;
            insert.execute((tag, position.cast_signed()))?;
        }
        self.pending.push(position, block, *number, &place);
        Ok(())
    }

    /// Writes the events that were taken and are not yet in the file.
    pub(super) fn write_block(&mut self) -> Step<()> {
        if !self.memory.block.is_empty() {
            self.insert_block.execute(self.memory.block.columns())?;
            self.memory.block.clear();
        }
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
        let mut put = self.connection().prepare_cached(sql::PUT_ROW)?;
        let mut delete = self.connection().prepare_cached(sql::DELETE_ROW)?;
        for RowChange { view, key, value, .. } in &commit.rows {
            let view = view.as_str();
            match value {
                Some(value) => {
                    let seal = seal::row(view, key, version, value);
                    put.execute((view, key, version, value, seal))?
                }
                None => delete.execute((view, key))?,
            };
        }
        Ok(())
    }
}
