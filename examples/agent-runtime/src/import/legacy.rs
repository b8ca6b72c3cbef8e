//! A session of the reference system: everything that its file holds, understood or not.
//!
//! Owns which rows are understood. What is not stays as it is, with what is the matter. A session is
//! held in memory as a whole: it is what a person and an agent did in some hours.

use std::collections::HashSet;
use std::path::Path;

use vitae::StreamId;

use super::error::LegacyError;
use super::file::Copy;
use super::row::{Misfit, Row, each_row};
use super::tables::{AgentRow, FeedRow, HookRow, SessionRow, WorkflowRow};

/// The bytes that are added to a row where it is kept: names, and what is not understood.
const ROOM: usize = 1 << 14;

/// A session of the reference system, read from its file.
pub struct Legacy {
    pub(super) session: Understood<SessionRow>,
    pub(super) workflows: Vec<Understood<WorkflowRow>>,
    pub(super) agents: Vec<Understood<AgentRow>>,
    pub(super) hooks: Vec<Understood<HookRow>>,
    pub(super) feed: Vec<Understood<FeedRow>>,
    /// The rows that are not understood.
    pub(super) opaque: Vec<OpaqueRow>,
}

/// What a row means, and how it stands in the file.
pub(super) struct Understood<T> {
    pub(super) value: T,
    pub(super) raw: RawRow,
}

/// How a row stands in the file.
#[derive(Clone)]
pub(super) struct RawRow {
    pub(super) table: String,
    pub(super) row: String,
    pub(super) at: Option<i64>,
    pub(super) json: String,
}

/// A row that is not understood.
pub(super) struct OpaqueRow {
    pub(super) raw: RawRow,
    pub(super) why: Misfit,
}

impl Legacy {
    /// Reads a session's file, which is not touched.
    ///
    /// # Errors
    /// [`LegacyError`] if it is no file of a session, or not one of schema version 6.
    pub fn read(path: &Path) -> Result<Self, LegacyError> {
        let copy = Copy::of(path)?;
        let session = one_session(&copy, path)?;
        let mut reader = Reader { copy: &copy, opaque: Vec::new() };
        let workflows = reader.table("workflow_runs", Some("id"), Some("started_at"), |row| {
            WorkflowRow::read(row, &session.value.id)
        })?;
        let (id, at) = (Some("session_id"), Some("started_at"));
        let agents = reader.table("adapter_sessions", id, at, AgentRow::read)?;
        let hooks = reader.table("runtime_events", Some("id"), Some("seq"), HookRow::read)?;
        let known: HashSet<&str> = hooks.iter().map(|hook| hook.value.id.as_str()).collect();
        let feed = reader.table("feed_events", Some("event_id"), Some("seq"), |row| {
            let line = FeedRow::read(row)?;
            understood(&line, &known)?;
            Ok(line)
        })?;
        reader.other_tables()?;
        let opaque = reader.opaque;
        Ok(Self { session, workflows, agents, hooks, feed, opaque })
    }

    /// The bytes of a payload that has room for any of its rows, and for what is said of it.
    #[must_use]
    pub fn largest_payload(&self) -> usize {
        let Self { session, workflows, agents, hooks, feed, opaque } = self;
        let rows = hooks.iter().map(|row| &row.raw).chain(feed.iter().map(|row| &row.raw));
        let rows = rows.chain(workflows.iter().map(|row| &row.raw));
        let rows = rows.chain(agents.iter().map(|row| &row.raw));
        let rows = rows.chain(opaque.iter().map(|row| &row.raw)).chain([&session.raw]);
        let longest = rows.map(|raw| raw.json.len()).max();
        longest.unwrap_or(0).saturating_add(ROOM)
    }

    /// The session's id.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session.value.id
    }
}

/// A line of the feed is of a hook, and will come of it again, or it is a decision.
fn understood(line: &FeedRow, hooks: &HashSet<&str>) -> Result<(), Misfit> {
    match &line.hook {
        Some(hook) if hooks.contains(hook.as_str()) => Ok(()),
        Some(hook) => {
            Err(format!("it is made of hook `{hook}`, which is not there or not understood"))
        }
        None => line.decision().map(|_| ()),
    }
}

fn one_session(copy: &Copy, path: &Path) -> Result<Understood<SessionRow>, LegacyError> {
    let no_session = |what| LegacyError::NoSession { path: path.to_owned(), what };
    let mut rows = Vec::new();
    each_row(&copy.db, "session", None, |row| rows.push(row))?;
    let [row] = rows.as_slice() else {
        let count = rows.len();
        return Err(no_session(format!("it has {count} rows in `session`, and must have one")));
    };
    let misfit = |why| no_session(format!("its row in `session` is not understood: {why}"));
    let value = SessionRow::read(row).map_err(misfit)?;
    StreamId::new("session", &value.id).map_err(|error| misfit(error.to_string()))?;
    Ok(Understood { value, raw: RawRow::new("session", Some("id"), row) })
}

/// The tables of a file, and what was not understood of them so far.
struct Reader<'a> {
    copy: &'a Copy,
    opaque: Vec<OpaqueRow>,
}

impl Reader<'_> {
    fn table<T>(
        &mut self,
        table: &str,
        key: Option<&str>,
        order: Option<&str>,
        read: impl Fn(&Row) -> Result<T, Misfit>,
    ) -> rusqlite::Result<Vec<Understood<T>>> {
        let mut values = Vec::new();
        each_row(&self.copy.db, table, order, |row| {
            let raw = RawRow::new(table, key, &row);
            match read(&row) {
                Ok(value) => values.push(Understood { value, raw }),
                Err(why) => self.opaque.push(OpaqueRow { raw, why }),
            }
        })?;
        Ok(values)
    }

    /// Nothing here understands a row of any other table.
    fn other_tables(&mut self) -> rusqlite::Result<()> {
        let known = ["schema_version", "session"].into_iter().chain(UNDERSTOOD);
        let known: Vec<&str> = known.collect();
        for table in self.copy.tables()? {
            if !known.contains(&table.as_str()) {
                self.table(&table, None, None, |_| {
                    Err::<(), _>("nothing is known of this table".to_owned())
                })?;
            }
        }
        Ok(())
    }
}

/// The tables of which rows are understood.
pub(super) const UNDERSTOOD: [&str; 4] =
    ["runtime_events", "feed_events", "adapter_sessions", "workflow_runs"];

impl RawRow {
    fn new(table: &str, key: Option<&str>, row: &Row) -> Self {
        let table = table.to_owned();
        Self { table, row: row.name(key), at: row.time(), json: row.json() }
    }
}
