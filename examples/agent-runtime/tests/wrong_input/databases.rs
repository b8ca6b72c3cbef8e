//! Databases, sessions and arguments that are not what a command needs.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::support::{listing, named, open, own, replay, run};
use super::{Bed, every_command, every_listing, objects, refused};

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
    let recordings = own();
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
