//! What is seen at any position is what was there when the log ended at it.

#![cfg(test)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use agent_runtime::overview::{History, Line, Overview, Scope, lifecycle, moments, tree, waiting};
use agent_runtime::projections::{prefix, runs};
use agent_runtime::relay::{Relay, Reply};
use agent_runtime::replay::Replay;
use agent_runtime::request::Request;
use agent_runtime::run::Run;
use agent_runtime::session::Session;
use agent_runtime::supervisor::{Question, Supervisor};
use agent_runtime::workflow::Workflow;
use serde_json::{Value, json};
use support::looking::{self, asked, hook};
use support::world::{PATIENCE, World};
use support::{Recording, run_rows, workflow_rows};
use vitae::store::{EventStore, Query};
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
    let world = World::new();
    asked(&world);
    world.supervisor.answer("ask", "one", &Reply::Allow).unwrap();
    world.pass(PATIENCE);
    world.bus.catch_up().unwrap();
    hook(&world, "a", "further", "UserPromptSubmit");
    let own = support::own().into_iter();
    let buses = own.map(|recording| (recording.unstopped(), recording.session));
    for (bus, session) in buses.chain([(world.bus.clone(), "s".to_owned())]) {
        let mut history = history(&bus, Some(&session));
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
            for life in overview.relays.iter() {
                assert_eq!(life.state.name, state::<Relay>(&bus, &life.id, position));
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
        let read = vitae::store::Read::log(everything());
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
    let lines = moments(bus.store().as_ref(), &everything(), None, 1_000).unwrap();
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
    let some = moments(bus.store().as_ref(), &everything(), at, 5).unwrap();
    let positions: Vec<u64> = some.iter().map(|moment| moment.position).collect();
    assert_eq!(positions, [20, 19, 18, 17, 16]);
}

/// A tree as a person sees it.
fn drawn(lines: &[Line]) -> Vec<String> {
    let line = |line: &Line| {
        let indent = "  ".repeat(usize::from(line.depth));
        format!("{indent}{} {}: {}", line.category, line.title, line.status)
    };
    lines.iter().map(line).collect()
}

#[test]
fn a_relay_is_seen_with_its_channels_its_time_and_who_answered_first() {
    let world = World::new();
    asked(&world);
    world.pass(Duration::from_secs(5));
    let before = world.bus.store().head().unwrap().unwrap();
    let deny = Reply::Deny { reason: Some("no".to_owned()) };
    world.supervisor.answer("ask", "two", &deny).unwrap();
    let mut history = history(&world.bus, None);

    let now = history.newest().unwrap().clone();
    let relay = now.relays.get("s/ask").unwrap();
    assert_eq!(relay.story(), "offered on one, two; denied on `two`");
    assert!(drawn(&tree(&now)).contains(&"        relay relay: answered".to_owned()));
    assert!(waiting(&now).iter().all(|it| it.request != "ask"));

    // As it was before, and as it was when it had just been asked.
    let then = history.at(before).unwrap();
    let asked = waiting(&then).into_iter().find(|it| it.request == "ask").unwrap();
    assert_eq!(
        (asked.what.as_str(), asked.place.as_str()),
        ("Leave to use Bash", "ask in s, run 1")
    );
    assert_eq!(asked.relay.as_deref(), Some("offered on one, two, until 00:01:00"));
    let began = GlobalPosition::new(relay.began).unwrap();
    let then = history.at(began).unwrap();
    assert_eq!(then.relays.get("s/ask").unwrap().story(), "offered nowhere yet, until 00:01:00");
}

#[test]
fn a_question_is_seen_and_so_is_that_nobody_has_answered_it_in_time() {
    let world = World::new();
    // Of another session, whose relays end at the same time.
    let other = Supervisor::new(world.bus.clone(), "other".to_owned());
    let (id, text, choices) = ("which".to_owned(), "Why?".to_owned(), Vec::new());
    other.ask_question(&Question { id, text, choices, patience: PATIENCE }).unwrap();
    looking::question(&world, &["red", "blue"]);
    let mut of_session = history(&world.bus, Some("s"));
    let [which] = &waiting(of_session.newest().unwrap())[..] else { panic!() };
    assert_eq!((which.what.as_str(), which.place.as_str()), ("Which one?", "which in s"));
    assert_eq!(which.choices, ["red", "blue"]);
    world.pass(PATIENCE);
    world.bus.catch_up().unwrap();
    // What a timer makes is no session's by its tags.
    let now = of_session.newest().unwrap();
    assert_eq!(waiting(now), []);
    assert_eq!(drawn(&tree(now)), ["  relay Which one?: expired"]);
    assert_eq!(
        now.relays.get("s/which").unwrap().seen.ending.as_deref(),
        Some("nobody answered in time")
    );
}

#[test]
fn a_branch_hangs_under_the_run_that_forked_it_at_every_position() {
    let world = World::new();
    asked(&world);
    let asking = world.bus.store().head().unwrap().unwrap();
    hook(&world, "b", "0", "PreToolUse");
    world.supervisor.join_run("b", "three files", world.heard()).unwrap();
    for session in [None, Some("s")] {
        let mut history = history(&world.bus, session);
        let now = tree(history.newest().unwrap());
        let mut found = drawn(&now);
        found.retain(|line| !line.contains("relay"));
        let expected = [
            "session s: working",
            "  workflow fix: running",
            "    run a:R1: running",
            "      request Bash: waiting",
            "      session s~b: joined",
            "        run b:R1: completed",
            "          request Bash: lapsed",
        ];
        assert_eq!(found, expected, "{session:?}");
        assert!(now.iter().any(|line| line.id == "s~b" && line.note == "three files"));

        let then = history.at(asking).unwrap();
        let found = drawn(&tree(&then));
        assert!(found.contains(&"      session s~b: working".to_owned()), "{found:#?}");
        assert!(found.contains(&"          request Bash: waiting".to_owned()), "{found:#?}");
        assert!(waiting(&then).iter().any(|it| it.session == "s~b" && it.request == "inner"));
        let first = GlobalPosition::FIRST;
        assert!(!drawn(&tree(&history.at(first).unwrap())).iter().any(|line| line.contains("s~b")));

        // The feed of a session has what its branches do.
        let shown = history.scope().query();
        let lines = moments(world.bus.store().as_ref(), &shown, None, 1_000).unwrap();
        let of_branch = ("run".to_owned(), "s~b/R1".to_owned());
        assert!(lines.iter().any(|line| line.life == of_branch && line.kind == "run.tool_started"));
    }
}

#[test]
fn a_branch_that_nobody_joined_is_over_with_its_run() {
    let world = World::new();
    asked(&world);
    hook(&world, "a", "further", "UserPromptSubmit");
    let found = drawn(&tree(history(&world.bus, Some("s")).newest().unwrap()));
    for line in ["      session s~b: over", "        run b:R1: aborted", "    run a:R2: running"] {
        assert!(found.contains(&line.to_owned()), "{line}: {found:#?}");
    }
}

#[test]
fn what_hangs_under_nothing_that_is_seen_is_seen_all_the_same() {
    let world = World::new();
    asked(&world);
    // Nothing of what stands above is read, as if it had been forgotten.
    let mut overview = Overview::default();
    let read = vitae::store::Read::log(everything());
    world
        .bus
        .store()
        .visit(read, |event| {
            let above = ["run", "workflow"].contains(&event.category());
            if !above {
                overview.take(event)?;
            }
            Ok::<_, agent_runtime::overview::SightError>(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
    let found = drawn(&tree(&overview));
    for line in ["session s: working", "  request Bash: waiting", "session s~b: working"] {
        assert!(found.contains(&line.to_owned()), "{line}: {found:#?}");
    }
}

#[test]
fn an_id_that_would_turn_the_line_around_is_shown_without_that() {
    let world = World::new();
    let turned = "a\u{202e}b";
    hook(&world, turned, "start", "SessionStart");
    hook(&world, turned, "prompt", "UserPromptSubmit");
    hook(&world, turned, "as\u{202e}k", "PermissionRequest");
    let overview = history(&world.bus, None).newest().unwrap().clone();
    let shown = format!("{:?} {:?}", drawn(&tree(&overview)), waiting(&overview)[0].place);
    assert!(shown.contains("ab:R1") && shown.contains("ask in s"), "{shown}");
    assert_eq!(overview.runs.get("s/R1").unwrap().seen.run_id, "ab:R1");
    // But it is answered by the id that it has.
    assert_eq!(waiting(&overview)[0].request, "as\u{202e}k");
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
    let lines = moments(bus.store().as_ref(), &everything(), None, 1).unwrap();
    assert_eq!(lines[0].kind, "run.nonsense");
}

#[test]
fn an_erased_payload_hides_what_it_said_and_no_state() {
    let bus = played_whole();
    let all = moments(bus.store().as_ref(), &everything(), None, 1_000).unwrap();
    let asked = all.iter().rfind(|moment| moment.kind == "request.permission_asked").unwrap();
    let position = GlobalPosition::new(asked.position).unwrap();
    bus.erase([position], "test", "test").unwrap();
    let mut history = history(&bus, None);
    let then = history.at(position).unwrap();
    let request = then.requests.get(&asked.life.1).unwrap();
    assert_eq!((request.state.name, request.seen.what.as_str()), ("AwaitingPermission", ""));
    let now = history.newest().unwrap();
    assert_eq!(now.requests.get(&asked.life.1).unwrap().state.name, "Decided");
    let lines = moments(bus.store().as_ref(), &everything(), Some(position), 1).unwrap();
    assert_eq!(lines[0].text, "its payload was erased");
}

#[test]
fn every_lifecycle_that_is_seen_can_be_drawn() {
    for name in ["session", "workflow", "run", "request", "relay"] {
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

fn everything() -> Query {
    Scope::new(None).unwrap().query()
}

fn history(bus: &Bus, session: Option<&str>) -> History {
    History::new(bus.store().clone(), Scope::new(session).unwrap())
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
