//! Session files of the reference system: those beside the workspace, and those that its program would
//! have left behind after the recordings of this repository.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agent_runtime::import::{Import, Legacy};
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use vitae::store::{Query, Read, ReadError};
use vitae::{Bus, MemoryStore};

use super::{Recording, feed_lines, workflow_rows};

const TABLES: &str = "
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version VALUES (6);
CREATE TABLE session (
    id TEXT PRIMARY KEY, project_dir TEXT NOT NULL, created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL, label TEXT, event_count INTEGER DEFAULT 0
);
CREATE TABLE runtime_events (
    id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, timestamp INTEGER NOT NULL,
    hook_name TEXT NOT NULL, adapter_session_id TEXT, payload JSON NOT NULL
);
CREATE TABLE feed_events (
    event_id TEXT PRIMARY KEY, runtime_event_id TEXT REFERENCES runtime_events(id),
    seq INTEGER NOT NULL, kind TEXT NOT NULL, run_id TEXT NOT NULL, actor_id TEXT NOT NULL,
    timestamp INTEGER NOT NULL, data JSON NOT NULL
);
CREATE TABLE workflow_runs (
    id TEXT PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session(id), workflow_name TEXT,
    started_at INTEGER NOT NULL, ended_at INTEGER, iteration INTEGER NOT NULL DEFAULT 0,
    max_iterations INTEGER NOT NULL DEFAULT 1, status TEXT NOT NULL DEFAULT 'running',
    stop_reason TEXT, tracker_path TEXT
);
CREATE TABLE adapter_sessions (
    session_id TEXT PRIMARY KEY, started_at INTEGER NOT NULL, ended_at INTEGER, model TEXT,
    source TEXT, tokens_input INTEGER, tokens_output INTEGER, tokens_cache_read INTEGER,
    tokens_cache_write INTEGER, tokens_context_size INTEGER, tokens_context_window_size INTEGER,
    run_id TEXT REFERENCES workflow_runs(id)
);
CREATE TABLE channel_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, channel_id TEXT NOT NULL, created_at INTEGER NOT NULL
);
";

/// A recording with the file that the reference system left behind after it.
pub(crate) struct Session {
    pub(crate) recording: Recording,
    pub(crate) file: PathBuf,
}

/// Every recording with its file; those of this repository have theirs made in the folder.
pub(crate) fn all(folder: &Path) -> Vec<Session> {
    let own = super::own().into_iter().map(|recording| {
        let file = folder.join(format!("{}.legacy.db", recording.name));
        write(&recording, &file);
        Session { recording, file }
    });
    let shared = super::shared().into_iter().filter_map(|recording| {
        let file = recording.path.with_file_name("legacy.db");
        file.exists().then_some(Session { recording, file })
    });
    own.chain(shared).collect()
}

/// One of the recordings of this repository with its file, made in the folder.
pub(crate) fn named(name: &str, folder: &Path) -> Session {
    let recording = super::named(name);
    let file = folder.join(format!("{name}.legacy.db"));
    write(&recording, &file);
    Session { recording, file }
}

/// A log into which a file was imported.
pub(crate) fn imported(file: &Path) -> (Bus, Legacy) {
    let (bus, legacy) = (memory(), Legacy::read(file).unwrap());
    import(&bus, &legacy);
    (bus, legacy)
}

/// Imports a file to its end, wherever an earlier import of it stopped, and says what was kept.
pub(crate) fn import(bus: &Bus, legacy: &Legacy) -> Vec<String> {
    let mut import = Import::open(bus.clone(), legacy).unwrap();
    while import.step().unwrap() {}
    let kept = import.kept().unwrap().into_iter();
    kept.map(|kept| format!("{} {}: {}", kept.table, kept.row, kept.why)).collect()
}

/// An empty log in memory.
pub(crate) fn memory() -> Bus {
    agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap()
}

/// Changes a file, whatever it says of foreign keys.
pub(crate) fn change(file: &Path, sql: &str) {
    let db = Connection::open(file).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    db.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A copy of a file that was changed.
pub(crate) fn changed(file: &Path, sql: &str) -> Legacy {
    let changed = file.with_extension("changed");
    fs::copy(file, &changed).unwrap();
    change(&changed, sql);
    Legacy::read(&changed).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// The kinds of a log's events, in order.
pub(crate) fn kinds(bus: &Bus) -> Vec<String> {
    let mut kinds = Vec::new();
    bus.store()
        .visit(Read::log(Query::all()), |event| {
            kinds.push(event.kind().to_owned());
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })
        .unwrap();
    kinds
}

/// Every name in a folder, with the bytes of what it names.
pub(crate) fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    files.sort();
    files
}

/// Writes what the reference system writes while it hears a recording. What the feed holds and when,
/// the recording itself says; only how many lines each input makes is taken from a replay.
fn write(recording: &Recording, file: &Path) {
    let _ = fs::remove_file(file);
    let db = Connection::open(file).unwrap();
    db.execute_batch(TABLES).unwrap();
    let began = recording.line(0)["at"].as_i64().unwrap();
    let session = &recording.session;
    db.execute(
        "INSERT INTO session VALUES (?, '/p', ?, ?, NULL, 0)",
        params![session, began, began],
    )
    .unwrap();
    let bus = memory();
    let mut replay = recording.replay(&bus, 0);
    let mut links = Vec::new();
    let (mut shown, mut hooks) = (0, 0);
    for (index, bytes) in recording.lines.iter().enumerate() {
        replay.line(bytes).unwrap();
        let line = recording.line(index);
        if line["t"] == "hook" {
            hooks += 1;
            write_hook(&db, &line, bytes, hooks);
        }
        if line["t"] == "link" {
            links.push((line["run_id"].clone(), line["session_id"].clone()));
        }
        let now = feed_lines(&bus, session).len();
        for seq in shown..now {
            write_feed(&db, recording, &line, seq);
        }
        shown = now;
    }
    for row in workflow_rows(&bus, session) {
        let status = row.status.as_str();
        db.execute(
            "INSERT INTO workflow_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                row.run_id,
                row.session_id,
                row.workflow_name,
                row.started_at,
                row.ended_at,
                row.iteration,
                row.max_iterations,
                status,
                row.stop_reason,
                row.tracker_path
            ],
        )
        .unwrap();
    }
    for (workflow, agent) in links {
        let link = "UPDATE adapter_sessions SET run_id = ? WHERE session_id = ?";
        db.execute(link, params![workflow.as_str(), agent.as_str()]).unwrap();
    }
}

fn write_hook(db: &Connection, line: &Value, bytes: &[u8], seq: i64) {
    #[derive(serde::Deserialize)]
    struct HookLine<'a> {
        #[serde(borrow)]
        event: &'a serde_json::value::RawValue,
    }
    let HookLine { event } = serde_json::from_slice(bytes).unwrap();
    let (id, at) = (line["id"].as_str(), line["at"].as_i64());
    let (name, agent) =
        (line["event"]["hook_event_name"].as_str(), line["event"]["session_id"].as_str());
    let payload = format!("{{\"id\":{},\"payload\":{event}}}", line["id"]);
    db.execute(
        "INSERT INTO runtime_events VALUES (?, ?, ?, ?, ?, ?)",
        params![id, seq, at, name, agent, payload],
    )
    .unwrap();
    let first = "INSERT OR IGNORE INTO adapter_sessions (session_id, started_at) VALUES (?, ?)";
    db.execute(first, params![agent, at]).unwrap();
}

fn write_feed(db: &Connection, recording: &Recording, line: &Value, index: usize) {
    let expected = &recording.expected["feed"][index];
    let (seq, run_id) = (&expected["seq"], expected["run_id"].as_str().unwrap());
    let number = run_id.rsplit_once(":R").unwrap().1;
    let runs = recording.expected["runs"].as_array().unwrap();
    let run =
        runs.iter().find(|run| run["run_id"].as_str().unwrap().ends_with(&format!(":R{number}")));
    let decision = &line["decision"];
    let details = match expected["kind"].as_str().unwrap() {
        "run.start" => json!({ "trigger": { "type": run.unwrap()["trigger"] } }),
        "run.end" => json!({ "status": "completed", "counters": run.unwrap()["counters"] }),
        "permission.decision" => match decision["intent"]["kind"].as_str() {
            _ if decision["type"] == "passthrough" => {
                json!({ "decision_type": "no_opinion", "reason": decision["source"] })
            }
            Some("permission_deny") => {
                json!({ "decision_type": "deny", "message": decision["intent"]["reason"] })
            }
            _ => json!({ "decision_type": "allow" }),
        },
        "stop.decision" if decision["data"]["decision"] == "block" => {
            json!({ "decision_type": "block", "reason": decision["data"]["reason"] })
        }
        "stop.decision" => json!({ "decision_type": "allow" }),
        _ => json!({}),
    };
    let cause = json!({
        "parent_event_id": expected["parent"],
        "hook_request_id": line["id"].as_str().or(line["request"].as_str()),
    });
    db.execute(
        "INSERT INTO feed_events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            format!("{run_id}:E{seq}"),
            line["id"].as_str(),
            seq.as_i64(),
            expected["kind"].as_str(),
            run_id,
            expected["actor_id"].as_str(),
            line["at"].as_i64(),
            json!({ "cause": cause, "data": details }).to_string(),
        ],
    )
    .unwrap();
}
