//! Rows of the reference system's tables: those that differ are listed, and those that nobody understands
//! are kept.

#![cfg(test)]

mod support;

use std::fs;
use std::sync::Arc;

use agent_runtime::import::{Import, check};
use rusqlite::Connection;
use serde_json::{Value, json};
use support::legacy::{self, change, changed, import, imported, kinds, memory};
use support::{run, story};
use vitae::MemoryStore;
use vitae::store::Limits;

#[test]
fn the_check_sees_every_column() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("interactive", folder.path());
    let (bus, legacy) = imported(&session.file);
    assert_eq!(check(&bus, &legacy).unwrap(), []);
    let budget = legacy::named("budget", folder.path());
    let (workflows, _) = imported(&budget.file);
    let one = "WHERE rowid = (SELECT min(rowid) FROM";
    let feed = format!("{one} feed_events WHERE kind = 'tool.post')");
    let closed = format!("{one} feed_events WHERE kind = 'run.end')");
    let opened = format!("{one} feed_events WHERE kind = 'run.start')");
    let (agent, workflow) =
        (format!("{one} adapter_sessions)"), format!("{one} workflow_runs WHERE status != 'x')"));
    for (table, column, to, at, bus, file) in [
        ("feed_events", "event_id", "'other'", &feed, &bus, &session.file),
        (
            "feed_events",
            "runtime_event_id",
            "(SELECT max(id) FROM runtime_events)",
            &feed,
            &bus,
            &session.file,
        ),
        ("feed_events", "kind", "'tool.failure'", &feed, &bus, &session.file),
        ("feed_events", "run_id", "'other:R1'", &feed, &bus, &session.file),
        ("feed_events", "actor_id", "'user'", &feed, &bus, &session.file),
        ("feed_events", "timestamp", "timestamp + 1", &feed, &bus, &session.file),
        (
            "feed_events",
            "data",
            "json_remove(data, '$.cause.parent_event_id')",
            &feed,
            &bus,
            &session.file,
        ),
        (
            "feed_events",
            "data",
            "json_set(data, '$.data.counters.blocks', 9)",
            &closed,
            &bus,
            &session.file,
        ),
        (
            "feed_events",
            "data",
            "json_set(data, '$.data.status', 'failed')",
            &closed,
            &bus,
            &session.file,
        ),
        (
            "feed_events",
            "data",
            "json_set(data, '$.data.trigger.type', 'clear')",
            &opened,
            &bus,
            &session.file,
        ),
        ("feed_events", "seq", "seq + 1000", &feed, &bus, &session.file),
        ("adapter_sessions", "session_id", "'other'", &agent, &bus, &session.file),
        ("adapter_sessions", "started_at", "started_at + 1", &agent, &bus, &session.file),
        ("adapter_sessions", "run_id", "'other'", &agent, &bus, &session.file),
        ("adapter_sessions", "tokens_input", "7", &agent, &bus, &session.file),
        ("adapter_sessions", "tokens_context_window_size", "7", &agent, &bus, &session.file),
        ("adapter_sessions", "model", "'x'", &agent, &bus, &session.file),
        ("workflow_runs", "id", "'other'", &workflow, &workflows, &budget.file),
        ("workflow_runs", "workflow_name", "'other'", &workflow, &workflows, &budget.file),
        ("workflow_runs", "workflow_name", "NULL", &workflow, &workflows, &budget.file),
        ("workflow_runs", "started_at", "started_at + 1", &workflow, &workflows, &budget.file),
        ("workflow_runs", "ended_at", "ended_at + 1", &workflow, &workflows, &budget.file),
        ("workflow_runs", "iteration", "iteration + 1", &workflow, &workflows, &budget.file),
        (
            "workflow_runs",
            "max_iterations",
            "max_iterations + 1",
            &workflow,
            &workflows,
            &budget.file,
        ),
        ("workflow_runs", "status", "'cancelled'", &workflow, &workflows, &budget.file),
        ("workflow_runs", "stop_reason", "'other'", &workflow, &workflows, &budget.file),
        ("workflow_runs", "tracker_path", "'other'", &workflow, &workflows, &budget.file),
    ] {
        let sql = format!("UPDATE {table} SET {column} = {to} {at}");
        let differences = check(bus, &changed(file, &sql)).unwrap();
        assert!(!differences.is_empty(), "{sql}");
        assert!(differences.iter().all(|difference| difference.table == table), "{differences:?}");
    }
}

#[test]
fn what_is_not_understood_is_kept_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let hook = "SELECT id FROM runtime_events WHERE hook_name = 'Notification' LIMIT 1";
    let notification = format!("id = ({hook})");
    for (sql, kept, differs) in [
        ("INSERT INTO channel_messages VALUES (3, 'chat', 5)".to_owned(), "channel_messages 3: ", false),
        ("CREATE TABLE \"a \"\" table\" (x); INSERT INTO \"a \"\" table\" VALUES (x'ff')".to_owned(), "a \" table 1: ", false),
        (format!("UPDATE runtime_events SET payload = '{{' WHERE {notification}"), "runtime_events hook-", true),
        (format!("UPDATE runtime_events SET payload = x'ff' WHERE {notification}"), "runtime_events hook-", true),
        (format!("UPDATE runtime_events SET timestamp = 'noon' WHERE {notification}"), "runtime_events hook-", true),
        (format!("UPDATE runtime_events SET id = hex(zeroblob(300)) WHERE {notification}"), "runtime_events 000", true),
        ("UPDATE feed_events SET runtime_event_id = 'nobody' WHERE seq = 1".to_owned(), "feed_events ", true),
        ("UPDATE feed_events SET data = '7' WHERE seq = 1".to_owned(), "feed_events ", true),
        ("UPDATE feed_events SET data = json_set(data, '$.cause.hook_request_id', 'x') WHERE kind = 'permission.decision'".to_owned(), "feed_events ", true),
        ("UPDATE feed_events SET data = json_set(data, '$.data.decision_type', 'x') WHERE kind = 'permission.decision'".to_owned(), "feed_events ", true),
        ("UPDATE workflow_runs SET status = 'asleep'".to_owned(), "workflow_runs ", true),
        ("UPDATE workflow_runs SET ended_at = NULL".to_owned(), "workflow_runs ", true),
        ("UPDATE workflow_runs SET iteration = -1".to_owned(), "workflow_runs ", true),
        ("UPDATE workflow_runs SET session_id = 'other'".to_owned(), "workflow_runs ", true),
        ("UPDATE adapter_sessions SET source = 'startup'".to_owned(), "adapter_sessions ", true),
    ] {
        let legacy = changed(&session.file, &sql);
        let bus = memory();
        let told = import(&bus, &legacy);
        assert!(told.iter().any(|row| row.starts_with(kept)), "{sql}: {told:?}");
        assert_eq!(kinds(&bus).iter().filter(|kind| *kind == "session.row_kept").count(), told.len());
        let differences = check(&bus, &legacy).unwrap();
        assert_eq!(!differences.is_empty(), differs, "{sql}: {differences:?}");
        assert_eq!(import(&bus, &legacy), told, "{sql}");
    }
}

#[test]
fn the_program_tells_what_was_kept_and_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let db = folder.path().join("log");
    let arguments = ["import".as_ref(), session.file.as_path(), "--db".as_ref(), db.as_path()];
    let said = |status| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (out, _) = said(0);
    assert!(out.contains(" 0 were there before\nthe log says what the file says\n"), "{out}");
    let (out, _) = said(0);
    assert!(out.contains(": 0 commits made, "), "{out}");
    change(&session.file, "UPDATE feed_events SET kind = 'notification' WHERE seq = 1");
    fs::remove_file(&db).unwrap();
    let (out, error) = said(1);
    let difference = "table `feed_events`, row `1`: `kind` is \"notification\" in the file and ";
    assert!(out.contains(difference), "{out}");
    assert!(error.ends_with("the log differs from the file in 1 place\n"), "{error}");
}

#[test]
fn a_row_may_be_larger_than_payloads_are_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let large = "json_set(payload, '$.payload.tool_response', hex(zeroblob(1000000)))";
    let hook = "id = (SELECT min(id) FROM runtime_events WHERE hook_name = 'PostToolUse')";
    change(&session.file, &format!("UPDATE runtime_events SET payload = {large} WHERE {hook}"));
    change(&session.file, "UPDATE workflow_runs SET stop_reason = hex(zeroblob(1500000))");
    let opaque = "INSERT INTO channel_messages VALUES (1, hex(zeroblob(10)), 1)";
    change(&session.file, opaque);
    let db = folder.path().join("log");
    let output = run(["import".as_ref(), session.file.as_path(), "--db".as_ref(), db.as_path()]);
    assert!(output.status.success(), "{output:?}");
    support::open(&db).store().verify().unwrap();
}

#[test]
fn a_row_whose_id_can_be_no_name_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let long = |bytes: usize| format!("'{}'", "x".repeat(bytes));
    let asking = "WHERE rowid = (SELECT min(rowid) FROM runtime_events \
                  WHERE hook_name = 'PermissionRequest')";
    for (sql, kept) in [
        ("UPDATE workflow_runs SET id = ''".to_owned(), "workflow_runs "),
        (format!("UPDATE workflow_runs SET id = {}", long(600)), "workflow_runs xxx"),
        (
            format!("UPDATE adapter_sessions SET session_id = {} WHERE rowid = 1", long(600)),
            "adapter_sessions xxx",
        ),
        // Long enough for a stream, but not with what a stream or a tag has before it.
        (format!("UPDATE runtime_events SET id = {} {asking}", long(505)), "runtime_events xxx"),
        (format!("UPDATE runtime_events SET id = {} {asking}", long(511)), "runtime_events xxx"),
        (
            format!(
                "UPDATE runtime_events SET payload = json_set(payload, '$.payload.session_id', {})",
                long(600)
            ),
            "runtime_events hook-",
        ),
    ] {
        let legacy = changed(&session.file, &sql);
        let bus = memory();
        let told = import(&bus, &legacy);
        assert!(told.iter().any(|row| row.starts_with(kept)), "{sql}: {told:?}");
        assert!(!check(&bus, &legacy).unwrap().is_empty(), "{sql}");
    }
}

#[test]
fn a_row_that_makes_no_valid_commit_is_kept_and_all_others_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let long = "x".repeat(300);
    let asking = "SELECT min(rowid) FROM runtime_events WHERE hook_name = 'PermissionRequest'";
    let legacy = changed(
        &session.file,
        &format!("UPDATE runtime_events SET id = '{long}' WHERE rowid = ({asking})"),
    );
    let mut limits = Limits::default();
    limits.max_key_bytes = 256;
    let bus = agent_runtime::bus(Arc::new(MemoryStore::with_limits(limits))).unwrap();
    let told = import(&bus, &legacy);
    let (hooks, lines): (Vec<_>, Vec<_>) =
        told.iter().partition(|row| row.starts_with("runtime_events "));
    assert!(hooks.len() == 1 && hooks[0].contains(&long), "{told:?}");
    assert!(lines.iter().all(|row| row.starts_with("feed_events ")), "{told:?}");
    assert_eq!(import(&bus, &legacy), told);
}

#[test]
fn an_id_of_an_agent_can_be_of_any_length() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(1_100);
    // Tool uses are answered by their ids, and subagents say something under theirs.
    for (name, id, actor) in [
        ("demo", "tool_use_id", "subagent:"),
        ("subagents", "agent_id", &format!("subagent:{long}")),
    ] {
        let session = legacy::named(name, folder.path());
        let there = format!("json_extract(payload, '$.payload.{id}')");
        let legacy = changed(
            &session.file,
            &format!(
                "UPDATE runtime_events SET payload = json_set(payload, '$.payload.{id}', \
                 '{long}' || {there}) WHERE {there} IS NOT NULL; \
                 UPDATE feed_events SET actor_id = replace(actor_id, 'subagent:', '{actor}')"
            ),
        );
        let bus = memory();
        assert_eq!(import(&bus, &legacy), [""; 0], "{name}");
        assert_eq!(check(&bus, &legacy).unwrap(), [], "{name}");
    }
}

#[test]
fn half_a_character_is_taken_as_one_that_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let cut = r#"json('"cut \ud83d"')"#;
    let of = |hook: &str, field: &str| {
        format!(
            "UPDATE runtime_events SET payload = json_set(payload, '$.payload.{field}', {cut}) \
             WHERE rowid = (SELECT min(rowid) FROM runtime_events WHERE hook_name = '{hook}' \
             AND json_extract(payload, '$.payload.{field}') IS NOT NULL);"
        )
    };
    let hooks = [
        of("UserPromptSubmit", "prompt"),
        of("Stop", "last_assistant_message"),
        of("Notification", "message"),
        of("PostToolUseFailure", "error"),
        of("PermissionRequest", "tool_input.command"),
    ];
    let decision = format!(
        "UPDATE feed_events SET data = json_set(data, '$.data.decision_type', 'deny', '$.data.message', {cut}) \
         WHERE kind = 'permission.decision'"
    );
    let legacy = changed(&session.file, &format!("{}{decision}", hooks.concat()));
    let bus = memory();
    assert_eq!(import(&bus, &legacy), [""; 0]);
    assert_eq!(check(&bus, &legacy).unwrap(), []);
    let told = story(&bus).join("\n");
    for kind in ["run.prompted", "request.stop_asked", "run.notified", "request.permission_decided"]
    {
        let cut = |line: &&str| line.contains(kind) && line.contains("cut \u{fffd}");
        assert!(told.lines().any(|line| cut(&line)), "{kind}");
    }
}

#[test]
fn a_decision_is_taken_with_the_id_of_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let (bus, _) = imported(&session.file);
    let db = Connection::open(&session.file).unwrap();
    let decisions = "SELECT event_id FROM feed_events WHERE runtime_event_id IS NULL ORDER BY seq";
    let mut decisions = db.prepare(decisions).unwrap();
    let lines = decisions.query_map([], |row| row.get(0)).unwrap();
    let lines: Vec<String> = lines.map(Result::unwrap).collect();
    let taken = support::events(&bus).into_iter();
    let taken = taken.filter(|event| event.kind == "session.decision_imported");
    let taken = taken.map(|event| event.payload["line"].as_str().unwrap().to_owned());
    assert_eq!(taken.collect::<Vec<_>>(), lines);
    assert!(!lines.is_empty());
}

#[test]
fn a_workflow_without_a_name_is_not_one_with_an_empty_name() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let named = |name: &str| {
        changed(&session.file, &format!("UPDATE workflow_runs SET workflow_name = {name}"))
    };
    for (name, other) in [("NULL", "''"), ("''", "NULL")] {
        let (bus, legacy) = (memory(), named(name));
        import(&bus, &legacy);
        assert_eq!(check(&bus, &legacy).unwrap(), [], "{name}");
        assert_eq!(check(&bus, &named(other)).unwrap().len(), 1, "{name}");
    }
}

#[test]
fn rows_with_one_number_in_the_feed_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    // The same line again, under another id.
    let legacy = changed(
        &session.file,
        "INSERT INTO feed_events SELECT event_id || 'x', runtime_event_id, seq, kind, run_id, \
         actor_id, timestamp, data FROM feed_events WHERE kind = 'tool.post' LIMIT 1",
    );
    let bus = memory();
    import(&bus, &legacy);
    let [difference] = &check(&bus, &legacy).unwrap()[..] else { panic!() };
    assert_eq!(difference.table, "feed_events");
    assert!(difference.what.contains("has the same number"), "{difference}");
}

#[test]
fn a_row_without_an_id_is_not_taken_for_one_that_has_its_number_as_an_id() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let notification = "hook_name = 'Notification'";
    let legacy = changed(
        &session.file,
        &format!(
            "INSERT INTO runtime_events SELECT NULL, 1000, timestamp, hook_name, \
             adapter_session_id, payload FROM runtime_events WHERE {notification} LIMIT 1; \
             INSERT INTO runtime_events SELECT last_insert_rowid(), 1001, timestamp + 1, hook_name, \
             adapter_session_id, payload FROM runtime_events WHERE {notification} LIMIT 1"
        ),
    );
    let bus = memory();
    let told = import(&bus, &legacy);
    assert!(told.iter().any(|row| row.starts_with("runtime_events row ")), "{told:?}");
}

#[test]
fn a_row_is_kept_with_every_value_that_sqlite_can_hold() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let sql = "CREATE TABLE odd (a, b, c, d); INSERT INTO odd VALUES (-9e999, x'ff', NULL, 'é')";
    let (bus, legacy) = (memory(), changed(&session.file, sql));
    let mut import = Import::open(bus, &legacy).unwrap();
    while import.step().unwrap() {}
    let json: Value = serde_json::from_str(&import.kept().unwrap()[0].json).unwrap();
    let whole = json!({ "a": { "real": "-inf" }, "b": { "hex": "ff" }, "c": null, "d": "é" });
    assert_eq!(json, whole);
}

#[test]
fn rows_of_any_table_are_kept_however_sqlite_numbers_them() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let legacy = changed(
        &session.file,
        "CREATE TABLE numberless (name TEXT PRIMARY KEY, x) WITHOUT ROWID; \
         INSERT INTO numberless VALUES ('b', 1), ('a', 2); \
         CREATE TABLE own (rowid TEXT, x); INSERT INTO own VALUES ('six', 1), ('six', 2)",
    );
    let bus = memory();
    let told = import(&bus, &legacy);
    let of = |table: &str| told.iter().filter(|row| row.starts_with(table)).count();
    assert_eq!((of("numberless "), of("own ")), (2, 2), "{told:?}");
    assert_eq!(check(&bus, &legacy).unwrap(), []);
}
