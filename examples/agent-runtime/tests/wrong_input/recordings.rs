//! Recordings with a wrong line in them.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::support::{listing, named, open, program, replay, run, story};
use super::{Bed, objects, refused};

#[test]
fn input_that_nobody_reads_as_json_is_shown_as_its_text() {
    let (bed, recording) = (Bed::new(), named("demo"));
    let deep = (0..200).fold(json!("rm"), |inner, _| json!([inner]));
    let event = json!({
        "hook_event_name": "PermissionRequest", "session_id": "agent-b2", "tool_name": "Bash",
        "tool_input": deep,
    });
    let hook = json!({ "t": "hook", "at": 1, "id": "deep", "event": event }).to_string();
    let lines = [&recording.lines[..], &[hook.into_bytes()]].concat();
    replay(&bed.file("recording.jsonl", &lines.join(&b'\n')), &bed.db(), &[]);
    let output = run(["context", "deep", "--json", "--db", &bed.db().display().to_string()]);
    let context = objects(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(context[0]["tool_input"], deep.to_string());
}

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
