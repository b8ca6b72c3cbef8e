//! Recordings, and what must come out of them.

#![allow(dead_code, reason = "every test binary uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};

use agent_runtime::projections::{feed, prefix, runs, workflow_runs};
use agent_runtime::replay::{Replay, SessionSearch};
use serde_json::{Value, json};
use vitae::Bus;

/// A recorded session and what its program made of it.
pub struct Recording {
    pub name: String,
    pub path: PathBuf,
    pub session: String,
    pub lines: Vec<Vec<u8>>,
    pub expected: Value,
}

/// The recordings written for this repository.
pub fn own() -> Vec<Recording> {
    folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings"))
}

/// The recordings beside the workspace, or where `VITAE_RECORDINGS` says; none if there are none.
pub fn shared() -> Vec<Recording> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/recordings");
    let folder = std::env::var_os("VITAE_RECORDINGS").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        folders(&folder)
    } else {
        Vec::new()
    }
}

pub fn all() -> Vec<Recording> {
    own().into_iter().chain(shared()).collect()
}

fn folders(root: &Path) -> Vec<Recording> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let folders = folders.into_iter().filter(|folder| folder.is_dir());
    folders.map(|folder| Recording::read(&folder)).collect()
}

impl Recording {
    fn read(folder: &Path) -> Self {
        let path = folder.join("recording.jsonl");
        let bytes = fs::read(&path).unwrap();
        let expected = fs::read(folder.join("expected.json")).unwrap();
        let lines: Vec<Vec<u8>> = bytes
            .strip_suffix(b"\n")
            .unwrap_or(&bytes)
            .split(|byte| *byte == b'\n')
            .map(Vec::from)
            .collect();
        let mut search = SessionSearch::default();
        let named = lines.iter().find_map(|line| search.look(line));
        Self {
            name: folder.file_name().unwrap().to_string_lossy().into_owned(),
            path,
            session: named.or_else(|| search.without_workflow()).unwrap(),
            lines,
            expected: serde_json::from_slice(&expected).unwrap(),
        }
    }

    /// Replays lines of the recording, the first `before` of them once more.
    pub fn replay(&self, bus: &Bus, from: usize, to: usize) -> Replay {
        let mut replay = Replay::open(bus.clone(), self.session.clone()).unwrap();
        assert_eq!(
            replay.consumed(),
            u64::try_from(from).unwrap(),
            "{}",
            self.name
        );
        for (index, line) in self.lines.iter().enumerate().take(to) {
            replay
                .line(line)
                .unwrap_or_else(|error| panic!("{}:{}: {error:?}", self.name, index + 1));
        }
        replay
    }

    /// The snapshots that must hold after a line, counted from 1.
    pub fn snapshots_after(&self, line: usize) -> impl Iterator<Item = &Value> {
        let snapshots = self.expected["snapshots"].as_array().unwrap();
        snapshots
            .iter()
            .filter(move |snapshot| snapshot["after"] == line)
    }

    /// Compares what is there with what must be there.
    pub fn check_end(&self, bus: &Bus) {
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

    /// Compares a workflow's row with a snapshot of the program's table.
    pub fn check_snapshot(&self, bus: &Bus, snapshot: &Value) {
        let rows = workflow_rows(bus, &self.session);
        let row = rows
            .iter()
            .find(|row| row.run_id == snapshot["run_id"])
            .unwrap();
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

pub fn feed_lines(bus: &Bus, session: &str) -> Vec<Value> {
    let view = bus.view::<feed::FeedLine>(feed::VIEW).unwrap();
    let lines = view
        .scan(prefix(&[feed::LINES, session]))
        .map(|row| row.unwrap().1);
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

pub fn run_rows(bus: &Bus, session: &str) -> Vec<Value> {
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

pub fn workflow_rows(bus: &Bus, session: &str) -> Vec<workflow_runs::WorkflowRun> {
    let view = bus
        .view::<workflow_runs::WorkflowRun>(workflow_runs::VIEW)
        .unwrap();
    let mut rows: Vec<_> = view
        .scan(prefix(&[session]))
        .map(|row| row.unwrap().1)
        .collect();
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
