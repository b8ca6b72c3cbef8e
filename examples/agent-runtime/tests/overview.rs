//! What is seen at any position is what was there when the log ended at it.

#![cfg(test)]

mod support;

use std::sync::Arc;

use agent_runtime::answering::{AnswerError, Desk, Said};
use agent_runtime::overview::{History, Overview, lifecycle, moments, query};
use agent_runtime::projections::{prefix, runs};
use agent_runtime::replay::Replay;
use agent_runtime::request::{Request, request_stream};
use agent_runtime::run::Run;
use agent_runtime::session::Session;
use agent_runtime::workflow::Workflow;
use serde_json::{Value, json};
use support::{Recording, run_rows, workflow_rows};
use vitae::store::EventStore;
use vitae::testing::store::Draft;
use vitae::{AsOf, Bus, GlobalPosition, Lifecycle, MemoryStore};

#[test]
fn every_line_of_a_recording_was_seen_as_the_read_models_had_it() {
    for recording in support::all() {
        let bus = empty();
        let mut replay = Replay::open(bus.clone(), recording.session.clone()).unwrap();
        let mut then = Vec::new();
        for line in &recording.lines {
            replay.line(line).unwrap();
            then.push((bus.store().head().unwrap(), rows(&bus, &recording)));
        }
        let mut history = history(&bus, None);
        // Backwards, so that nothing is left over from the look before.
        for (head, rows) in then.into_iter().rev() {
            let overview = head.map(|head| history.at(head).unwrap()).unwrap_or_default();
            assert_eq!(seen(&overview), rows, "{} at {head:?}", recording.name);
        }
    }
}

#[test]
fn every_life_was_in_the_state_that_the_library_says_at_every_position() {
    for recording in support::own() {
        let bus = recording.unstopped();
        let mut history = history(&bus, Some(&recording.session));
        let head = bus.store().head().unwrap().unwrap();
        for position in (1..=head.get()).filter_map(GlobalPosition::new) {
            let overview = history.at(position).unwrap();
            assert_eq!(overview.position, Some(position));
            for life in overview.workflows.iter() {
                assert_eq!(life.state.name, state::<Workflow>(&bus, &life.id, position));
            }
            for life in overview.runs.iter() {
                assert_eq!(life.state.name, state::<Run>(&bus, &life.id, position));
            }
            for life in overview.requests.iter() {
                assert_eq!(life.state.name, state::<Request>(&bus, &life.id, position));
            }
            for life in overview.sessions.iter() {
                assert_eq!(life.state.name, state::<Session>(&bus, &life.id, position));
            }
        }
    }
}

#[test]
fn a_long_history_is_the_same_from_what_was_kept_as_from_the_beginning() {
    let bus = empty();
    let recordings = support::own();
    // Enough sessions that overviews are kept, thinned out, and lives forgotten.
    for round in 0..20 {
        for recording in &recordings {
            let lines = recording.lines.iter().map(|line| {
                let line = String::from_utf8(line.clone()).unwrap();
                ids(&recording.lines).iter().fold(line, |line, id| {
                    line.replace(&format!("\"{id}\""), &format!("\"{id}-{round}\""))
                })
            });
            let session = format!("{}-{round}", recording.session);
            let mut replay = Replay::open(bus.clone(), session).unwrap();
            for line in lines {
                replay.line(line.as_bytes()).unwrap();
            }
        }
    }
    let head = bus.store().head().unwrap().unwrap().get();
    assert!(head > 64 * 64, "{head} events");
    let mut kept = history(&bus, None);
    kept.newest().unwrap();
    assert!(kept.newest().unwrap().forgotten() > 0);
    for position in (1..=head).rev().step_by(999).filter_map(GlobalPosition::new) {
        let mut plain = Overview::default();
        let read = vitae::store::Read::log(query(None).unwrap());
        let store: &dyn EventStore = bus.store().as_ref();
        store
            .visit(read, |event| {
                if event.position() <= position {
                    plain.take(event)?;
                }
                Ok::<_, agent_runtime::overview::SightError>(std::ops::ControlFlow::Continue(()))
            })
            .unwrap();
        assert_eq!(json!(kept.at(position).unwrap()), json!(plain), "at {position}");
    }
}

#[test]
fn an_event_is_a_line_that_says_what_it_holds() {
    let recording = support::named("demo");
    let bus = recording.unstopped();
    let lines = moments(bus.store().as_ref(), &query(None).unwrap(), None, 1_000).unwrap();
    let head = bus.store().head().unwrap().unwrap().get();
    assert_eq!(lines.len() as u64, head);
    assert!(lines.windows(2).all(|two| two[0].position == two[1].position + 1));
    let text = |kind: &str| &lines.iter().rev().find(|line| line.kind == kind).unwrap().text;
    assert_eq!(
        text("run.prompted"),
        "The tests of the tide tables fail since the switch to summer time. Make them pass."
    );
    assert!(text("run.tool_started").starts_with("Root · Bash · {\"command\":\"cargo test\""));
    assert!(text("workflow.turn").starts_with("iteration 1 · "));
    // A bounded part of them, from anywhere.
    let at = GlobalPosition::new(20);
    let some = moments(bus.store().as_ref(), &query(None).unwrap(), at, 5).unwrap();
    let positions: Vec<u64> = some.iter().map(|moment| moment.position).collect();
    assert_eq!(positions, [20, 19, 18, 17, 16]);
}

#[test]
fn a_person_who_looks_on_answers_once() {
    let recording = support::named("demo");
    let bus = empty();
    let asked = recording.lines.iter().position(|line| has(line, "PermissionRequest")).unwrap();
    recording.replay(&bus, asked + 1);
    let overview = history(&bus, None).newest().unwrap().clone();
    let [pending] = overview.pending()[..] else { panic!("{:?}", overview.requests) };
    let (session, request) = (pending.seen.session.clone(), pending.seen.request.clone());
    let desk = {
        let bus = bus.clone();
        Desk::new(move || Ok(bus.clone()))
    };
    let reason = Some("not today".to_owned());
    let said = Said { session: session.clone(), request: request.clone(), allow: false, reason };
    desk.take(said.clone()).unwrap();
    let overview = history(&bus, None).newest().unwrap().clone();
    assert!(overview.pending().is_empty());
    let life = overview.requests.get(&request_stream(&session, &request)).unwrap();
    assert_eq!(life.seen.decision.as_deref(), Some("denied by user: not today"));

    let head = bus.store().head().unwrap();
    assert!(matches!(desk.take(said).unwrap_err(), AnswerError::TooLate { .. }));
    let (request, reason) = ("nobody".to_owned(), None);
    let unknown = desk.take(Said { session, request, allow: true, reason });
    assert!(matches!(unknown.unwrap_err(), AnswerError::TooLate { .. }));
    assert_eq!(bus.store().head().unwrap(), head);
}

#[test]
fn what_cannot_be_read_hides_nothing_that_stands_before_it() {
    let bus = played_whole();
    let head = bus.store().head().unwrap().unwrap();
    let nonsense = Draft::new().on("run/tidepool/R1").event("run.nonsense", b"");
    bus.store().commit(nonsense.0).unwrap();
    let mut history = history(&bus, None);
    for _ in 0..2 {
        let error = history.newest().unwrap_err().to_string();
        assert!(
            error.contains("`run.nonsense` at position") && error.contains("`Closed`"),
            "{error}"
        );
    }
    assert_eq!(history.at(head).unwrap().position, Some(head));
    assert!(history.at(head.next().unwrap()).is_err());
    let lines = moments(bus.store().as_ref(), &query(None).unwrap(), None, 1).unwrap();
    assert_eq!(lines[0].kind, "run.nonsense");
}

#[test]
fn an_erased_payload_hides_what_it_said_and_no_state() {
    let bus = played_whole();
    let all = moments(bus.store().as_ref(), &query(None).unwrap(), None, 1_000).unwrap();
    let asked = all.iter().rfind(|moment| moment.kind == "request.permission_asked").unwrap();
    let position = GlobalPosition::new(asked.position).unwrap();
    bus.erase([position], "test", "test").unwrap();
    let mut history = history(&bus, None);
    let then = history.at(position).unwrap();
    let request = then.requests.get(&asked.life.1).unwrap();
    assert_eq!((request.state.name, request.seen.what.as_str()), ("AwaitingPermission", ""));
    let now = history.newest().unwrap();
    assert_eq!(now.requests.get(&asked.life.1).unwrap().state.name, "Decided");
    let lines = moments(bus.store().as_ref(), &query(None).unwrap(), Some(position), 1).unwrap();
    assert_eq!(lines[0].text, "its payload was erased");
}

#[test]
fn every_lifecycle_that_is_seen_can_be_drawn() {
    for name in ["session", "workflow", "run", "request"] {
        let drawn = lifecycle(name).unwrap();
        for state in drawn.definition.states {
            let svg = (drawn.diagram)().with_current(state.name).unwrap().to_svg();
            assert!(svg.contains("state current"));
        }
    }
    assert!(lifecycle("nobody").is_none());
}

fn played_whole() -> Bus {
    let bus = empty();
    support::named("demo").replay(&bus, usize::MAX);
    bus
}

fn empty() -> Bus {
    agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap()
}

fn history(bus: &Bus, session: Option<&str>) -> History {
    History::new(bus.store().clone(), query(session).unwrap())
}

fn has(line: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(line).contains(text)
}

/// The ids of sessions and workflows that a recording names.
fn ids(lines: &[Vec<u8>]) -> Vec<String> {
    let lines = lines.iter().map(|line| serde_json::from_slice::<Value>(line).unwrap());
    let named = lines.flat_map(|line| [line["run_id"].clone(), line["session_id"].clone()]);
    named.filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

fn state<L: Lifecycle>(bus: &Bus, id: &str, position: GlobalPosition) -> &'static str {
    bus.load_as_of::<L>(id, AsOf::Position(position)).unwrap().state().state().name
}

/// The rows of the read models, as far as an overview has them.
fn rows(bus: &Bus, recording: &Recording) -> Value {
    let statuses = run_rows(bus, &recording.session);
    let view = bus.view::<runs::RunRow>(runs::VIEW).unwrap();
    assert_eq!(view.scan(prefix(&[&recording.session])).count(), statuses.len());
    let workflows = workflow_rows(bus, &recording.session).into_iter().map(|row| {
        json!({
            "id": row.run_id, "session": row.session_id, "name": row.workflow_name,
            "status": row.status.as_str(), "iteration": row.iteration,
            "max_iterations": row.max_iterations, "stop_reason": row.stop_reason,
            "tokens": row.tokens.total,
        })
    });
    json!({ "workflows": workflows.collect::<Vec<_>>(), "runs": statuses })
}

fn seen(overview: &Overview) -> Value {
    let mut workflows: Vec<_> = overview.workflows.iter().collect();
    workflows.sort_by_key(|life| life.began);
    let workflows = workflows.into_iter().map(|life| {
        let seen = &life.seen;
        json!({
            "id": life.id, "session": seen.session, "name": seen.name, "status": seen.status,
            "iteration": seen.iteration, "max_iterations": seen.max_iterations,
            "stop_reason": seen.stop_reason, "tokens": seen.tokens,
        })
    });
    let mut runs: Vec<_> = overview.runs.iter().collect();
    runs.sort_by_key(|life| life.seen.number);
    let runs = runs.into_iter().map(|life| {
        let seen = &life.seen;
        json!({
            "run_id": seen.run_id, "trigger": seen.trigger, "status": seen.status,
            "counters": seen.counters,
        })
    });
    json!({ "workflows": workflows.collect::<Vec<_>>(), "runs": runs.collect::<Vec<_>>() })
}
