//! `feed`: what happened in a session, one line for each thing a person wants to see.
//!
//! Every line carries the agent session that is on the line and the number of the last run, whether
//! or not that run is still open; so the projection keeps a cursor row for each session, and rows
//! that say which line a later one answers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use vitae::{Context, HandlerError, Projection, Rows};
use xxhash_rust::xxh3::xxh3_128;

use super::{key, prefix};
use crate::request::{PermissionAsked, PermissionDecided, StopAsked, StopDecided};
use crate::run::{
    Actor, Compacting, Notified, Prompted, RunClosed, RunOpened, SubagentStarted, SubagentStopped,
    ToolFailed, ToolFinished, ToolStarted,
};
use crate::session::{AgentEnded, AgentStarted};

/// The view's name.
pub const VIEW: &str = "feed";

/// What the keys of lines begin with; the rest of the view is the projection's own.
pub const LINES: &str = "line";

/// The bytes of an id that stands in a key as it is. A key has 1,024, and a session's id 512 at the most.
const LONGEST_ID: usize = 400;

/// A line of the feed.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct FeedLine {
    /// The line's number in the session, counted from 1.
    pub seq: u64,
    /// What it is about.
    pub kind: String,
    /// The agent session and the number of the last run.
    pub run_id: String,
    /// Who did it.
    pub actor_id: String,
    /// The id of the line that it answers: `{run_id}:E{seq}`.
    pub parent: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub at: i64,
    /// The commit of the event that it shows.
    pub commit: String,
}

/// Where the feed of a session stands.
#[derive(Serialize, Deserialize, Default)]
struct Cursor {
    seq: u64,
    agent: Option<String>,
    run: u32,
}

/// The projection.
#[must_use]
pub fn projection() -> Projection {
    let projection = Projection::new(VIEW)
        .on(|event: &AgentStarted, at, rows| {
            let mut feed = Feed::of(&event.session, at, rows)?;
            feed.cursor.agent = Some(event.agent.clone());
            feed.line("session.start", SYSTEM, None)?;
            feed.done()
        })
        .on(|event: &AgentEnded, at, rows| one(&event.session, at, rows, "session.end", SYSTEM))
        .on(|event: &RunOpened, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            feed.cursor.agent = Some(event.agent.clone());
            feed.cursor.run = event.place.run;
            feed.line("run.start", SYSTEM, None)?;
            feed.done()
        })
        .on(|event: &RunClosed, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            feed.cursor.agent = Some(event.agent.clone());
            feed.line("run.end", SYSTEM, None)?;
            feed.done()
        })
        .on(|event: &Prompted, at, rows| one(&event.place.session, at, rows, "user.prompt", "user"))
        .on(|event: &Notified, at, rows| {
            one(&event.place.session, at, rows, "notification", SYSTEM)
        })
        .on(|event: &Compacting, at, rows| {
            one(&event.place.session, at, rows, "compact.pre", SYSTEM)
        });
    requests(subagents(tools(projection)))
}

fn tools(projection: Projection) -> Projection {
    projection
        .on(|event: &ToolStarted, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            let line = feed.line("tool.pre", &actor(&event.actor), None)?;
            if let Some(id) = &event.tool.use_id {
                feed.answerable("tool", id, line)?;
            }
            feed.done()
        })
        .on(|event: &ToolFinished, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            let parent = feed.answered("tool", event.tool.use_id.as_deref())?;
            feed.line("tool.post", &actor(&event.actor), parent)?;
            feed.done()
        })
        .on(|event: &ToolFailed, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            let parent = feed.answered("tool", event.tool.use_id.as_deref())?;
            feed.line("tool.failure", &actor(&event.actor), parent)?;
            feed.done()
        })
}

fn subagents(projection: Projection) -> Projection {
    projection
        .on(|event: &SubagentStarted, at, rows| {
            one(&event.place.session, at, rows, "subagent.start", ROOT)
        })
        .on(|event: &SubagentStopped, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            let actor = format!("subagent:{}", event.subagent);
            let line = feed.line("subagent.stop", &actor, None)?;
            feed.message(&actor, event.message.as_deref(), line)?;
            feed.done()
        })
}

fn requests(projection: Projection) -> Projection {
    projection
        .on(|event: &PermissionAsked, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            let line = feed.line("permission.request", SYSTEM, None)?;
            feed.answerable("request", &event.request, line)?;
            feed.done()
        })
        .on(|event: &PermissionDecided, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            feed.decision("permission.decision", &event.request, &event.source)?;
            feed.done()
        })
        .on(|event: &StopAsked, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            let line = feed.line("stop.request", ROOT, None)?;
            let said = feed.message(ROOT, event.message.as_deref(), line.clone())?;
            // What the agent said takes the request's place: a decision then answers nothing.
            if !said {
                feed.answerable("request", &event.request, line)?;
            }
            feed.done()
        })
        .on(|event: &StopDecided, at, rows| {
            let mut feed = Feed::of(&event.place.session, at, rows)?;
            feed.decision("stop.decision", &event.request, &event.source)?;
            feed.done()
        })
}

const SYSTEM: &str = "system";
const ROOT: &str = "agent:root";

fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Root => ROOT.to_owned(),
        Actor::Subagent(id) => format!("subagent:{id}"),
    }
}

fn one(
    session: &str,
    at: &Context,
    rows: &mut Rows<'_>,
    kind: &str,
    actor: &str,
) -> Result<(), HandlerError> {
    let mut feed = Feed::of(session, at, rows)?;
    feed.line(kind, actor, None)?;
    feed.done()
}

/// An id that an agent gave, as a part of a key: keys have a bound, and no id has. A long one is told by its
/// digest.
fn bounded(id: &str) -> Cow<'_, str> {
    if id.len() <= LONGEST_ID {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("{:032x}", xxh3_128(id.as_bytes())))
}

/// The feed of one session, open for the lines of one event.
struct Feed<'a, 'r> {
    session: &'a str,
    at: &'a Context,
    rows: &'a mut Rows<'r>,
    cursor: Cursor,
}

impl<'a, 'r> Feed<'a, 'r> {
    fn of(session: &'a str, at: &'a Context, rows: &'a mut Rows<'r>) -> Result<Self, HandlerError> {
        let cursor = rows.get(prefix(&["cursor", session]))?.unwrap_or_default();
        Ok(Self { session, at, rows, cursor })
    }

    /// Adds a line and gives its id.
    fn line(
        &mut self,
        kind: &str,
        actor: &str,
        parent: Option<String>,
    ) -> Result<String, HandlerError> {
        self.cursor.seq += 1;
        let agent = self.cursor.agent.as_deref().unwrap_or(crate::UNKNOWN_AGENT);
        let line = FeedLine {
            seq: self.cursor.seq,
            kind: kind.to_owned(),
            run_id: format!("{agent}:R{}", self.cursor.run),
            actor_id: actor.to_owned(),
            parent,
            at: self.at.occurred_at().as_millis(),
            commit: self.at.event_id().commit.to_string(),
        };
        self.rows.put(key(&[LINES, self.session], line.seq), &line)?;
        Ok(format!("{}:E{}", line.run_id, line.seq))
    }

    /// What an agent said last, behind the line that it said it with. Saying the same again in one
    /// run gives no line.
    fn message(
        &mut self,
        actor: &str,
        message: Option<&str>,
        parent: String,
    ) -> Result<bool, HandlerError> {
        let message = message.unwrap_or_default().replace("\r\n", "\n");
        let message = message.trim_end();
        let key = key(&["said", self.session, &bounded(actor)], u64::from(self.cursor.run));
        if message.is_empty() || self.rows.get::<String>(&key)?.as_deref() == Some(message) {
            return Ok(false);
        }
        self.rows.put(key, &message)?;
        self.line("agent.message", actor, Some(parent))?;
        Ok(true)
    }

    /// Remembers a line that another one of the same run may answer.
    fn answerable(&mut self, what: &str, id: &str, line: String) -> Result<(), HandlerError> {
        let key = key(&[what, self.session, &bounded(id)], u64::from(self.cursor.run));
        self.rows.put(key, &line)
    }

    /// The line that is answered now.
    fn answered(&mut self, what: &str, id: Option<&str>) -> Result<Option<String>, HandlerError> {
        let Some(id) = id else { return Ok(None) };
        self.rows.get(key(&[what, self.session, &bounded(id)], u64::from(self.cursor.run)))
    }

    fn decision(&mut self, kind: &str, request: &str, source: &str) -> Result<(), HandlerError> {
        if let Some(parent) = self.answered("request", Some(request))? {
            let actor = if source == "user" { "user" } else { SYSTEM };
            self.line(kind, actor, Some(parent))?;
        }
        Ok(())
    }

    fn done(self) -> Result<(), HandlerError> {
        self.rows.put(prefix(&["cursor", self.session]), &self.cursor)
    }
}
