//! The tables of the reference system, schema version 6, as values.
//!
//! Owns what each column means. Never decides what becomes of a row.

use serde::Deserialize;
use serde_json::value::RawValue;
use vitae::Timestamp;

use super::row::{Misfit, Row};
use crate::hook::Hook;
use crate::json::without_half_characters;
use crate::request::Decision;
use crate::workflow::{Outcome, Status, Tokens};

/// `session`: one row in each file.
pub(super) struct SessionRow {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) label: Option<String>,
    pub(super) created_at: Timestamp,
}

/// `workflow_runs`: how each workflow stood when it was last written.
pub(super) struct WorkflowRow {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) started_at: Timestamp,
    pub(super) iterations: u32,
    pub(super) max_iterations: u32,
    pub(super) tracker_path: Option<String>,
    /// How and when it ended, unless it was still running.
    pub(super) ended: Option<(Timestamp, Outcome)>,
}

/// `adapter_sessions`: an agent session, and what it belongs to.
pub(super) struct AgentRow {
    pub(super) id: String,
    pub(super) started_at: Timestamp,
    pub(super) workflow: Option<String>,
    pub(super) tokens: Tokens,
}

/// `runtime_events`: a hook as it was heard.
pub(super) struct HookRow {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) hook: Hook,
}

/// `feed_events`: a line of the feed, made of a hook or of a decision.
pub(super) struct FeedRow {
    pub(super) id: String,
    /// The hook that it is made of.
    pub(super) hook: Option<String>,
    pub(super) seq: u64,
    pub(super) kind: String,
    pub(super) run_id: String,
    pub(super) actor_id: String,
    pub(super) at: Timestamp,
    /// The line that it answers.
    pub(super) parent: Option<String>,
    /// The request that it is about.
    request: Option<String>,
    /// What lines of its kind say, as JSON text.
    details: String,
}

/// What a line of the feed says that somebody decided. The only trace that a decision leaves in a file.
pub(super) struct DecisionRow {
    pub(super) request: String,
    pub(super) source: &'static str,
    pub(super) decision: Decision,
}

fn time(row: &Row, column: &str) -> Result<Timestamp, Misfit> {
    let out_of_range = || format!("`{column}` is out of range");
    Timestamp::from_millis(row.whole(column)?).ok_or_else(out_of_range)
}

impl SessionRow {
    pub(super) fn read(row: &Row) -> Result<Self, Misfit> {
        Ok(Self {
            id: row.text("id")?,
            project: row.text("project_dir")?,
            label: row.maybe("label", Row::text)?,
            created_at: time(row, "created_at")?,
        })
    }
}

impl WorkflowRow {
    pub(super) fn read(row: &Row, session: &str) -> Result<Self, Misfit> {
        if row.text("session_id")? != session {
            return Err("it is of another session than the file".to_owned());
        }
        let status = row.text("status")?;
        let stop_reason = row.maybe("stop_reason", Row::text)?;
        let ended = match (status_of(&status), row.maybe("ended_at", time)?) {
            (Some(Status::Running), None) if stop_reason.is_none() => None,
            (Some(Status::Running), _) => return Err("it is running, and has ended".to_owned()),
            (Some(status), Some(at)) => Some((at, Outcome { status, stop_reason })),
            (Some(_), None) => return Err("it has ended, but nothing says when".to_owned()),
            (None, _) => {
                return Err(format!("`status` is `{status}`, which is none that is known"));
            }
        };
        Ok(Self {
            id: row.text("id")?,
            name: row.maybe("workflow_name", Row::text)?,
            started_at: time(row, "started_at")?,
            iterations: row.count("iteration")?,
            max_iterations: row.count("max_iterations")?,
            tracker_path: row.maybe("tracker_path", Row::text)?,
            ended,
        })
    }
}

fn status_of(word: &str) -> Option<Status> {
    let all = [
        Status::Running,
        Status::Completed,
        Status::Blocked,
        Status::Exhausted,
        Status::Failed,
        Status::Cancelled,
    ];
    all.into_iter().find(|status| status.as_str() == word)
}

impl AgentRow {
    pub(super) fn read(row: &Row) -> Result<Self, Misfit> {
        // No program of this version writes them; whoever did meant something.
        for column in ["ended_at", "model", "source"] {
            row.maybe(column, |_, column| Err::<(), _>(format!("`{column}` says something")))?;
        }
        Ok(Self {
            id: row.text("session_id")?,
            started_at: time(row, "started_at")?,
            workflow: row.maybe("run_id", Row::text)?,
            tokens: Tokens {
                input: row.maybe("tokens_input", Row::count)?,
                output: row.maybe("tokens_output", Row::count)?,
                cache_read: row.maybe("tokens_cache_read", Row::count)?,
                cache_write: row.maybe("tokens_cache_write", Row::count)?,
                total: None,
                context_size: row.maybe("tokens_context_size", Row::count)?,
                context_window_size: row.maybe("tokens_context_window_size", Row::count)?,
            },
        })
    }
}

impl HookRow {
    pub(super) fn read(row: &Row) -> Result<Self, Misfit> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            #[serde(borrow)]
            payload: &'a RawValue,
        }
        let json = row.text("payload")?;
        let hook = serde_json::from_str(&json)
            .and_then(|Envelope { payload }| Hook::parse(payload.get()))
            .map_err(|error| format!("`payload` holds no hook: {error}"))?;
        Ok(Self { id: row.text("id")?, at: time(row, "timestamp")?, hook })
    }
}

impl FeedRow {
    pub(super) fn read(row: &Row) -> Result<Self, Misfit> {
        #[derive(Deserialize)]
        struct Envelope<'a> {
            cause: Option<Cause>,
            #[serde(borrow)]
            data: Option<&'a RawValue>,
        }
        #[derive(Deserialize, Default)]
        struct Cause {
            parent_event_id: Option<String>,
            hook_request_id: Option<String>,
        }
        let json = row.text("data")?;
        let json = without_half_characters(&json);
        let Envelope { cause, data } = serde_json::from_str(&json)
            .map_err(|error| format!("`data` holds no line of the feed: {error}"))?;
        let cause = cause.unwrap_or_default();
        Ok(Self {
            id: row.text("event_id")?,
            hook: row.maybe("runtime_event_id", Row::text)?,
            seq: row.count("seq")?,
            kind: row.text("kind")?,
            run_id: row.text("run_id")?,
            actor_id: row.text("actor_id")?,
            at: time(row, "timestamp")?,
            parent: cause.parent_event_id,
            request: cause.hook_request_id,
            details: data.map_or("null", RawValue::get).to_owned(),
        })
    }

    /// What lines of its kind say.
    pub(super) fn details<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Misfit> {
        serde_json::from_str(&self.details)
            .map_err(|error| format!("`data` is not as lines of its kind have it: {error}"))
    }

    /// What was decided, for a line that no hook has made.
    pub(super) fn decision(&self) -> Result<DecisionRow, Misfit> {
        #[derive(Deserialize)]
        struct Decided {
            decision_type: String,
            reason: Option<String>,
            message: Option<String>,
        }
        let decided: Decided = match self.kind.as_str() {
            "permission.decision" | "stop.decision" => self.details()?,
            kind => return Err(format!("no hook has made it, and `{kind}` is no decision")),
        };
        let decision = match decided.decision_type.as_str() {
            "allow" => Decision::Allow,
            "deny" => Decision::Deny { reason: decided.message },
            "block" => Decision::Deny { reason: decided.reason },
            "no_opinion" => Decision::NoOpinion {
                reason: decided.reason.ok_or("it is no opinion, and nothing says why")?,
            },
            other => {
                return Err(format!("`decision_type` is `{other}`, which is none that is known"));
            }
        };
        let request = self.request.clone().ok_or("it names no request")?;
        Ok(DecisionRow { request, source: source_of(&self.actor_id, &decision), decision })
    }
}

/// Who decided. There are three: a person, who is named; a clock, whose decision is no opinion with that
/// reason; and else a rule.
fn source_of(actor: &str, decision: &Decision) -> &'static str {
    match decision {
        _ if actor == "user" => "user",
        Decision::NoOpinion { reason } if reason == "timeout" => "timeout",
        _ => "rule",
    }
}
