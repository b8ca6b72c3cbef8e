//! Recordings, what must come out of them, and the program that makes it.

#![allow(dead_code, reason = "every test binary uses a part of it")]

pub(crate) mod counting;
pub(crate) mod legacy;
pub(crate) mod live;
pub(crate) mod looking;
pub(crate) mod shell;
pub(crate) mod world;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use agent_runtime::projections::{feed, prefix, runs, workflow_runs};
use agent_runtime::replay::{Replay, SessionSearch};
use serde_json::{Value, json};
use vitae::store::{EventStore, Query, Read, ReadError};
use vitae::{Bus, Catalog, MemoryStore};
use vitae_sqlite::SqliteStore;

/// A recorded session and what its program made of it.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) session: String,
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) expected: Value,
}

/// The recordings written for this repository.
pub(crate) fn own() -> Vec<Recording> {
    folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings"))
}

/// The recordings beside the workspace, or where `VITAE_RECORDINGS` says; none if there are none.
pub(crate) fn shared() -> Vec<Recording> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/recordings");
    let folder = std::env::var_os("VITAE_RECORDINGS").map_or(beside, PathBuf::from);
    if folder.is_dir() { folders(&folder) } else { Vec::new() }
}

pub(crate) fn all() -> Vec<Recording> {
    own().into_iter().chain(shared()).collect()
}

/// One of the recordings written for this repository.
pub(crate) fn named(name: &str) -> Recording {
    let mut own = own().into_iter();
    own.find(|recording| recording.name == name).unwrap()
}

fn folders(root: &Path) -> Vec<Recording> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let folders = folders.into_iter().filter(|folder| folder.is_dir());
    folders.map(|folder| Recording::read(&folder)).collect()
}

impl Recording {
    pub(crate) fn read(folder: &Path) -> Self {
        let path = folder.join("recording.jsonl");
        let bytes = fs::read(&path).unwrap();
        let expected = fs::read(folder.join("expected.json")).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let lines: Vec<Vec<u8>> = bytes
            .strip_suffix(b"\n")
            .unwrap_or(&bytes)
            .split(|byte| *byte == b'\n')
            .map(Vec::from)
            .collect();
        let mut search = SessionSearch::default();
        let named = lines.iter().find_map(|line| search.look(line));
        let session = named.or_else(|| search.without_workflow()).unwrap();
        assert_eq!(expected["session_id"], session.as_str());
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            path,
            session,
            lines,
            expected,
        }
    }

    /// A line of the recording as JSON.
    pub(crate) fn line(&self, index: usize) -> Value {
        serde_json::from_slice(&self.lines[index]).unwrap()
    }

    /// Replays the recording up to a number of lines, from wherever an earlier replay stopped.
    pub(crate) fn replay(&self, bus: &Bus, lines: usize) -> Replay {
        let mut replay = Replay::open(bus.clone(), self.session.clone()).unwrap();
        for (index, line) in self.lines.iter().enumerate().take(lines) {
            replay
                .line(line)
                .unwrap_or_else(|error| panic!("{}:{}: {error:?}", self.name, index + 1));
        }
        replay
    }

    /// The whole recording in a store in memory, without any stop.
    pub(crate) fn unstopped(&self) -> Bus {
        let bus = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
        self.replay(&bus, usize::MAX).end().unwrap();
        bus
    }

    /// The snapshots that must hold after a line, counted from 1.
    pub(crate) fn snapshots_after(&self, line: usize) -> impl Iterator<Item = &Value> {
        let snapshots = self.expected["snapshots"].as_array().unwrap();
        snapshots.iter().filter(move |snapshot| snapshot["after"] == line)
    }

    /// Compares what is there with what must be there.
    pub(crate) fn check_end(&self, bus: &Bus) {
        for (part, found) in [
            ("feed", feed_lines(bus, &self.session)),
            ("runs", run_rows(bus, &self.session)),
            ("workflow_runs", workflow_results(bus, &self.session)),
        ] {
            let expected = self.expected[part].as_array().unwrap();
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert_eq!(found, expected, "{}: {part}[{index}]", self.name);
            }
            assert_eq!(found.len(), expected.len(), "{}: {part}", self.name);
        }
    }

    /// Compares a file that the program wrote with what must be in it: the rows that are expected,
    /// and the log of a replay that was never stopped.
    pub(crate) fn check_file(&self, db: &Path, unstopped: &[String]) {
        let bus = open(db);
        self.check_end(&bus);
        assert_eq!(story(&bus), unstopped, "{}", self.name);
    }

    /// Compares a workflow's row with a snapshot of the program's table.
    pub(crate) fn check_snapshot(&self, bus: &Bus, snapshot: &Value) {
        let rows = workflow_rows(bus, &self.session);
        let row = rows.iter().find(|row| row.run_id == snapshot["run_id"]).unwrap();
        let found = json!({
            "after": snapshot["after"],
            "run_id": row.run_id,
            "workflow_name": row.workflow_name,
            "iteration": row.iteration,
            "max_iterations": row.max_iterations,
            "status": row.status.as_str(),
            "stop_reason": row.stop_reason,
            "tracker_path": row.tracker_path,
        });
        assert_eq!(&found, snapshot, "{}", self.name);
    }
}

/// The bus over a file, which is only read.
pub(crate) fn open(db: &Path) -> Bus {
    agent_runtime::bus(Arc::new(SqliteStore::open_read_only(db).unwrap())).unwrap()
}

/// An event of a log, rendered.
#[derive(PartialEq, Debug)]
pub(crate) struct Rendered {
    pub(crate) kind: String,
    pub(crate) payload: Value,
}

/// Every event of a log.
pub(crate) fn events(bus: &Bus) -> Vec<Rendered> {
    let store: &dyn EventStore = bus.store().as_ref();
    let catalog = Catalog::load(store).unwrap();
    let mut events = Vec::new();
    store
        .visit(Read::log(Query::all()), |event| {
            let payload = serde_json::to_value(catalog.render(event).unwrap()).unwrap();
            events.push(Rendered { kind: event.kind().to_owned(), payload });
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })
        .unwrap();
    events
}

/// Every event of a log, without what differs from one replay to the next: ids, and the time at
/// which it was recorded. Causes are told by their positions.
pub(crate) fn story(bus: &Bus) -> Vec<String> {
    let store: &dyn EventStore = bus.store().as_ref();
    let catalog = Catalog::load(store).unwrap();
    let mut positions = HashMap::new();
    let mut correlations = HashMap::new();
    let mut story = Vec::new();
    store
        .visit(Read::log(Query::all()), |event| {
            positions.insert(event.id(), event.position());
            let next = correlations.len();
            let correlation = *correlations.entry(event.correlation()).or_insert(next);
            story.push(format!(
                "{} {}/{} {} {} {} at {} tags {:?} of {correlation} after {:?}",
                event.position(),
                event.category(),
                event.stream(),
                event.version(),
                event.kind(),
                serde_json::to_string(&catalog.render(event).unwrap()).unwrap(),
                event.occurred_at(),
                event.tags().collect::<Vec<_>>(),
                event.causation().map(|cause| positions.get(&cause)),
            ));
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })
        .unwrap();
    story
}

pub(crate) fn feed_lines(bus: &Bus, session: &str) -> Vec<Value> {
    let view = bus.view::<feed::FeedLine>(feed::VIEW).unwrap();
    let lines = view.scan(prefix(&[feed::LINES, session])).map(|row| row.unwrap().1);
    lines
        .map(|line| {
            json!({
                "seq": line.seq,
                "kind": line.kind,
                "run_id": line.run_id,
                "actor_id": line.actor_id,
                "parent": line.parent,
            })
        })
        .collect()
}

pub(crate) fn run_rows(bus: &Bus, session: &str) -> Vec<Value> {
    let view = bus.view::<runs::RunRow>(runs::VIEW).unwrap();
    let rows = view.scan(prefix(&[session])).map(|row| row.unwrap().1);
    rows.map(|row| {
        json!({
            "run_id": row.run_id,
            "trigger": row.trigger.as_str(),
            "status": row.status.as_str(),
            "counters": {
                "tool_uses": row.counters.tool_uses,
                "tool_failures": row.counters.tool_failures,
                "permission_requests": row.counters.permission_requests,
                "blocks": row.counters.blocks,
            },
        })
    })
    .collect()
}

pub(crate) fn workflow_rows(bus: &Bus, session: &str) -> Vec<workflow_runs::WorkflowRun> {
    let view = bus.view::<workflow_runs::WorkflowRun>(workflow_runs::VIEW).unwrap();
    let mut rows: Vec<_> = view.scan(prefix(&[session])).map(|row| row.unwrap().1).collect();
    rows.sort_by_key(|row| row.started_at);
    rows
}

fn workflow_results(bus: &Bus, session: &str) -> Vec<Value> {
    let rows = workflow_rows(bus, session).into_iter();
    rows.map(|row| {
        json!({
            "run_id": row.run_id,
            "workflow_name": row.workflow_name,
            "status": row.status.as_str(),
            "iterations": row.iteration,
            "stop_reason": row.stop_reason,
            "tokens": {
                "input": row.tokens.input,
                "output": row.tokens.output,
                "cacheRead": row.tokens.cache_read,
                "cacheWrite": row.tokens.cache_write,
                "total": row.tokens.total,
                "contextSize": row.tokens.context_size,
                "contextWindowSize": row.tokens.context_window_size,
            },
        })
    })
    .collect()
}

/// The program, ready to be started.
pub(crate) fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_agent-runtime"));
    program.stdin(Stdio::null());
    program
}

/// What the program does with arguments.
pub(crate) fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    program().args(arguments).output().unwrap()
}

/// `replay RECORDING --db DB`, and it must succeed.
pub(crate) fn replay(recording: &Path, db: &Path, more: &[&str]) -> String {
    let output = program()
        .args(["replay".as_ref(), recording, "--db".as_ref(), db])
        .args(more)
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{more:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a listing says, a JSON object a line.
pub(crate) fn listing(command: &str, db: &Path) -> String {
    let output = run([command.as_ref(), "--json".as_ref(), "--db".as_ref(), db]);
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
