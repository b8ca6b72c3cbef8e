//! The log is the story: a kind for every fact, a state for every stream, and nothing beside it.

#![cfg(test)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use agent_runtime::context;
use agent_runtime::projections::{feed, pending as waiting, runs, workflow_runs};
use agent_runtime::request::{Decision, Request};
use agent_runtime::run::Run;
use agent_runtime::session::Session;
use agent_runtime::supervisor::Supervisor;
use agent_runtime::workflow::Workflow;
use serde_json::{Value, json};
use support::counting::Counting;
use support::{Recording, listing, replay, run_rows, workflow_rows};
use vitae::store::{Commit, EventStore, Query, Read, ReadError, RowChange};
use vitae::{Bus, Catalog, CommitId, Fold, Lifecycle, MemoryStore, Name, StreamId};

/// The kinds of events that no line of a recording makes.
const UNRECORDED: [&str; 14] = [
    "run.forked",
    "run.joined",
    "session.agent_imported",
    "session.branch_over",
    "session.branched",
    "session.decision_imported",
    "session.imported",
    "session.row_kept",
    "workflow.attention",
    "workflow.imported",
    "workflow.repeat",
    "workflow.suspend",
    "workflow.suspended",
    "workflow.taken_up",
];

#[test]
fn every_fact_has_a_kind_of_its_own() {
    let mut found = BTreeSet::new();
    for recording in support::own() {
        found.extend(events(&recording.unstopped()).into_iter().map(|event| event.kind));
    }
    assert!(UNRECORDED.iter().all(|kind| !found.contains(*kind)));
    // What a recording has no line for is shown by other tests.
    found.extend(UNRECORDED.map(str::to_owned));
    let declared =
        [Workflow::DEFINITION, Run::DEFINITION, Request::DEFINITION, Session::DEFINITION];
    let declared = declared.iter().flat_map(|lifecycle| lifecycle.events);
    let declared: BTreeSet<String> = declared.map(|event| event.kind.to_owned()).collect();
    // All others happen in the recordings of this repository, or in an import, and nothing else does.
    assert_eq!(found, declared);
}

#[test]
fn no_event_holds_a_line_or_its_number() {
    for recording in support::all() {
        let straight = recording.unstopped();
        for event in events(&straight) {
            let payload = event.payload.to_string();
            for line in &recording.lines {
                let line = std::str::from_utf8(line).unwrap();
                let quoted = json!(line).to_string();
                assert!(!payload.contains(line) && !payload.contains(&quoted[1..quoted.len() - 1]));
                assert!(event.tags.iter().all(|tag| !tag.contains(line)));
            }
        }
        // With other line numbers, it is the same story.
        let shifted = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
        let session = recording.session.clone();
        let mut replay = agent_runtime::replay::Replay::open(shifted.clone(), session).unwrap();
        for _ in 0..3 {
            let event = json!({ "hook_event_name": "Shifted", "session_id": "nobody" });
            let line = json!({ "t": "hook", "at": 1, "id": "shifted", "event": event });
            replay.line(line.to_string().as_bytes()).unwrap();
        }
        for line in &recording.lines {
            replay.line(line).unwrap();
        }
        let shifted = events(&shifted).split_off(3);
        assert_eq!(shifted, events(&straight), "{}", recording.name);
    }
}

#[test]
fn what_is_heard_is_tagged_with_the_workflow_in_whose_turn_it_is() {
    for recording in support::all() {
        let heard = hooks(&recording);
        for event in events(&recording.unstopped()) {
            let tag = |name: &str| {
                let values = event.tags.iter().filter_map(|tag| tag.strip_prefix(name));
                values.map(|value| &value[1..]).next()
            };
            assert_eq!(tag("session"), Some(recording.session.as_str()), "{event:?}");
            let asked = event.kind.ends_with("_asked") || event.kind.ends_with("_raised");
            let hook = tag("hook").or_else(|| tag("request").filter(|_| asked));
            if let Some(hook) = hook {
                let workflow = heard[hook].workflow.as_deref();
                assert_eq!(tag("workflow"), workflow, "{}: {event:?}", recording.name);
            }
        }
    }
}

#[test]
fn every_state_is_the_fold_of_its_own_events() {
    for recording in support::all() {
        let bus = recording.unstopped();
        // A bus that remembers nothing.
        let fresh = agent_runtime::bus(bus.store().clone()).unwrap();
        let ends = [
            folds::<Workflow>(&fresh, &recording),
            folds::<Run>(&fresh, &recording),
            folds::<Request>(&fresh, &recording),
            folds::<Session>(&fresh, &recording),
        ];
        assert_eq!(ends[3].len(), 1);
        let rows = workflow_rows(&fresh, &recording.session);
        assert_eq!(rows.len(), fold_all::<Workflow>(&fresh).len());
        for (id, state) in fold_all::<Workflow>(&fresh) {
            let row = rows.iter().find(|row| row.run_id == id).unwrap();
            match state {
                Workflow::Done(done) => {
                    assert_eq!(done.outcome.status, row.status);
                    assert_eq!(done.outcome.stop_reason, row.stop_reason);
                    assert_eq!(done.iteration, row.iteration);
                    assert!(row.ended_at.is_some());
                }
                Workflow::Running(running) => {
                    assert_eq!(row.status.as_str(), "running");
                    assert_eq!((running.iteration, running.tokens), (row.iteration, row.tokens));
                }
                other => panic!("{other:?}"),
            }
        }
        let rows = run_rows(&fresh, &recording.session);
        let states = fold_all::<Run>(&fresh);
        assert_eq!(rows.len(), states.len());
        for (id, state) in states {
            let number = id.rsplit_once("/R").unwrap().1.parse::<usize>().unwrap();
            let row = &rows[number - 1];
            let (status, counters) = match state {
                Run::Closed(closed) => ("completed", closed.counters),
                Run::Running(running) => ("running", running.counters),
                other => panic!("{other:?}"),
            };
            assert_eq!(row["status"], status);
            assert_eq!(row["counters"], serde_json::to_value(counters).unwrap());
        }
    }
}

#[test]
fn the_rows_are_nothing_but_what_the_log_says() {
    for recording in support::all() {
        let bus = recording.unstopped();
        for view in [feed::VIEW, runs::VIEW, workflow_runs::VIEW, waiting::VIEW] {
            let rebuilt = bus.rebuild(view).unwrap();
            assert_eq!(rebuilt.changed, 0, "{}: {view}", recording.name);
            drop_rows(bus.store().as_ref(), view);
            let again = bus.rebuild(view).unwrap();
            assert_eq!((again.rows, again.changed), (rebuilt.rows, rebuilt.rows));
        }
        recording.check_end(&bus);
    }
}

fn drop_rows(store: &dyn EventStore, view: &str) {
    let view = Name::new(view).unwrap();
    let mut commit = Commit::new(CommitId::generate());
    for row in store.rows(&view, b"", None, 100_000).unwrap() {
        let (key, expected) = (row.key, Some(row.version));
        commit.rows.push(RowChange { view: view.clone(), key, expected, value: None });
    }
    // A session without a workflow has no row of one.
    if !commit.rows.is_empty() {
        store.append(commit).wait().unwrap();
    }
    assert_eq!(store.rows(&view, b"", None, 1).unwrap(), []);
}

#[test]
fn the_log_is_listed_as_the_story_of_its_payloads() {
    let folder = tempfile::tempdir().unwrap();
    for recording in support::own() {
        let db = folder.path().join(&recording.name);
        replay(&recording.path, &db, &[]);
        let listed = listing("log", &db);
        let bus = recording.unstopped();
        let events = events(&bus);
        assert_eq!(listed.lines().count(), events.len());
        for (line, event) in listed.lines().zip(events) {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(line["payload"].is_object() || line["payload"].is_string());
            assert_eq!(line["payload"], event.payload);
            assert_eq!(line["kind"], event.kind.as_str());
            assert_eq!(line["tags"], json!(event.tags));
        }
    }
}

#[test]
fn the_context_of_a_request_is_one_read() {
    let mut requests = 0;
    for recording in support::all() {
        let bus = recording.unstopped();
        let counting = Counting::over(bus.store().clone());
        let supervisor = Supervisor::new(bus.clone(), recording.session.clone());
        let waiting = supervisor.pending().unwrap().into_iter().map(|row| row.request);
        assert_eq!(waiting.collect::<Vec<_>>(), pending(&recording), "{}", recording.name);
        for (hook, asked) in hooks(&recording) {
            if asked.name != "PermissionRequest" {
                continue;
            }
            requests += 1;
            let found = context::of_request(&counting, &recording.session, &hook).unwrap();
            let (reads, events) = counting.so_far();
            assert!(reads == 1 && events <= context::MOST_EVENTS, "{}", recording.name);
            let decision = found.decision.map(|(source, decision)| {
                let word = match decision {
                    Decision::Allow => "permission_allow",
                    Decision::Deny { .. } => "permission_deny",
                    Decision::NoOpinion { .. } => "no opinion",
                };
                (source, word.to_owned())
            });
            let workflow = found.workflow.map(|workflow| {
                assert_eq!(workflow.state, "Running");
                (found.place.workflow.unwrap(), workflow.iteration)
            });
            let place = format!("{}: {hook}", recording.name);
            assert_eq!(found.tool.name, asked.tool, "{place}");
            assert_eq!(Some(found.run), asked.run, "{place}");
            assert_eq!(workflow, asked.workflow.map(|id| (id, Some(asked.iteration))), "{place}");
            assert_eq!(decision, asked.decision, "{place}");
            assert_eq!(found.lapsed, asked.lapsed, "{place}");
        }
    }
    assert!(requests > 5);
}

/// An event as a reader sees it, without what differs from one replay to the next.
#[derive(PartialEq, Debug)]
struct Told {
    kind: String,
    payload: Value,
    tags: Vec<String>,
}

fn events(bus: &Bus) -> Vec<Told> {
    let store: &dyn EventStore = bus.store().as_ref();
    let catalog = Catalog::load(store).unwrap();
    let mut events = Vec::new();
    store
        .visit(Read::log(Query::all()), |event| {
            events.push(Told {
                kind: event.kind().to_owned(),
                payload: serde_json::to_value(catalog.render(event).unwrap()).unwrap(),
                tags: event.tags().map(str::to_owned).collect(),
            });
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })
        .unwrap();
    events
}

/// The states of all streams of a lifecycle, each folded from what is read of that stream alone.
fn fold_all<L: Lifecycle>(bus: &Bus) -> BTreeMap<String, L> {
    let store: &dyn EventStore = bus.store().as_ref();
    let category = Name::from_static(L::DEFINITION.name).unwrap();
    let streams = store.streams(&category, None, usize::MAX).unwrap();
    let fold = |stream: StreamId| {
        let mut fold = Fold::<L>::new(stream.clone());
        store
            .visit(Read::stream(stream.clone()), |event| {
                fold.push(event).unwrap();
                Ok::<_, ReadError>(ControlFlow::Continue(()))
            })
            .unwrap();
        (stream.id().to_string(), fold.state())
    };
    streams.into_iter().map(fold).collect()
}

/// Compares these states with what a bus loads, and gives their ids.
fn folds<L: Lifecycle + std::fmt::Debug>(bus: &Bus, recording: &Recording) -> Vec<String> {
    let folded = fold_all::<L>(bus);
    for (id, state) in &folded {
        let loaded = bus.load::<L>(id).unwrap();
        let (loaded, state) = (format!("{:?}", loaded.state()), format!("{state:?}"));
        assert_eq!(loaded, state, "{}: {id}", recording.name);
    }
    folded.into_keys().collect()
}

/// What a recording and what must come out of it say about a hook.
#[derive(Default, Debug)]
struct Heard {
    name: String,
    tool: String,
    workflow: Option<String>,
    iteration: u32,
    run: Option<String>,
    decision: Option<(String, String)>,
    lapsed: bool,
}

fn hooks(recording: &Recording) -> BTreeMap<String, Heard> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let feed = recording.expected["feed"].as_array().unwrap();
    let runs = recording.expected["runs"].as_array().unwrap();
    let number = |run: &Value| text(run).rsplit_once(":R").map(|(_, number)| number.to_owned());
    let mut asked = feed.iter().filter(|line| line["kind"] == "permission.request");
    let mut hooks: BTreeMap<String, Heard> = BTreeMap::new();
    let (mut workflow, mut iteration, mut in_turn) = (String::new(), 0, false);
    for index in 0..recording.lines.len() {
        let line = recording.line(index);
        match line["t"].as_str().unwrap() {
            "workflow" => (workflow, iteration) = (text(&line["run_id"]), 0),
            "turn" => (iteration, in_turn) = (iteration + 1, true),
            "turn_end" => in_turn = false,
            "hook" => {
                let mut heard = Heard {
                    name: text(&line["event"]["hook_event_name"]),
                    tool: text(&line["event"]["tool_name"]),
                    workflow: in_turn.then(|| workflow.clone()),
                    iteration,
                    ..Heard::default()
                };
                if heard.name == "PermissionRequest" {
                    let asked = asked.next().unwrap();
                    let run = |run: &&Value| number(&run["run_id"]) == number(&asked["run_id"]);
                    heard.run = runs.iter().find(run).map(|run| text(&run["run_id"]));
                    let id = format!("{}:E{}", text(&asked["run_id"]), asked["seq"]);
                    let decided = feed.iter().any(|line| line["parent"] == id.as_str());
                    let after =
                        feed.iter().filter(|line| line["seq"].as_u64() > asked["seq"].as_u64());
                    let further = after.filter(|line| line["kind"] == "run.start").count() > 0;
                    heard.lapsed = further && !decided;
                }
                hooks.insert(text(&line["id"]), heard);
            }
            "decision" => {
                let heard = hooks.get_mut(line["request"].as_str().unwrap()).unwrap();
                let decision = &line["decision"];
                let word = match decision["source"].as_str() {
                    Some("timeout") => "no opinion",
                    _ => decision["intent"]["kind"].as_str().unwrap_or_default(),
                };
                if !heard.lapsed && heard.decision.is_none() {
                    heard.decision = Some((text(&decision["source"]), word.to_owned()));
                }
            }
            _ => {}
        }
    }
    hooks
}

/// What must still wait for a decision: what was asked since the last run opened and never decided.
fn pending(recording: &Recording) -> Vec<String> {
    let mut pending: Vec<String> = Vec::new();
    for index in 0..recording.lines.len() {
        let line = recording.line(index);
        let event = &line["event"];
        match (event["hook_event_name"].as_str(), event["source"].as_str()) {
            (Some("UserPromptSubmit"), _)
            | (Some("SessionStart"), Some("resume" | "clear" | "compact")) => pending.clear(),
            (Some("PermissionRequest"), _) => {
                pending.push(line["id"].as_str().unwrap().to_owned());
            }
            _ => {}
        }
        if let Some(request) = line["request"].as_str() {
            pending.retain(|asked| asked != request);
        }
    }
    pending
}
