//! Sessions of the reference system: imported, the log says what their files say, and these are as they
//! were.

#![cfg(test)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use agent_runtime::context;
use agent_runtime::import::{Import, ImportError, Legacy, LegacyError, check};
use agent_runtime::projections::workflow_runs::WorkflowRun;
use agent_runtime::supervisor::{Heard, SuperviseError, Supervisor};
use agent_runtime::workflow::{Status, Workflow};
use rusqlite::Connection;
use serde_json::Value;
use support::legacy::{self, files, import, imported};
use support::{Recording, feed_lines, program, run, run_rows, story, workflow_rows};
use vitae::store::{Query, Read, ReadError};
use vitae::{Alongside, Bus, Catalog, MemoryStore, Timestamp};

fn memory() -> Bus {
    agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap()
}

#[test]
fn every_file_is_imported_without_a_difference() {
    let folder = tempfile::tempdir().unwrap();
    for session in legacy::all(folder.path()) {
        let Recording { name, session: id, expected, .. } = &session.recording;
        let beside = session.file.parent().unwrap();
        let before = files(beside);
        let (bus, legacy) = imported(&session.file);
        assert!(files(beside) == before, "{name}: the file was touched");
        assert_eq!(check(&bus, &legacy).unwrap(), [], "{name}");
        assert_eq!(Value::from(feed_lines(&bus, id)), expected["feed"], "{name}");
        assert_eq!(Value::from(run_rows(&bus, id)), expected["runs"], "{name}");
        let ended =
            workflow_rows(&bus, id).into_iter().map(|row| (row.run_id, row.status.as_str()));
        let expected = expected["workflow_runs"].as_array().unwrap().iter();
        let expected =
            expected.map(|row| (row["run_id"].as_str().unwrap(), row["status"].as_str()));
        let expected: Vec<_> =
            expected.map(|(id, status)| (id.to_owned(), status.unwrap())).collect();
        assert_eq!(ended.collect::<Vec<_>>(), expected, "{name}");
        check_kinds(&session.recording, &bus);
        // In these, some agent sessions were never linked to the workflow in whose turn they were heard;
        // their files do not know.
        if !["budget", "subagents"].contains(&name.as_str()) {
            check_hooks(&session.recording, &bus);
        }
        // Twice changes nothing.
        let head = bus.store().head().unwrap();
        assert_eq!(import(&bus, &Legacy::read(&session.file).unwrap()), [""; 0], "{name}");
        assert_eq!(bus.store().head().unwrap(), head, "{name}");
    }
}

/// What agents did, as the log tells it: kinds, payloads and times, without what a file does not hold.
fn what_agents_did(bus: &Bus) -> Vec<String> {
    let store = bus.store().as_ref();
    let catalog = Catalog::load(store).unwrap();
    let mut told = Vec::new();
    store
        .visit(Read::log(Query::all()), |event| {
            let of_agents = ["run", "request", "session"].contains(&event.category());
            let of_hooks = !["run.request_settled", "session.run_over", "session.run_noted"]
                .contains(&event.kind());
            let heard =
                ["asked", "permission_decided", "agent_started", "agent_ended", "hook_unknown"]
                    .iter()
                    .any(|part| event.kind().ends_with(part));
            if of_agents && of_hooks && (heard || event.category() == "run") {
                let payload = serde_json::to_string(&catalog.render(event).unwrap()).unwrap();
                told.push(format!("{} {} {payload}", event.kind(), event.occurred_at()));
            }
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })
        .unwrap();
    told
}

/// What is heard of an agent is told as if it had been heard live.
fn check_hooks(recording: &Recording, bus: &Bus) {
    let (told, live) = (what_agents_did(bus), what_agents_did(&recording.unstopped()));
    for (told, live) in told.iter().zip(&live) {
        assert_eq!(told, live, "{}", recording.name);
    }
    assert_eq!(told.len(), live.len(), "{}", recording.name);
}

/// What a file does not hold is not made up.
fn check_kinds(recording: &Recording, bus: &Bus) {
    let made_up = [
        "workflow.start",
        "workflow.turn",
        "workflow.iteration",
        "workflow.tracker",
        "session.turn_began",
        "session.turn_over",
        "session.decision_ignored",
    ];
    let kinds = kinds(bus);
    assert!(kinds.iter().all(|kind| !made_up.contains(&kind.as_str())), "{kinds:?}");
    let workflows = kinds.iter().filter(|kind| *kind == "workflow.imported").count();
    assert_eq!(workflows, workflow_rows(bus, &recording.session).len());
}

fn kinds(bus: &Bus) -> Vec<String> {
    let mut kinds = Vec::new();
    bus.store()
        .visit(Read::log(Query::all()), |event| {
            kinds.push(event.kind().to_owned());
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })
        .unwrap();
    kinds
}

#[test]
fn a_request_of_an_imported_workflow_has_its_context() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let (bus, _) = imported(&session.file);
    let id = &session.recording.session;
    let live = context::of_request(session.recording.unstopped().store().as_ref(), id, "hook-22");
    let mut live = live.unwrap();
    // In which turn it was asked, no file says.
    live.workflow.as_mut().unwrap().iteration = None;
    assert_eq!(context::of_request(bus.store().as_ref(), id, "hook-22").unwrap(), live);
}

#[test]
fn what_the_file_numbers_stays_in_that_order_whatever_the_clock_did() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let hour = "SET timestamp = timestamp - 3600000";
    let legacy = changed(
        &session.file,
        &format!(
            "UPDATE feed_events {hour} WHERE runtime_event_id = 'hook-9'; \
             UPDATE runtime_events {hour} WHERE id = 'hook-9'"
        ),
    );
    let bus = memory();
    import(&bus, &legacy);
    assert_eq!(check(&bus, &legacy).unwrap(), []);
}

#[test]
fn an_import_that_is_cut_short_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("subagents", folder.path());
    let (straight, legacy) = imported(&session.file);
    let straight = story(&straight);
    let total = Import::open(memory(), &legacy).unwrap().total();
    for stop in 0..=total {
        let bus = memory();
        let mut cut_short = Import::open(bus.clone(), &legacy).unwrap();
        for _ in 0..stop {
            assert!(cut_short.step().unwrap());
        }
        let again = Import::open(bus.clone(), &legacy).unwrap();
        assert_eq!((again.done(), again.total()), (stop, total));
        import(&bus, &legacy);
        assert_eq!(story(&bus), straight, "stopped after {stop}");
    }
}

#[test]
fn a_killed_import_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let straight = story(&imported(&session.file).0);
    let db = folder.path().join("log");
    let arguments = ["import".as_ref(), session.file.as_path(), "--db".as_ref(), db.as_path()];
    let mut killed = 0;
    for after in 0..20 {
        let mut child = program().args(arguments).stdout(Stdio::null()).spawn().unwrap();
        // Wherever it is by then: nothing waits for it to be anywhere.
        while events_of(&db) < after * 16 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        if db.exists() {
            let found = story(&support::open(&db));
            assert_eq!(found, straight[..found.len()], "killed after {after}");
        }
    }
    assert!(killed > 3, "only {killed} were killed");
    assert!(run(arguments).status.success());
    assert_eq!(story(&support::open(&db)), straight);
}

fn events_of(db: &Path) -> u64 {
    if !db.exists() {
        return 0;
    }
    support::open(db).store().head().unwrap().map_or(0, vitae::GlobalPosition::get)
}

/// A file as a program leaves it that was killed: most of it stands in the `-wal`, with a `-shm`.
fn with_a_wal(file: &Path, folder: &Path) -> std::path::PathBuf {
    let (source, target) = (folder.join("at-work.db"), folder.join("killed/legacy.db"));
    fs::copy(file, &source).unwrap();
    fs::create_dir(target.parent().unwrap()).unwrap();
    let db = Connection::open(&source).unwrap();
    let settings = "PRAGMA foreign_keys = OFF; PRAGMA journal_mode = WAL; \
                    PRAGMA wal_autocheckpoint = 0;";
    db.execute_batch(settings).unwrap();
    // All rows go and come back, all of it in the `-wal`.
    db.execute_batch(
        "CREATE TEMP TABLE rest AS SELECT * FROM runtime_events WHERE seq > 3; \
         DELETE FROM runtime_events WHERE seq > 3;",
    )
    .unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    db.execute_batch("INSERT INTO runtime_events SELECT * FROM rest").unwrap();
    for part in ["", "-wal", "-shm"] {
        let (from, to) =
            (source.with_file_name(format!("at-work.db{part}")), format!("legacy.db{part}"));
        fs::copy(from, target.with_file_name(to)).unwrap();
    }
    target
}

#[test]
fn what_stands_in_the_wal_is_read_and_no_byte_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let file = with_a_wal(&session.file, folder.path());
    let beside = file.parent().unwrap();
    let before = files(beside);
    assert_eq!(before.len(), 3);
    assert!(before.iter().all(|(_, bytes)| !bytes.is_empty()));
    let output =
        run(["import".as_ref(), file.as_path(), "--db".as_ref(), &folder.path().join("log")]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(files(beside), before);
    // Without the `-wal`, it would have been another session.
    fs::remove_file(beside.join("legacy.db-wal")).unwrap();
    assert!(!check(&imported(&file).0, &Legacy::read(&session.file).unwrap()).unwrap().is_empty());
}

#[test]
fn a_file_that_is_only_read_can_be_imported_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let file = with_a_wal(&session.file, folder.path());
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for (path, _) in files(file.parent().unwrap()) {
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
    }
    let (bus, legacy) = imported(&link);
    assert_eq!(check(&bus, &legacy).unwrap(), []);
}

/// Changes a file, whatever it says of foreign keys.
fn change(file: &Path, sql: &str) {
    let db = Connection::open(file).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    db.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// A copy of a file that was changed.
fn changed(file: &Path, sql: &str) -> Legacy {
    let changed = file.with_extension("changed");
    fs::copy(file, &changed).unwrap();
    change(&changed, sql);
    Legacy::read(&changed).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

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
    let opaque = "INSERT INTO channel_messages VALUES (1, hex(zeroblob(2000000)), 1)";
    change(&session.file, opaque);
    let db = folder.path().join("log");
    let output = run(["import".as_ref(), session.file.as_path(), "--db".as_ref(), db.as_path()]);
    assert!(output.status.success(), "{output:?}");
    support::open(&db).store().verify().unwrap();
}

#[test]
fn a_file_that_is_no_session_is_refused_and_leaves_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let bytes = fs::read(&session.file).unwrap();
    let file = folder.path().join("refused");
    let db = folder.path().join("log");
    let refused = |write: &dyn Fn(), why: &str| {
        let _ = fs::remove_file(&file);
        write();
        let before = files(folder.path());
        let output = run(["import".as_ref(), file.as_path(), "--db".as_ref(), db.as_path()]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(error.contains(why), "{why}: {error}");
        assert_eq!(files(folder.path()), before, "{why}");
    };
    let sql = |sql: &'static str| {
        let (bytes, file) = (bytes.clone(), file.clone());
        move || {
            fs::write(&file, &bytes).unwrap();
            change(&file, sql);
        }
    };
    refused(&|| (), "cannot read");
    refused(&|| fs::write(&file, "").unwrap(), "is no SQLite file; name the session file");
    refused(&|| fs::write(&file, "SQLite format 3").unwrap(), "is no SQLite file");
    refused(&|| fs::write(&file, &bytes[..8_192]).unwrap(), "is damaged or cut short");
    refused(&|| fs::write(&file, &bytes[..100]).unwrap(), "is damaged or cut short");
    refused(
        &sql("UPDATE schema_version SET version = 5"),
        "has schema version 5, and only version 6",
    );
    refused(
        &sql("UPDATE schema_version SET version = 7"),
        "has schema version 7, and only version 6",
    );
    refused(&sql("UPDATE schema_version SET version = 'six'"), "has schema version 'six', and");
    refused(&sql("INSERT INTO schema_version VALUES (6)"), "has schema version 6,6, and");
    refused(&sql("DELETE FROM schema_version"), "has schema version none, and");
    refused(&sql("DROP TABLE schema_version"), "it has no table `schema_version`");
    refused(&sql("DROP TABLE adapter_sessions"), "it has no table `adapter_sessions`");
    refused(&sql("DELETE FROM session"), "it has 0 rows in `session`, and must have one");
    refused(&sql("UPDATE session SET id = ''"), "its row in `session` is not understood");
}

#[test]
fn a_directory_or_a_store_is_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let db = folder.path().join("log");
    let to = |legacy: &Path, db: &Path| {
        let output = run(["import".as_ref(), legacy, "--db".as_ref(), db]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(to(folder.path(), &db).contains("is no SQLite file"));
    support::replay(&session.recording.path, &db, &[]);
    let before = files(folder.path());
    assert!(to(&db, &db).contains("it has no table `schema_version`"));
    // Nor is a session a store, not even its own.
    to(&session.file, &session.file);
    let there = to(&session.file, &db);
    assert!(there.contains("is in this log already, and not by an import"), "{there}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn a_session_that_went_on_is_imported_further_and_one_that_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("interactive", folder.path());
    let whole = Legacy::read(&session.file).unwrap();
    let shorter = "DELETE FROM feed_events WHERE runtime_event_id IN \
                   (SELECT id FROM runtime_events ORDER BY seq DESC LIMIT 1); \
                   DELETE FROM runtime_events WHERE seq = (SELECT max(seq) FROM runtime_events); \
                   UPDATE session SET updated_at = updated_at - 9, label = 'x'";
    let bus = memory();
    import(&bus, &changed(&session.file, shorter));
    import(&bus, &whole);
    assert_eq!(check(&bus, &whole).unwrap(), []);
    for sql in [
        shorter,
        "UPDATE adapter_sessions SET tokens_input = 7",
        "UPDATE feed_events SET actor_id = 'x' WHERE runtime_event_id IS NULL",
    ] {
        let changed = changed(&session.file, sql);
        let refused = Import::open(bus.clone(), &changed).err().unwrap();
        assert!(matches!(refused, ImportError::Changed { .. }), "{sql}: {refused}");
    }
}

#[test]
fn a_workflow_that_was_running_goes_on_with_its_budget() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let legacy = changed(
        &session.file,
        "UPDATE workflow_runs SET status = 'running', ended_at = NULL, stop_reason = NULL, \
         iteration = max_iterations - 1",
    );
    let bus = memory();
    import(&bus, &legacy);
    assert_eq!(check(&bus, &legacy).unwrap(), []);
    let id = &session.recording.session;
    let row = |bus: &Bus| -> WorkflowRun { workflow_rows(bus, id).remove(0) };
    assert_eq!(row(&bus).status, Status::Running);
    let supervisor = Supervisor::new(bus.clone(), id.clone());
    let heard = || Heard { at: Timestamp::from_millis(1).unwrap(), alongside: Alongside::new() };
    supervisor.begin_turn("go on".to_owned(), heard()).unwrap();
    assert_eq!(row(&bus).iteration, row(&bus).max_iterations);
    supervisor.end_turn(Default::default(), Default::default(), heard()).unwrap();
    assert_ne!(row(&bus).status, Status::Running);
    let over = supervisor.begin_turn("go on".to_owned(), heard());
    assert!(matches!(over, Err(SuperviseError::NoWorkflow { .. })), "{over:?}");
    assert!(matches!(bus.load::<Workflow>(&row(&bus).run_id).unwrap().state(), Workflow::Done(_)));
}

#[test]
fn no_damage_panics() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("subagents", folder.path());
    let bytes = fs::read(&session.file).unwrap();
    let file = folder.path().join("damaged");
    let mut answers = BTreeSet::new();
    let mut attempt = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let answer = match Legacy::read(&file) {
            Ok(legacy) => {
                let bus = memory();
                let mut import = Import::open(bus.clone(), &legacy).unwrap();
                let went_through = (|| -> Result<_, ImportError> {
                    while import.step()? {}
                    Ok(())
                })();
                let _ = check(&bus, &legacy).unwrap();
                format!("import {}", went_through.is_ok())
            }
            Err(error) => format!("{error:?}").split(['{', '(']).next().unwrap().to_owned(),
        };
        answers.insert(answer);
    };
    for part in 0..12 {
        attempt(&bytes[..bytes.len() * part / 12]);
    }
    let mut random = fastrand::Rng::with_seed(6);
    for _ in 0..80 {
        let mut damaged = bytes.clone();
        for _ in 0..random.usize(1..4) {
            let place = random.usize(..damaged.len());
            damaged[place] ^= random.u8(1..);
        }
        attempt(&damaged);
    }
    assert!(answers.len() > 2, "{answers:?}");
}

#[test]
fn a_file_that_is_being_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let wal = folder.path().join("demo.legacy.db-wal");
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                for length in 1..64 {
                    fs::write(&wal, vec![0; length]).unwrap();
                }
            }
        });
        let refused = (0..1_000)
            .any(|_| matches!(Legacy::read(&session.file), Err(LegacyError::InUse { .. })));
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(refused);
    });
}
