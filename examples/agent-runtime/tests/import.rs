//! Sessions of the reference system: imported, the log says what their files say.

#![cfg(test)]

mod support;

use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use agent_runtime::context;
use agent_runtime::import::{Import, ImportError, Legacy, check};
use agent_runtime::projections::workflow_runs::WorkflowRun;
use agent_runtime::supervisor::{Heard, SuperviseError, Supervisor};
use agent_runtime::workflow::{Status, Workflow};
use serde_json::Value;
use support::legacy::{self, change, changed, files, import, imported, kinds, memory};
use support::shell::Shell;
use support::{Recording, feed_lines, program, run, run_rows, story, workflow_rows};
use vitae::store::{EventStore, Query, Read, ReadError};
use vitae::{Alongside, Bus, Catalog, MemoryStore, Timestamp};

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

const GOES_ON: &str = "name = 'fix-tests'\nprompt = 'Do {input}'\n[loop]\nmax_iterations = 9\n\
                       tracker_path = 'elsewhere'\n[permissions]\ndeny = ['WebFetch']\n";

/// The demo's session in a store, as it would be if its workflow had been interrupted; and the workflow.
fn interrupted(sql: &str) -> (Shell, String) {
    let shell = Shell::new(GOES_ON);
    let session = legacy::named("demo", &shell.path("."));
    let running = "UPDATE workflow_runs SET status = 'running', ended_at = NULL, \
                   stop_reason = NULL, tracker_path = 'tracker', max_iterations = 3, ";
    change(&session.file, &format!("{running}{sql}"));
    let arguments = ["import".as_ref(), session.file.as_os_str(), "--db".as_ref(), "db".as_ref()];
    let output = shell.program(&[]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let workflow = workflow_rows(&support::open(&shell.path("db")), SESSION).remove(0).run_id;
    (shell, workflow)
}

const SESSION: &str = "tidepool";
const GO_ON: [&str; 5] = ["w.toml", "--db", "db", "--session", SESSION];
const AGENT: [&str; 3] = ["sh", "-c", "cat >> prompts; echo >> prompts; echo more > tracker"];

#[test]
fn a_workflow_that_was_running_goes_on_live() {
    let (shell, workflow) = interrupted("iteration = 0");
    for command in [
        &["steer", &workflow, "Mind the step."][..],
        &["suspend", &workflow, "wait for me"],
        &["wake", &workflow, "--message", "I have looked."],
    ] {
        let output = shell.program(command).args(["--db", "db"]).output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
    }
    // What the file did not hold is asked for, as of a workflow that is started.
    let (code, said) = shell.run_with(&GO_ON, &AGENT);
    assert!(code == Some(1) && said.contains("--input"), "{said}");
    let other = [&GO_ON[..], &["--id", "other"]].concat();
    let (code, said) = shell.run_with(&other, &AGENT);
    assert!(code == Some(1) && said.contains("(fix-tests) is under way"), "{said}");
    let with_input = [&GO_ON[..], &["--input", "the tides"]].concat();
    let (code, said) = shell.run_with(&with_input, &AGENT);
    assert_eq!(code, Some(4), "{said}");
    let prompts = shell.read("prompts");
    assert!(prompts.starts_with("Do the tides"), "{prompts}");
    for told in ["Mind the step.", "I have looked."] {
        assert_eq!(prompts.matches(told).count(), 1, "{prompts}");
    }
    assert_eq!(prompts.matches("Read the tracker at tracker").count(), 2, "{prompts}");
    let bus = support::open(&shell.path("db"));
    let row = workflow_rows(&bus, SESSION).remove(0);
    assert_eq!((row.run_id, row.status, row.iteration), (workflow, Status::Exhausted, 3));
    // Its rules are those of the file that it went on with.
    assert!(kinds(&bus).contains(&"permissions.rules_set".to_owned()));
    bus.store().verify().unwrap();
}

#[test]
fn what_an_imported_workflow_is_to_do_is_said_once() {
    let (shell, workflow) = interrupted("iteration = 0");
    let suspend = format!("$AGENT_RUNTIME suspend {workflow} later --db db; {}", AGENT[2]);
    let with_input = [&GO_ON[..], &["--input", "the tides"]].concat();
    let agent = ["sh", "-c", &suspend];
    let mut first = shell.command(&with_input, &agent).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(first.stdout.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().starts_with("it waits for somebody")));
    first.kill().unwrap();
    first.wait().unwrap();
    let wake = shell.program(&["wake", &workflow, "--db", "db"]).output().unwrap();
    assert!(wake.status.success(), "{wake:?}");
    let (code, said) = shell.run_with(&GO_ON, &AGENT);
    assert_eq!(code, Some(4), "{said}");
    let taken_up = kinds(&support::open(&shell.path("db")));
    assert_eq!(taken_up.iter().filter(|kind| *kind == "workflow.taken_up").count(), 1);
}

#[test]
fn a_workflow_that_was_in_its_last_turn_ends_without_a_further_one() {
    for last in [
        "iteration = 3",
        "iteration = 1, max_iterations = 1, tracker_path = NULL",
        "iteration = 3, workflow_name = NULL",
    ] {
        let (shell, workflow) = interrupted(last);
        let (code, said) = shell.run_with(&GO_ON, &AGENT);
        assert_eq!(code, Some(4), "{last}: {said}");
        assert!(!shell.path("prompts").exists(), "{last}");
        let bus = support::open(&shell.path("db"));
        assert!(!kinds(&bus).contains(&"workflow.turn".to_owned()), "{last}");
        let workflow = bus.load::<Workflow>(&workflow).unwrap();
        assert!(matches!(workflow.state(), Workflow::Done(_)), "{last}");
    }
}

#[test]
fn a_workflow_that_others_came_after_goes_on_by_its_id() {
    let later = "iteration = 1; INSERT INTO workflow_runs VALUES                  ('later', 'tidepool', 'tidy', 2000000000000, 2000000000001, 1, 1, 'completed', NULL, NULL)";
    let (shell, workflow) = interrupted(later);
    let (code, said) = shell.run_with(&[&GO_ON[..], &["--id", &workflow]].concat(), &AGENT);
    assert_eq!(code, Some(4), "{said}");
}

/// An imported workflow as it was told before names could be missing.
mod earlier {
    use serde::{Deserialize, Serialize};
    use vitae::{Event, Lifecycle};

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "workflow.imported", tag = session, tag = workflow)]
    pub(super) struct Imported {
        pub(super) session: String,
        pub(super) workflow: String,
        pub(super) name: String,
        pub(super) iterations: u32,
        pub(super) max_iterations: u32,
        pub(super) tracker_path: Option<String>,
    }

    #[derive(Lifecycle, Clone)]
    #[lifecycle(name = "workflow")]
    pub(super) enum Workflow {
        #[state(initial)]
        #[on(Imported => Running)]
        Idle,
        #[state(terminal)]
        Running,
    }

    impl WorkflowTransitions for Workflow {}
}

#[test]
fn what_was_imported_before_names_could_be_missing_is_still_read() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let before = Bus::open(store.clone()).unwrap();
    for (workflow, name) in [("named", "tidy"), ("nameless", "")] {
        let imported = earlier::Imported {
            session: "s".into(),
            workflow: workflow.into(),
            name: name.into(),
            iterations: 1,
            max_iterations: 2,
            tracker_path: None,
        };
        let idle = before.load::<earlier::Workflow>(workflow).unwrap();
        before.commit(idle.record(imported).unwrap()).unwrap();
    }
    let supervisor = Supervisor::new(agent_runtime::bus(store).unwrap(), "s".to_owned());
    let name = |workflow| supervisor.beginning_of(workflow).unwrap().unwrap().name;
    assert_eq!((name("named"), name("nameless")), (Some("tidy".to_owned()), None));
    assert_eq!(supervisor.to_be_taken_up_at("named").unwrap(), Some(2));
}

#[test]
fn a_workflow_is_found_that_began_when_another_one_ended() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    for began in ["ended_at", "ended_at - 1"] {
        let running = format!(
            "INSERT INTO workflow_runs SELECT 'later', session_id, 'tidy', {began}, NULL, 0, 1,              'running', NULL, NULL FROM workflow_runs"
        );
        let (bus, legacy) = (memory(), changed(&session.file, &running));
        import(&bus, &legacy);
        assert_eq!(check(&bus, &legacy).unwrap(), [], "{began}");
        let supervisor = Supervisor::new(bus, session.recording.session.clone());
        let under_way = supervisor.workflow_under_way().unwrap();
        assert_eq!(under_way.as_deref(), Some("later"), "{began}");
        let at = Timestamp::from_millis(1).unwrap();
        let heard = || Heard { at, alongside: Alongside::new() };
        supervisor.link("an agent of its own", "later", heard()).unwrap();
        let unknown = supervisor.link("another agent", "nobody's", heard());
        assert!(matches!(unknown, Err(SuperviseError::UnknownWorkflow { .. })), "{unknown:?}");
    }
}
