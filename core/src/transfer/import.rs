//! Lines to a log.
//!
//! Owns that an imported log is the exported one: each event at its position, with its checksum.
//! Never holds more than one line, and the schemas.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::decode::{self, Decoded};
use super::line::{FORMAT, Line, LogLine, SchemaLine, VERSION};
use super::{ImportError, ImportReason};
use crate::name::Name;
use crate::number::{GlobalPosition, KindVersion};
use crate::store::{
    AppendError, Condition, EventStore, Limits, Query, Read, Receipt, RegisteredSchema,
};

/// The most bytes of a line that [`import`] takes, inclusive: 256 MiB.
pub const MAX_LINE_BYTES: usize = 256 << 20;

/// What an import did.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Imported {
    /// How many commits were new to the log.
    pub commits: u64,
    /// How many were in it already.
    pub known: u64,
}

/// Makes an exported log again in a store: the same events with the same ids at the same positions
/// and versions, and with the same times and checksums.
///
/// The store must be empty, or hold the beginning of the same log: after a cut, or to bring a backup
/// up to date, import again, and what is there is passed over. Passing over is not believing: each
/// event is compared. A log that has events of its own is refused where they begin, so two logs cannot
/// be mixed. What the export has as erased is erased here too, in the next commit that is new.
///
/// Each commit is durable before the next line is read. Memory stays within a small multiple of the
/// longest line, at most [`MAX_LINE_BYTES`].
///
/// # Errors
/// [`ImportError`] with the line; what stood before it is in the log. A retry is safe.
pub fn import(
    input: &mut (impl BufRead + ?Sized),
    store: &dyn EventStore,
) -> Result<Imported, ImportError> {
    import_bounded(input, store, MAX_LINE_BYTES)
}

/// [`import`], with another bound in bytes, inclusive, for a line without its line feed. All schemas
/// together have the same bound.
///
/// # Errors
/// As [`import`].
pub fn import_bounded(
    input: &mut (impl BufRead + ?Sized),
    store: &dyn EventStore,
    max_line_bytes: usize,
) -> Result<Imported, ImportError> {
    let mut line = 1;
    let mut lines = Lines { input, limit: max_line_bytes, bytes: Vec::new() };
    Import::run(&mut lines, store, &mut line).map_err(|reason| ImportError { line, reason })
}

/// The lines of an input, one at a time.
struct Lines<'a, I: ?Sized> {
    input: &'a mut I,
    limit: usize,
    bytes: Vec<u8>,
}

impl<I: BufRead + ?Sized> Lines<'_, I> {
    /// The next line, `None` at the end.
    fn next(&mut self) -> Result<Option<&[u8]>, ImportReason> {
        self.bytes.clear();
        // The line, and its line feed.
        let most = u64::try_from(self.limit).unwrap_or(u64::MAX).saturating_add(1);
        let mut input = self.input.take(most);
        input.read_until(b'\n', &mut self.bytes).map_err(ImportReason::Read)?;
        match self.bytes.split_last() {
            None => Ok(None),
            Some((b'\n', line)) => Ok(Some(line)),
            Some((_, line)) if line.len() >= self.limit => {
                Err(ImportReason::TooLong { limit: self.limit })
            }
            Some(_) => Err(ImportReason::Cut),
        }
    }
}

struct Import<'a> {
    store: &'a dyn EventStore,
    /// The last position of the log as the import begins, 0 if there is none.
    head: u64,
    /// The last position that was read from the export, 0 before the first.
    last: u64,
    schemas: HashMap<(Name, KindVersion), Arc<str>>,
    schema_bytes: usize,
    /// What is erased in the export and not yet in the log.
    unerased: Vec<GlobalPosition>,
    done: Imported,
}

impl<'a> Import<'a> {
    fn run<I: BufRead + ?Sized>(
        lines: &mut Lines<'_, I>,
        store: &'a dyn EventStore,
        number: &mut u64,
    ) -> Result<Imported, ImportReason> {
        let events = match lines.next()?.map(serde_json::from_slice) {
            Some(Ok(Line::Log(log))) => events_of(&log)?,
            _ => return Err(ImportReason::NotAnExport),
        };
        let mut import = Self {
            store,
            head: store.head()?.map_or(0, GlobalPosition::get),
            last: 0,
            schemas: HashMap::new(),
            schema_bytes: 0,
            unerased: Vec::new(),
            done: Imported::default(),
        };
        let limit = lines.limit;
        loop {
            *number += 1;
            let Some(line) = lines.next()? else { break };
            match serde_json::from_slice(line).map_err(ImportReason::NotALine)? {
                Line::Log(_) => {
                    return Err(ImportReason::Misplaced { reason: "the log is named already" });
                }
                Line::Schema(schema) => import.schema(schema, limit)?,
                Line::Commit(commit) => import.commit(Decoded::new(commit)?)?,
            }
        }
        import.end(events)
    }

    fn schema(&mut self, line: SchemaLine, limit: usize) -> Result<(), ImportReason> {
        let kind = decode::kind(&line.kind)?;
        let version = KindVersion::new(line.version).ok_or(decode::bad("version"))?;
        self.schema_bytes = self.schema_bytes.saturating_add(line.kind.len() + line.text.len());
        if self.schema_bytes > limit {
            return Err(ImportReason::TooLong { limit });
        }
        match self.schemas.insert((kind.clone(), version), line.text.into()) {
            Some(_) => Err(ImportReason::RepeatedSchema { kind, version }),
            None => Ok(()),
        }
    }

    fn commit(&mut self, decoded: Decoded) -> Result<(), ImportReason> {
        if self.last.checked_add(1) != Some(decoded.first.get()) {
            let reason = "its events do not follow those of the line before";
            return Err(ImportReason::Misplaced { reason });
        }
        self.last = decoded.last.get();
        if decoded.last.get() <= self.head {
            self.compare(&decoded)?;
            self.done.known += 1;
        } else if self.append(decoded)?.already_appended {
            // Somebody imports the same beside us.
            self.done.known += 1;
        } else {
            self.done.commits += 1;
        }
        Ok(())
    }

    /// Compares a commit with what the log has at its positions.
    fn compare(&mut self, decoded: &Decoded) -> Result<(), ImportReason> {
        let mut expected = decoded.checksums().zip(&decoded.commit.events).peekable();
        let unerased = &mut self.unerased;
        let read = Read::log(Query::all()).from_position(decoded.first);
        self.store.visit(read.page_of(decoded.commit.events.len()), |event| {
            let Some(((position, checksum), imported)) = expected.next() else {
                return Ok(ControlFlow::Break(()));
            };
            if (event.position(), event.checksum()) != (position, checksum) {
                return Err(ImportReason::Differs { position });
            }
            if imported.payload.bytes().is_err() && event.payload().is_ok() {
                unerased.push(position);
            }
            let more = expected.peek().is_some();
            Ok(if more { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        match expected.next() {
            Some(((position, _), _)) => Err(ImportReason::Differs { position }),
            None => Ok(()),
        }
    }

    fn append(&mut self, decoded: Decoded) -> Result<Receipt, ImportReason> {
        let Decoded { mut commit, first, last, .. } = decoded;
        for event in &commit.events {
            let known = commit.schemas.iter().any(|schema: &RegisteredSchema| {
                schema.kind == event.kind && schema.version == event.kind_version
            });
            let key = (event.kind.clone(), event.kind_version);
            if let Some(schema) = self.schemas.get(&key).filter(|_| !known) {
                let (kind, version) = key;
                commit.schemas.push(RegisteredSchema { kind, version, schema: schema.clone() });
            }
        }
        // Nobody has appended meanwhile: the events come to stand at their positions.
        commit.conditions.push(Condition { query: Query::all(), after: first.previous() });
        let erased = self.unerased.len().min(Limits::default().max_events);
        commit.erasures = self.unerased.drain(..erased).collect();
        match self.store.append(commit).wait() {
            Ok(receipt) if receipt.positions == Some((first, last)) => Ok(receipt),
            // The commit stands elsewhere in the log.
            Ok(_) => Err(ImportReason::Differs { position: first }),
            Err(AppendError::ConditionFailed { position, .. }) => {
                Err(ImportReason::Differs { position })
            }
            Err(error) => Err(ImportReason::Append(error)),
        }
    }

    fn end(self, events: u64) -> Result<Imported, ImportReason> {
        if self.last != events {
            return Err(ImportReason::Cut);
        }
        match self.unerased.first() {
            Some(position) => Err(ImportReason::NotErased { position: *position }),
            None => Ok(self.done),
        }
    }
}

/// How many events an export says that it has.
fn events_of(log: &LogLine) -> Result<u64, ImportReason> {
    if log.format != FORMAT {
        return Err(ImportReason::NotAnExport);
    }
    if log.version != VERSION {
        return Err(ImportReason::OtherVersion { found: log.version });
    }
    Ok(log.events)
}
