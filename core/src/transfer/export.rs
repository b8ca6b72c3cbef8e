//! A log to lines.
//!
//! Owns the order of the lines. Never holds more than one commit.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::ExportError;
use super::line::{
    CauseLine, CommitLine, EventLine, FORMAT, Line, LogLine, SchemaLine, Shown, VERSION,
};
use crate::catalog::Catalog;
use crate::id::CommitId;
use crate::number::GlobalPosition;
use crate::store::{Damage, EventRef, EventStore, Query, Read, ReadError};

/// The largest payload that is shown to people, in bytes.
const MAX_SHOWN_BYTES: usize = 64 * 1024;

/// What an export wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exported {
    /// How many commits.
    pub commits: u64,
    /// How many events.
    pub events: u64,
}

/// Writes a log as JSON lines, up to its last event as the export begins: what is appended
/// meanwhile belongs to the next one. The same log gives the same lines, but for its id in the
/// first, on every backend. The form stands [above](super).
///
/// ```
/// # use vitae::{MemoryStore, transfer};
/// let mut lines = Vec::new();
/// let exported = transfer::export(&MemoryStore::new(), &mut lines).unwrap();
/// assert_eq!(exported.events, 0);
/// assert!(lines.starts_with(br#"{"log":{"format":"vitae-log","version":1,"#));
/// ```
///
/// # Errors
/// [`ExportError`] if the store cannot be read, or the lines cannot be written.
pub fn export(
    store: &dyn EventStore,
    out: &mut (impl Write + ?Sized),
) -> Result<Exported, ExportError> {
    let head = store.head()?;
    let mut export = Export {
        store,
        out,
        catalog: Catalog::load(store)?,
        schemas: BTreeMap::new(),
        commit: None,
        done: Exported { commits: 0, events: head.map_or(0, GlobalPosition::get) },
    };
    for schema in store.schemas()? {
        let key = (schema.kind.as_str().to_owned(), schema.version.get());
        export.schemas.insert(key, schema.schema);
    }
    export.line(&Line::Log(LogLine {
        format: FORMAT.to_owned(),
        version: VERSION,
        id: store.log_id().to_string(),
        events: export.done.events,
    }))?;
    store.visit(Read::log(Query::all()), |event| {
        if Some(event.position()) > head {
            return Ok(ControlFlow::Break(()));
        }
        export.event(event).map(ControlFlow::Continue)
    })?;
    export.end_commit()?;
    export.out.flush()?;
    Ok(export.done)
}

struct Export<'a, W: ?Sized> {
    store: &'a dyn EventStore,
    out: &'a mut W,
    catalog: Catalog,
    /// Those that were not written yet, by kind and version.
    schemas: BTreeMap<(String, u32), Arc<str>>,
    /// The commit that is being read.
    commit: Option<(CommitId, CommitLine)>,
    done: Exported,
}

impl<W: Write + ?Sized> Export<'_, W> {
    fn event(&mut self, event: &EventRef<'_>) -> Result<(), ExportError> {
        let id = event.id().commit;
        if self.commit.as_ref().is_none_or(|(current, _)| *current != id) {
            self.end_commit()?;
            self.commit = Some((id, self.begin_commit(event)?));
        }
        if let Some((_, commit)) = &mut self.commit {
            commit.events.push(event_line(event, &self.catalog));
        }
        Ok(())
    }

    /// The line of a commit, from its first event, without its events.
    fn begin_commit(&self, first: &EventRef<'_>) -> Result<CommitLine, ReadError> {
        let id = first.id().commit;
        let Some(receipt) = self.store.receipt(id)? else {
            return Err(ReadError::Damaged(Damage::at(first.position(), "its commit is missing")));
        };
        Ok(CommitLine {
            id: id.to_string(),
            position: first.position().get(),
            recorded_at: receipt.recorded_at.as_micros(),
            digest: format!("{:016x}", receipt.digest.0),
            events: Vec::new(),
        })
    }

    fn end_commit(&mut self) -> Result<(), ExportError> {
        let Some((_, commit)) = self.commit.take() else {
            return Ok(());
        };
        for event in &commit.events {
            let key = (event.kind.clone(), event.kind_version);
            if let Some(text) = self.schemas.remove(&key) {
                let (kind, version) = key;
                let text = text.to_string();
                self.line(&Line::Schema(SchemaLine { kind, version, text }))?;
            }
        }
        self.done.commits += 1;
        self.line(&Line::Commit(commit))
    }

    fn line(&mut self, line: &Line) -> Result<(), ExportError> {
        // What serde_json fails with here is the writer's own error.
        serde_json::to_writer(&mut *self.out, line).map_err(std::io::Error::from)?;
        self.out.write_all(b"\n")?;
        Ok(())
    }
}

fn event_line(event: &EventRef<'_>, catalog: &Catalog) -> EventLine {
    let own = event.id().commit;
    let payload = event.payload().ok();
    let shown = payload.filter(|payload| payload.len() <= MAX_SHOWN_BYTES);
    EventLine {
        category: event.category().to_owned(),
        stream: event.stream().to_owned(),
        version: event.version().get(),
        kind: event.kind().to_owned(),
        kind_version: event.kind_version().get(),
        occurred_at: event.occurred_at().as_micros(),
        correlation: Some(event.correlation()).filter(|id| *id != own).map(|id| id.to_string()),
        causation: event
            .causation()
            .map(|cause| CauseLine { commit: cause.commit.to_string(), index: cause.index }),
        tags: event.tags().map(str::to_owned).collect(),
        metadata: event.metadata().map(|(key, value)| (key.into(), value.into())).collect(),
        payload: payload.map(|payload| STANDARD.encode(payload)),
        erased: match payload {
            Some(_) => None,
            None => Some(format!("{:016x}", event.payload_digest().0)),
        },
        shown: shown.and_then(|_| catalog.render(event).ok()).map(Shown),
    }
}
