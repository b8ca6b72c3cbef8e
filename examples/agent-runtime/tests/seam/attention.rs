//! Workflows that wait for somebody, are held, woken and cancelled.

use std::sync::Arc;

use agent_runtime::supervisor::{Next, SuperviseError};
use agent_runtime::workflow::{Outcome, Status};
use vitae::Clock;
use vitae::store::EventStore;
use vitae_sqlite::SqliteStore;

use crate::{
    BLOCKED, CRASHED, OPEN, SECOND, WORKFLOW, World, awaits, over, support, text, told,
    told_to_files_too,
};

#[test]
fn a_blocked_workflow_waits_for_an_answer_and_keeps_its_budget() {
    told_to_files_too(|world| {
        world.start(Some(2), Some(BLOCKED));
        world.begin();
        world.end(0, Some("<!-- WORKFLOW_BLOCKED: which key? -->"));
        assert_eq!(world.next(), awaits("which key?"));
        world.pass(1_000 * SECOND);
        assert_eq!(world.next(), awaits("which key?"));
        let early = world.supervisor().begin_turn("now!".to_owned(), world.heard());
        assert!(matches!(early, Err(SuperviseError::Record(_))), "{early:?}");

        let answer = Some("the blue one");
        world.supervisor().wake(WORKFLOW, answer, world.heard()).unwrap();
        let twice = world.supervisor().wake(WORKFLOW, answer, world.heard());
        assert!(matches!(twice, Err(SuperviseError::WrongState { state: "Running", .. })));
        assert_eq!(world.begin(), "Go on\n\nWhat you waited for was answered:\nthe blue one");
        assert_eq!(world.row().iteration, 2);
        // No turn is left that an answer could go into.
        world.end(0, Some("<!-- WORKFLOW_BLOCKED -->"));
        assert_eq!(world.next(), over(Status::Blocked, None));
    });
}

#[test]
fn a_blocked_workflow_ends_unless_it_asks_to_wait() {
    told(|world| {
        world.start(Some(2), Some(CRASHED));
        world.begin();
        world.end(0, Some("<!-- WORKFLOW_BLOCKED: why -->"));
        assert_eq!(world.next(), over(Status::Blocked, Some("why")));
    });
}

#[test]
fn a_workflow_is_held_between_two_turns() {
    told(|world| {
        world.start(Some(3), Some(CRASHED));
        world.begin();
        let (supervisor, heard) = (world.supervisor(), world.heard());
        supervisor.suspend(WORKFLOW, "let me look", heard).unwrap();
        // The turn that is under way goes on, and crashes: that is made good after the pause.
        world.end(1, None);
        assert_eq!(world.next(), awaits("let me look"));
        world.supervisor().wake(WORKFLOW, None, world.heard()).unwrap();
        let due = world.clock.now().saturating_add(SECOND);
        assert_eq!(world.next(), Next::WaitUntil(due));
        world.pass(SECOND);
        assert_eq!(world.begin(), "Fix it");
        world.end(0, Some(OPEN));

        world.supervisor().suspend(WORKFLOW, "once more", world.heard()).unwrap();
        assert_eq!(world.next(), awaits("once more"));
        world.supervisor().wake(WORKFLOW, None, world.heard()).unwrap();
        assert_eq!((world.begin().as_str(), world.row().iteration), ("Go on", 2));
    });
}

#[test]
fn a_workflow_that_is_cancelled_between_two_turns_ends_without_another() {
    let cancelled = Outcome { status: Status::Cancelled, stop_reason: None };
    told(|world| {
        world.start(Some(3), Some(BLOCKED));
        world.begin();
        world.end(0, Some("<!-- WORKFLOW_BLOCKED -->"));
        assert_eq!(world.next(), awaits("the work is blocked"));
        world.supervisor().cancel(world.heard()).unwrap();
        assert_eq!(world.next(), Next::End(cancelled.clone()));
        world.supervisor().end_workflow(WORKFLOW, &cancelled, world.heard()).unwrap();
        assert_eq!(world.next(), Next::Over(cancelled.clone()));
        assert_eq!((world.row().status, world.row().iteration), (Status::Cancelled, 1));
    });
    told(|world| {
        let unknown = world.supervisor().next(WORKFLOW, text);
        assert!(matches!(unknown, Err(SuperviseError::UnknownWorkflow { .. })), "{unknown:?}");
        world.start(Some(3), Some(CRASHED));
        world.supervisor().cancel(world.heard()).unwrap();
        assert_eq!(world.next(), Next::End(cancelled.clone()));
    });
    told(|world| {
        world.start(Some(3), Some(CRASHED));
        world.begin();
        world.end(1, None);
        world.supervisor().cancel(world.heard()).unwrap();
        assert_eq!(world.next(), Next::End(cancelled.clone()));
        world.supervisor().end_workflow(WORKFLOW, &cancelled, world.heard()).unwrap();
        world.pass(SECOND);
        assert_eq!(world.next(), Next::Over(cancelled.clone()));
    });
}

#[test]
fn a_person_steers_holds_and_wakes_a_workflow_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("log");
    let (path, file) = (db.clone(), db.to_str().unwrap());
    let open =
        Box::new(move || -> Arc<dyn EventStore> { Arc::new(SqliteStore::open(&path).unwrap()) });
    let world = World::over(open);
    world.start(Some(3), None);
    let says = |arguments: &[&str]| {
        let output = support::run([arguments, &["--db", file]].concat());
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert_eq!(
        says(&["steer", WORKFLOW, "be quick"]),
        "w: the agent is told when it next stops, or with the next prompt\n"
    );
    assert_eq!(world.begin(), "Fix it\n\nFrom the person you work for:\n- be quick");
    world.end(0, Some(OPEN));
    let held = "w: no further turn begins before it is woken\n";
    assert_eq!(says(&["suspend", WORKFLOW, "look first"]), held);
    assert_eq!(world.next(), awaits("look first"));
    assert!(says(&["workflows"]).contains("awaits attention: look first"));
    assert_eq!(says(&["wake", WORKFLOW, "--message", "fine"]), "w: it goes on where it was\n");
    assert_eq!(world.due().text, "Go on\n\nWhat you waited for was answered:\nfine");
    let awake = "error: `workflow/w` is in state `Running`, where this cannot happen\n";
    assert_eq!(says(&["wake", WORKFLOW]), awake);
    let unknown = "error: workflow `x` was never started in this session\n";
    assert_eq!(says(&["steer", "x", "?"]), unknown);

    world.hook("0", "a", "SessionStart");
    world.hook("1", "a", "UserPromptSubmit");
    let forked = "s~b: what agent session b reports belongs to it\n";
    assert_eq!(says(&["fork", "b", "look"]), forked);
    world.hook("2", "b", "UserPromptSubmit");
    assert_eq!(says(&["tree"]), "a:R1 running\n  b:R1 running\n");
    let deeper = "s~c: what agent session c reports belongs to it\n";
    assert_eq!(says(&["fork", "c", "look there", "--by", "b"]), deeper);
    assert!(says(&["fork", "b", "again"]).starts_with("error: "), "it was heard before");
    assert_eq!(says(&["join", "b", "done"]), "s~b: joined\n");
    assert!(says(&["tree"]).starts_with("a:R1 running\n  b:R1 completed: done\n"));
    assert!(says(&["join", "x", "?"]).starts_with("error: "), "there is no such branch");
}
