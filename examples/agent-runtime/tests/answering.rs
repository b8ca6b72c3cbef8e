//! What somebody answers who looks on: once, as one channel among others.

#![cfg(test)]

mod support;

use std::sync::Arc;

use agent_runtime::answering::{AnswerError, Desk, Said};
use agent_runtime::overview::{History, Scope, waiting};
use agent_runtime::relay::Reply;
use agent_runtime::request::request_stream;
use agent_runtime::supervisor::SuperviseError;
use serde_json::json;
use support::looking::{asked, question};
use support::world::World;
use vitae::{Bus, MemoryStore};

/// A desk as `watch` has it.
fn desk(bus: &Bus) -> Desk {
    let bus = bus.clone();
    Desk::new("watch", move || Ok(bus.clone()))
}

fn said(session: &str, request: &str, reply: Reply) -> Said {
    Said { session: session.to_owned(), request: request.to_owned(), reply }
}

fn deny(reason: &str) -> Reply {
    Reply::Deny { reason: Some(reason.to_owned()) }
}

fn text(text: &str) -> Reply {
    Reply::Text { text: text.to_owned() }
}

/// Whether somebody else was faster, and how it ended then.
fn over(outcome: Result<(), SuperviseError>) -> String {
    match outcome {
        Err(SuperviseError::Over { how, .. }) => how,
        outcome => panic!("{outcome:?}"),
    }
}

fn taken(outcome: Result<(), AnswerError>) -> Result<(), SuperviseError> {
    outcome.map_err(|error| match error {
        AnswerError::Supervise(error) => error,
        error => panic!("{error:?}"),
    })
}

#[test]
fn what_was_never_relayed_is_decided_once() {
    let recording = support::named("demo");
    let bus = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
    let asks = |line: &Vec<u8>| String::from_utf8_lossy(line).contains("PermissionRequest");
    let line = recording.lines.iter().position(asks).unwrap();
    recording.replay(&bus, line + 1);
    let mut history = History::new(bus.store().clone(), Scope::new(None).unwrap());
    let [pending] = &waiting(history.newest().unwrap())[..] else { panic!() };
    assert_eq!(pending.relay, None);
    let (session, request) = (pending.session.clone(), pending.request.clone());
    let said_no = said(&session, &request, deny("not today"));
    desk(&bus).take(&said_no).unwrap();
    let overview = history.newest().unwrap();
    assert_eq!(waiting(overview), []);
    let life = overview.requests.get(&request_stream(&session, &request)).unwrap();
    assert_eq!(life.seen.decision.as_deref(), Some("denied by user: not today"));
    assert!(overview.relays.iter().next().is_none());

    let head = bus.store().head().unwrap();
    for request in [request.as_str(), "nobody"] {
        for reply in [Reply::Allow, Reply::Always] {
            let outcome = taken(desk(&bus).take(&said(&session, request, reply)));
            assert!(matches!(outcome, Err(SuperviseError::NotPending { .. })), "{outcome:?}");
        }
    }
    assert_eq!(bus.store().head().unwrap(), head);
}

#[test]
fn what_is_relayed_is_answered_as_on_any_other_channel() {
    let world = World::relaying();
    world.ask("r", "Bash");
    let desk = desk(&world.bus);
    desk.take(&said("s", "r", deny("  "))).unwrap();
    assert_eq!(world.ending("r").as_deref(), Some("denied, said on `watch`"));
    // The others are told, and the same again is the answer that was given.
    let late = world.supervisor.answer("r", "one", &Reply::Allow);
    assert_eq!(over(late), "denied, said on `watch`");
    desk.take(&said("s", "r", deny(""))).unwrap();

    world.ask("q", "Bash");
    world.supervisor.answer("q", "one", &Reply::Allow).unwrap();
    let late = taken(desk.take(&said("s", "q", deny("no"))));
    assert_eq!(over(late), "allowed, said on `one`");
    let (source, decision) = world.decision("q").unwrap();
    assert_eq!((source.as_str(), format!("{decision:?}").as_str()), ("user", "Allow"));
}

#[test]
fn leave_is_given_for_the_rest_of_the_workflow() {
    let world = World::new();
    world.start("w", Vec::new());
    world.ask("r", "Bash");
    desk(&world.bus).take(&said("s", "r", Reply::Always)).unwrap();
    world.ask("again", "Bash");
    assert_eq!(world.decision("again").unwrap().0, "rule");
}

#[test]
fn a_question_is_answered_with_one_of_its_choices() {
    let world = World::new();
    question(&world, &["red", "blue"]);
    for reply in [text("green"), Reply::Allow] {
        let refused = taken(desk(&world.bus).take(&said("s", "which", reply)));
        assert!(matches!(refused, Err(SuperviseError::Record(_))), "{refused:?}");
    }
    desk(&world.bus).take(&said("s", "which", text("blue"))).unwrap();
    assert_eq!(world.ending("which").as_deref(), Some("\"blue\", said on `watch`"));
}

#[test]
fn what_an_agent_asks_is_answered_question_by_question() {
    let world = World::relaying();
    let colours = json!([{ "label": "red" }, { "label": "blue" }]);
    let questions = json!([{ "question": "Which?", "options": colours }, { "question": "Why?" }]);
    let hook = json!({
        "hook_event_name": "PermissionRequest", "tool_name": "AskUserQuestion",
        "tool_input": { "questions": questions },
    });
    world.hook("r", hook).unwrap();
    let mut history = History::new(world.bus.store().clone(), Scope::new(None).unwrap());
    let mut shown = || {
        let waiting = waiting(history.newest().unwrap());
        waiting.into_iter().map(|it| (it.request, it.what, it.choices)).collect::<Vec<_>>()
    };
    let which = ("r.1".to_owned(), "Which?".to_owned(), vec!["red".to_owned(), "blue".to_owned()]);
    let why = ("r.2".to_owned(), "Why?".to_owned(), Vec::new());
    assert_eq!(shown(), [which, why.clone()]);
    desk(&world.bus).take(&said("s", "r.1", text("blue"))).unwrap();
    assert_eq!(shown(), [why]);
    desk(&world.bus).take(&said("s", "r.2", text("it is the sea"))).unwrap();
    assert_eq!(shown(), []);
    assert_eq!(world.decision("r").unwrap().0, "user");
}

#[test]
fn what_a_branch_asks_is_answered_where_it_was_asked() {
    let world = World::new();
    asked(&world);
    let mut history = History::new(world.bus.store().clone(), Scope::new(Some("s")).unwrap());
    let inner = waiting(history.newest().unwrap());
    let inner = inner.into_iter().find(|it| it.request == "inner").unwrap();
    desk(&world.bus).take(&said(&inner.session, "inner", Reply::Allow)).unwrap();
    let overview = history.newest().unwrap();
    let decision = overview.requests.get(&inner.id).unwrap().seen.decision.clone();
    assert_eq!(decision.as_deref(), Some("allowed by user"));
    assert!(waiting(overview).iter().any(|it| it.request == "ask"));
}
