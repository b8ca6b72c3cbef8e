//! Wrong input ends in a message that says where, and leaves everything as it was.

#![cfg(test)]

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use support::{Recording, listing, named, open, program, replay, run, story};
use tempfile::TempDir;
use vitae::MemoryStore;

#[test]
fn a_wrong_line_is_named_and_what_stood_before_it_stays() {
    let missing_id = r#"{"t":"hook","at":1,"event":{"hook_event_name":"Stop","session_id":"a"}}"#;
    let no_hook = r#"{"t":"hook","at":1,"id":"x","event":{"session_id":"a"}}"#;
    let workflow = |run: &str, session: &str| {
        let workflow = json!({ "name": "again" });
        json!({
            "t": "workflow", "at": 1, "run_id": run, "session_id": session,
            "workflow": workflow, "prompt": "again",
        })
        .to_string()
    };
    let hook = |id: &str| {
        let event = json!({
            "hook_event_name": "PermissionRequest", "session_id": "agent-b2", "tool_name": "Bash",
        });
        json!({ "t": "hook", "at": 1, "id": id, "event": event }).to_string()
    };
    let demo = "7c9e1f5a-3b52-4c8e-9d40-1f2a6b7c8d9e";
    let survey = "5a11ce00-0000-4000-8000-000000000002";
    let link = |agent: &str, workflow: &str| {
        json!({ "t": "link", "at": 1, "session_id": agent, "run_id": workflow }).to_string()
    };
    let shape = "the line is not as a recording has it: ";
    let turn = r#"{"t":"turn","at":1,"prompt":"on"}"#.to_owned();
    let turn_end = r#"{"t":"turn_end","at":1,"exit_code":0}"#.to_owned();
    let tracker = r##"{"t":"tracker","at":1,"content":"# T"}"##.to_owned();
    for (name, after, line, says) in [
        ("demo", 0, r#"{"t":"hook","at":"#.into(), shape),
        ("demo", 28, r#"{"t":"hook","at":"#.into(), shape),
        ("demo", 28, String::new(), shape),
        ("demo", 28, "[]".into(), shape),
        ("demo", 28, "{}".into(), shape),
        ("demo", 28, r#"{"t":"cancel","at":"now"}"#.into(), shape),
        ("demo", 28, r#"{"t":"tracker","at":1}"#.into(), shape),
        ("demo", 28, missing_id.into(), shape),
        ("demo", 28, no_hook.into(), shape),
        ("demo", 28, r#"{"t":"cancel","at":9223372036854775807}"#.into(), "`at` is out of range"),
        (
            "demo",
            28,
            r#"{"t":"party","at":1}"#.into(),
            "`t` is `party`, which is none of workflow, ",
        ),
        (
            "demo",
            28,
            r#"{"t":"decision","at":1,"request":"hook-99","decision":{"type":"json"}}"#.into(),
            "a decision for request `hook-99`, which no hook has raised",
        ),
        (
            "demo",
            28,
            hook("hook-22"),
            "`PermissionAsked` cannot happen in state `AwaitingPermission`",
        ),
        ("demo", 28, turn.clone(), "a turn is under way already"),
        ("demo", 28, workflow("other", "tidepool"), "session"),
        ("demo", 28, workflow("other", "rockpool"), "the line is of session `rockpool`"),
        ("demo", 54, workflow(demo, "tidepool"), demo),
        ("demo", 54, turn.clone(), "a turn without a workflow; start one first"),
        ("demo", 54, tracker.clone(), "a tracker without a workflow"),
        ("demo", 54, turn_end.clone(), "the end of a turn without a workflow"),
        ("demo", 54, r#"{"t":"cancel","at":1}"#.into(), "a cancellation without a workflow"),
        ("demo", 1, turn_end, "is in state `Starting`, where this cannot happen"),
        ("demo", 19, r#"{"t":"turn_end","at":1}"#.into(), "no turn is under way"),
        ("demo", 28, link("agent-b2", "nowhere"), "is linked to workflow `nowhere`, but"),
        ("demo", 28, link("nobody", "nowhere"), "workflow `nowhere` was never started"),
        ("interactive", 5, turn, "a turn without a workflow; start one first"),
        ("subagents", 4, tracker, "the workflow is not looped and has none"),
        ("subagents", 27, link("s-1", survey), "agent session `s-1` is linked to workflow"),
    ] {
        Bed::new().refuses(&named(name), after, line.as_bytes(), says);
    }
    Bed::new().refuses(&named("demo"), 28, b"{\"t\":\"\xff\"}", "the line is not UTF-8");
}

#[test]
fn a_line_cut_off_at_the_end_is_named() {
    let demo = named("demo");
    let bed = Bed::new();
    let bytes = fs::read(&demo.path).unwrap();
    let recording = bed.file("recording.jsonl", &bytes[..bytes.len() - 9]);
    let place = format!("{}:61: ", recording.display());
    refused(&bed.replay(&recording), &[&place, "EOF"]);
    // The rest of the line arrives.
    replay(&demo.path, &bed.db(), &[]);
    demo.check_file(&bed.db(), &story(&demo.unstopped()));
}

#[test]
fn a_recording_that_is_none_makes_no_database() {
    let bed = Bed::new();
    let empty = bed.file("empty", b"");
    let blank = bed.file("blank", b"\n\n");
    let text = bed.file("text", b"Dear diary,\ntoday\n");
    let nobody = bed.file("nobody", b"{\"t\":\"cancel\",\"at\":1}\n");
    let missing = bed.path("missing");
    let folder = bed.path("folder");
    fs::create_dir(&folder).unwrap();
    for (recording, place, says) in [
        (&empty, "", "the recording is empty"),
        (&blank, ":1", "not as a recording has it"),
        (&text, ":1", "not as a recording has it"),
        (&nobody, "", "names no session; say which with --session"),
        (&missing, "", "No such file"),
        (&folder, "", "is a directory"),
    ] {
        let place = format!("error: {}{place}: ", recording.display());
        refused(&bed.replay(recording), &[&place, says]);
        assert!(!bed.db().exists(), "{}", recording.display());
    }
}

#[test]
fn a_line_that_has_changed_since_is_named() {
    let demo = named("demo");
    let bed = Bed::new();
    replay(&demo.path, &bed.db(), &["--stop-after", "40"]);
    let before = listing("log", &bed.db());
    for line in [1, 7, 40] {
        let mut lines = demo.lines.clone();
        // Still a line, and of the same meaning: but not the same.
        lines[line - 1].push(b' ');
        let changed = bed.file("changed.jsonl", &lines.join(&b'\n'));
        let place = format!("{}:{line}: ", changed.display());
        refused(&bed.replay(&changed), &[&place, "consumed before and has changed since"]);
        assert_eq!(listing("log", &bed.db()), before);
    }
    let shorter = bed.file("shorter.jsonl", &demo.lines[..39].join(&b'\n'));
    let says = "the recording has 39 lines, but 40 were consumed before";
    refused(&bed.replay(&shorter), &[&format!("{}:39: ", shorter.display()), says]);
    assert_eq!(listing("log", &bed.db()), before);
    // Nothing of it stands in the way of the right one.
    replay(&demo.path, &bed.db(), &[]);
    demo.check_file(&bed.db(), &story(&demo.unstopped()));
}

#[test]
fn a_hook_of_an_unknown_kind_is_kept_and_not_shown() {
    let bed = Bed::new();
    let interactive = named("interactive");
    replay(&interactive.path, &bed.db(), &[]);
    let log = objects(&listing("log", &bed.db()));
    let unknown: Vec<&Value> =
        log.iter().filter(|event| event["kind"] == "session.hook_unknown").collect();
    let [unknown] = unknown.as_slice() else {
        panic!("{} unknown hooks", unknown.len());
    };
    assert_eq!(unknown["payload"]["name"], "FileChanged");
    let kept: Value = serde_json::from_str(unknown["payload"]["json"].as_str().unwrap()).unwrap();
    assert_eq!(kept, interactive.line(33)["event"]);
    interactive.check_end(&open(&bed.db()));
}

#[test]
fn a_hook_of_an_unknown_kind_may_have_any_fields() {
    let bed = Bed::new();
    let event = json!({
        "hook_event_name": "Elicitation", "session_id": "a",
        "message": { "text": "which?" }, "error": 5, "tool_name": ["Bash"],
    });
    let line = json!({ "t": "hook", "at": 1, "id": "x", "event": event }).to_string();
    let recording = bed.file("recording.jsonl", line.as_bytes());
    replay(&recording, &bed.db(), &[]);
    let log = objects(&listing("log", &bed.db()));
    assert_eq!(log.len(), 1);
    let kept: Value = serde_json::from_str(log[0]["payload"]["json"].as_str().unwrap()).unwrap();
    assert_eq!(kept, event);
    // A known one has the fields that it has.
    let bed = Bed::new();
    let known = line.replace("Elicitation", "Notification");
    let recording = bed.file("recording.jsonl", known.as_bytes());
    let place = format!("error: {}:1: ", recording.display());
    refused(&bed.replay(&recording), &[&place, "invalid type"]);
}

#[test]
fn a_database_that_is_not_ours_stays_as_it_is() {
    let bed = Bed::new();
    let demo = named("demo");
    replay(&demo.path, &bed.db(), &[]);
    let ours = fs::read(bed.db()).unwrap();
    // SQLite's header: the format at 60, the program's mark at 68, both big-endian.
    let patched = |at: usize, bytes: [u8; 4]| {
        let mut patched = ours.clone();
        patched[at..at + 4].copy_from_slice(&bytes);
        patched
    };
    let future = patched(60, 77_u32.to_be_bytes());
    let others = patched(68, 77_u32.to_be_bytes());
    for (name, content, says) in [
        ("text", b"Dear diary,\n".as_slice(), "is not a vitae store"),
        ("nothing", b"", "is not a vitae store: it is empty"),
        ("others", &others, "is not a vitae store: it is the SQLite file of another program"),
        ("future", &future, "has format 77, newer than 2"),
        ("cut", &ours[..ours.len() / 2], "is cut short; restore it from a backup"),
        ("head", &ours[..50], "is not a vitae store"),
    ] {
        let bed = Bed::new();
        let db = bed.file(name, content);
        for output in every_command(&demo, &db) {
            refused(&output, &[&db.display().to_string(), says]);
            assert!(fs::read(&db).unwrap() == content, "{name} was changed");
            assert_eq!(bed.files(), [name]);
        }
    }
}

#[test]
fn a_database_that_is_none_is_not_made_by_a_listing() {
    let bed = Bed::new();
    let demo = named("demo");
    let folder = bed.path("folder");
    fs::create_dir(&folder).unwrap();
    for output in every_command(&demo, &folder) {
        refused(&output, &[&folder.display().to_string(), "it is a folder"]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
    let missing = bed.path("missing");
    for output in every_listing(&missing) {
        refused(&output, &[&missing.display().to_string()]);
        assert!(!missing.exists());
    }
    let nowhere = bed.path("no/such/folder/db");
    for output in every_command(&demo, &nowhere) {
        refused(&output, &[&nowhere.display().to_string()]);
    }
}

#[test]
fn wrong_usage_is_told_from_wrong_input() {
    for arguments in [
        [].as_slice(),
        &["dance"],
        &["replay"],
        &["replay", "x"],
        &["replay", "x", "--db", "y", "--stop-after", "soon"],
        &["replay", "x", "--db", "y", "--stop-after", "-1"],
        &["feed"],
        &["feed", "--db", "y", "--jsno"],
        &["context", "--db", "y"],
        &["answer", "x", "--db", "y"],
        &["answer", "x", "--db", "y", "--allow", "--always"],
        &["channels", "--db", "y", "--patience", "-1m"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
    assert!(!Path::new("y").exists());
}

#[test]
fn json_is_an_object_a_line_and_nothing_else() {
    let bed = Bed::new();
    replay(&named("demo").path, &bed.db(), &[]);
    for (command, lines) in [("workflows", 1), ("runs", 5), ("feed", 61)] {
        assert_eq!(objects(&listing(command, &bed.db())).len(), lines, "{command}");
    }
    assert!(!objects(&listing("log", &bed.db())).is_empty());
    let db = bed.db();
    let output = run(["context", "hook-22", "--json", "--db", &db.display().to_string()]);
    assert!(output.status.success() && output.stderr.is_empty());
    let context = objects(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(context.len(), 1);
    assert_eq!(context[0]["workflow_name"], "fix-tests");
    let output = run(["context", "hook-99", "--json", "--db", &db.display().to_string()]);
    refused(&output, &["session `tidepool` has no permission request `hook-99`"]);
    // A hook that is there, but asks for nothing.
    let output = run(["context", "hook-21", "--json", "--db", &db.display().to_string()]);
    refused(&output, &["session `tidepool` has no permission request `hook-21`"]);
}

#[test]
fn several_sessions_share_a_file() {
    let bed = Bed::new();
    let recordings = support::own();
    // A few lines of each in turn, so that they lie in one another's way.
    for lines in (0..=70).step_by(10) {
        for recording in &recordings {
            replay(&recording.path, &bed.db(), &["--stop-after", &lines.to_string()]);
        }
    }
    let mut events = 0;
    for recording in &recordings {
        recording.check_end(&open(&bed.db()));
        let alone = bed.path(&recording.name);
        replay(&recording.path, &alone, &[]);
        let session = ["--session", &recording.session];
        for command in ["workflows", "runs", "feed"] {
            let shared = [command, "--json", "--db", &bed.db().display().to_string()];
            let output = run(shared.into_iter().chain(session));
            assert_eq!(String::from_utf8(output.stdout).unwrap(), listing(command, &alone));
        }
        let log = ["log", "--json", "--db", &bed.db().display().to_string()];
        let output = run(log.into_iter().chain(session));
        let log = objects(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(log.len(), objects(&listing("log", &alone)).len());
        events += log.len();
    }
    assert_eq!(objects(&listing("log", &bed.db())).len(), events);
    let db = bed.db().display().to_string();
    let output = run(["context", "hook-22", "--json", "--db", &db]);
    refused(&output, &["several sessions; say which with --session"]);
    let output = run(["context", "hook-22", "--db", &db, "--session", "tidepool"]);
    assert!(output.status.success());
}

#[test]
fn a_workflow_of_another_session_is_not_mixed_up_with_ours() {
    let bed = Bed::new();
    replay(&named("demo").path, &bed.db(), &[]);
    let survey = named("subagents");
    for line in [
        json!({
            "t": "link", "at": 1, "session_id": "nobody",
            "run_id": "7c9e1f5a-3b52-4c8e-9d40-1f2a6b7c8d9e",
        }),
        json!({
            "t": "workflow", "at": 1, "run_id": "7c9e1f5a-3b52-4c8e-9d40-1f2a6b7c8d9e",
            "session_id": "survey", "workflow": { "name": "again" }, "prompt": "again",
        }),
    ] {
        let mut lines = survey.lines.clone();
        lines.push(line.to_string().into_bytes());
        let recording = bed.file("recording.jsonl", &lines.join(&b'\n'));
        let place = format!("{}:{}: ", recording.display(), lines.len());
        refused(&bed.replay(&recording), &[&place, "7c9e1f5a-3b52-4c8e-9d40-1f2a6b7c8d9e"]);
    }
}

#[test]
fn a_recording_may_come_from_standard_input() {
    let bed = Bed::new();
    let demo = named("demo");
    let good = fs::read(&demo.path).unwrap();
    let bad = [good.as_slice(), b"nonsense\n"].concat();
    let output = from_standard_input(&bed.db(), &bad);
    refused(&output, &["error: standard input:62: "]);
    let output = from_standard_input(&bed.db(), &good);
    assert!(output.status.success());
    demo.check_file(&bed.db(), &story(&demo.unstopped()));
}

/// A folder to work in.
struct Bed(TempDir);

impl Bed {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn db(&self) -> PathBuf {
        self.path("db")
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn replay(&self, recording: &Path) -> Output {
        run(["replay".as_ref(), recording, "--db".as_ref(), &self.db()])
    }

    /// A recording with a wrong line after some right ones.
    fn refuses(&self, recording: &Recording, after: usize, line: &[u8], says: &str) {
        let mut lines = recording.lines.clone();
        lines.insert(after, line.to_vec());
        let file = self.file("recording.jsonl", &lines.join(&b'\n'));
        let place = format!("error: {}:{}: ", file.display(), after + 1);
        let unwrong = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
        recording.replay(&unwrong, after);
        for _ in 0..2 {
            refused(&self.replay(&file), &[&place, says]);
            assert_eq!(story(&open(&self.db())), story(&unwrong), "{says}");
        }
        // Without the wrong line, it goes on from there.
        replay(&recording.path, &self.db(), &[]);
        recording.check_end(&open(&self.db()));
    }
}

/// The program has failed, has said why, and nothing else.
fn refused(output: &Output, says: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{says:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert!(error.starts_with("error: ") && error.lines().count() == 1, "{error}");
    for says in says {
        assert!(error.contains(says), "`{error}` does not say `{says}`");
    }
}

/// What every command that needs a database says to one.
fn every_command(recording: &Recording, db: &Path) -> Vec<Output> {
    let mut outputs = every_listing(db);
    let arguments = ["replay".as_ref(), recording.path.as_path()];
    outputs.push(run(arguments.into_iter().chain(["--db".as_ref(), db])));
    outputs
}

/// What every command that needs a database that is there says to one.
fn every_listing(db: &Path) -> Vec<Output> {
    let commands = ["workflows", "runs", "feed", "log", "rebuild"].map(|command| vec![command]);
    let request = [vec!["context", "hook-22"], vec!["answer", "hook-22", "--allow"]];
    let commands = commands.into_iter().chain(request);
    commands
        .map(|command| {
            let arguments = command.into_iter().map(Path::new);
            run(arguments.chain(["--db".as_ref(), db]))
        })
        .collect()
}

fn from_standard_input(db: &Path, bytes: &[u8]) -> Output {
    let mut child = program()
        .args(["replay".as_ref(), "-".as_ref(), "--db".as_ref(), db])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap()
}

/// Lines that are a JSON object each.
fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines();
    let objects: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.iter().all(Value::is_object));
    objects
}
