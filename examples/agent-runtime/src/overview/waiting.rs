//! What waits for somebody, as a person is asked it.
//!
//! Owns what is asked and what can be answered to it. Must never answer anything.

use serde::Serialize;

use super::{Life, Overview, RelaySeen, RequestSeen, excerpt};
use crate::relay::question_id;

/// The longest name of a place, in characters.
const PLACE: usize = 200;

/// Something that waits for somebody to decide or to answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Waiting {
    /// The id of its stream: that of the request, of the relay, or of both.
    pub id: String,
    /// The session that it was asked in; that of a branch, where a branch asks.
    pub session: String,
    /// Its id in the session.
    pub request: String,
    /// What can be answered.
    pub asks: Asks,
    /// What is asked, for a person.
    pub what: String,
    /// What it is about: what the tool is given, or the last thing that the agent said.
    pub detail: String,
    /// Whether some of what is asked is left out of that: [`whole`](super::whole) tells all of it, and
    /// nobody gives leave who was not shown that.
    pub cut: bool,
    /// What can be answered to a question, word for word; empty if it is any text.
    pub choices: Vec<String>,
    /// Where it was asked, for a person.
    pub place: String,
    /// On which channels it was offered and until when; `None` if it is not relayed.
    pub relay: Option<String>,
    /// The position since which it waits.
    pub since: u64,
}

/// What can be answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asks {
    /// Allow, deny.
    Leave,
    /// Allow, deny, or always allow in the workflow.
    LeaveInWorkflow,
    /// A text.
    Text,
}

/// What waits, the oldest first.
#[must_use]
pub fn waiting(overview: &Overview) -> Vec<Waiting> {
    // Of one that asks questions of a person, these are what waits.
    let requests = overview.requests.iter();
    let requests = requests.filter(|life| !life.over && !has_questions(overview, &life.id));
    let requests = requests.map(|life| of_request(life, pending_relay(overview, &life.id)));
    // A question is no request. Of a relay whose request was forgotten, it says itself what it asks.
    let alone = |life: &&Life<RelaySeen>| {
        !life.over && overview.requests.get(&life.id).is_none_or(|request| request.over)
    };
    let alone = overview.relays.iter().filter(alone).map(of_relay);
    let mut waiting: Vec<_> = requests.chain(alone).collect();
    waiting.sort_by_key(|it| it.since);
    waiting
}

fn has_questions(overview: &Overview, request: &str) -> bool {
    let mut questions =
        (1..).map_while(|number| overview.relays.get(&question_id(request, number)));
    questions.any(|question| !question.over)
}

fn pending_relay<'a>(overview: &'a Overview, id: &str) -> Option<&'a Life<RelaySeen>> {
    overview.relays.get(id).filter(|relay| !relay.over)
}

fn of_request(life: &Life<RequestSeen>, relay: Option<&Life<RelaySeen>>) -> Waiting {
    // It is relayed as what it is to a person, which may be a question.
    if let Some(relay) = relay.filter(|relay| relay.seen.question) {
        return Waiting { since: life.began, ..of_relay(relay) };
    }
    let seen = &life.seen;
    Waiting {
        id: life.id.clone(),
        session: seen.session.clone(),
        request: seen.request.clone(),
        asks: if seen.stop { Asks::Leave } else { leave(seen.workflow.as_deref()) },
        what: if seen.stop {
            "The agent wants to stop".to_owned()
        } else {
            leave_to_use(&seen.what)
        },
        detail: seen.detail.clone(),
        cut: seen.cut,
        choices: Vec::new(),
        place: place(&seen.request, &seen.session, seen.run),
        relay: relay.map(Life::story),
        since: life.began,
    }
}

fn of_relay(life: &Life<RelaySeen>) -> Waiting {
    let seen = &life.seen;
    let (asks, what) = if seen.question {
        (Asks::Text, seen.what.clone())
    } else {
        (leave(seen.workflow.as_deref()), leave_to_use(&seen.what))
    };
    Waiting {
        id: life.id.clone(),
        session: seen.session.clone(),
        request: seen.request.clone(),
        asks,
        what,
        detail: seen.detail.clone(),
        cut: seen.cut,
        choices: seen.choices.clone(),
        place: place(&seen.request, &seen.session, seen.run),
        relay: Some(life.story()),
        since: life.began,
    }
}

const fn leave(workflow: Option<&str>) -> Asks {
    if workflow.is_some() { Asks::LeaveInWorkflow } else { Asks::Leave }
}

fn leave_to_use(tool: &str) -> String {
    format!("Leave to use {tool}")
}

fn place(request: &str, session: &str, run: u32) -> String {
    let (request, session) = (excerpt(request, PLACE), excerpt(session, PLACE));
    match run {
        0 => format!("{request} in {session}"),
        run => format!("{request} in {session}, run {run}"),
    }
}
