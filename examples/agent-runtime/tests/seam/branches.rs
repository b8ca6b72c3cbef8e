//! Runs that fork a branch, and join it.

use agent_runtime::branches::{self, TreeRun};
use agent_runtime::request::{AwaitingPermission, Request, request_stream};
use agent_runtime::run::RunStatus;
use agent_runtime::supervisor::SuperviseError;
use agent_runtime::workflow::Status;
use serde_json::{Value, json};

use crate::{DENIED, SESSION, WORKFLOW, fork, over, support, told, told_to_files_too};

fn run(depth: u32, id: &str, parent: Option<&str>, status: RunStatus) -> TreeRun {
    let (agent, _) = id.split_once(':').unwrap();
    let session = if depth == 0 { SESSION.to_owned() } else { format!("{SESSION}~{agent}") };
    let parent = parent.map(str::to_owned);
    TreeRun { depth, session, run_id: id.into(), parent, status, result: None }
}

#[test]
fn what_the_agent_of_a_branch_does_belongs_to_the_branch() {
    told(|world| {
        world.start(None, Some(DENIED));
        world.begin();
        world.hook("0", "a", "SessionStart");
        world.hook("1", "a", "UserPromptSubmit");
        assert_eq!(fork(world, "a", "b").unwrap(), "s~b");
        world.hook("2", "b", "UserPromptSubmit");
        world.hook("3", "a", "PreToolUse");
        world.hook("4", "b", "PreToolUse");
        world.hook("5", "b", "PermissionRequest");
        world.hook("6", "a", "PreToolUse");

        let branch = world.supervisor().of_agent("b").unwrap();
        assert_eq!(
            (branch.session(), world.supervisor().of_agent("a").unwrap().session()),
            ("s~b", "s")
        );
        let request = world.bus().load::<Request>(request_stream("s~b", "5")).unwrap();
        let Request::AwaitingPermission(AwaitingPermission { place, .. }) = request.state() else {
            panic!("{request:?}")
        };
        // The workflow's rules hold in its branches too.
        assert_eq!(place.workflow.as_deref(), Some(WORKFLOW));
        let uses = |session: &str| {
            let rows = support::run_rows(&world.bus(), session);
            rows.iter().map(|row| row["counters"]["tool_uses"].clone()).collect::<Vec<Value>>()
        };
        assert_eq!((uses("s"), uses("s~b")), (vec![json!(2)], vec![json!(1)]));

        world.supervisor().join_run("b", "three files", world.heard()).unwrap();
        let joined = TreeRun {
            result: Some("three files".into()),
            ..run(1, "b:R1", Some("a:R1"), RunStatus::Completed)
        };
        let tree = branches::of_session(&world.bus(), SESSION).unwrap();
        assert_eq!(tree, [run(0, "a:R1", None, RunStatus::Running), joined]);
        let twice = world.supervisor().join_run("b", "again", world.heard());
        assert!(matches!(twice, Err(SuperviseError::Record(_))), "{twice:?}");

        // What it still reports is its own, and no longer the workflow's.
        world.hook("7", "b", "PermissionRequest");
        let request = world.bus().load::<Request>(request_stream("s~b", "7")).unwrap();
        assert_eq!(request.state().awaiting().unwrap().workflow, None);
    });
}

#[test]
fn a_branch_can_outlive_the_turn_as_its_parent_can() {
    told(|world| {
        world.start(None, None);
        world.begin();
        world.hook("1", "a", "UserPromptSubmit");
        fork(world, "a", "b").unwrap();
        world.end(0, None);
        assert_eq!(world.next(), over(Status::Completed, None));
        world.hook("2", "b", "UserPromptSubmit");
        world.supervisor().join_run("b", "late, but here", world.heard()).unwrap();
    });
}

#[test]
fn a_branch_that_was_never_joined_is_over_when_its_parent_closes() {
    told_to_files_too(|world| {
        world.hook("0", "a", "SessionStart");
        world.hook("1", "a", "UserPromptSubmit");
        fork(world, "a", "b").unwrap();
        world.hook("2", "b", "UserPromptSubmit");
        fork(world, "b", "c").unwrap();
        world.hook("3", "c", "UserPromptSubmit");
        world.hook("ask", "c", "PermissionRequest");
        fork(world, "a", "d").unwrap();
        world.hook("4", "d", "UserPromptSubmit");
        world.hook("5", "d", "UserPromptSubmit");
        fork(world, "a", "e").unwrap();
        world.hook("6", "a", "UserPromptSubmit");
        fork(world, "a", "f").unwrap();
        world.hook("7", "f", "UserPromptSubmit");

        let tree = branches::of_session(&world.bus(), SESSION).unwrap();
        let expected = [
            run(0, "a:R1", None, RunStatus::Completed),
            run(1, "b:R1", Some("a:R1"), RunStatus::Aborted),
            run(2, "c:R1", Some("b:R1"), RunStatus::Aborted),
            run(1, "d:R1", Some("a:R1"), RunStatus::Completed),
            run(1, "d:R2", Some("a:R1"), RunStatus::Aborted),
            // `e` has not begun; the numbers of the session's own runs are as without branches.
            run(0, "a:R2", None, RunStatus::Running),
            run(1, "f:R1", Some("a:R2"), RunStatus::Running),
        ];
        assert_eq!(tree, expected.map(|run| TreeRun { result: None, ..run }));
        let asked = world.bus().load::<Request>(request_stream("s~c", "ask")).unwrap();
        assert!(matches!(asked.state(), Request::Lapsed), "{asked:?}");
        for branch in ["b", "c", "d", "e"] {
            let late = world.supervisor().join_run(branch, "late", world.heard());
            assert!(matches!(late, Err(SuperviseError::WrongState { state: "Closed", .. })));
        }
    });
}

#[test]
fn what_cannot_fork_or_join_is_refused() {
    told(|world| {
        let none = fork(world, "a", "b");
        assert!(matches!(none, Err(SuperviseError::NoOpenRun { .. })), "{none:?}");
        world.hook("0", "z", "SessionStart");
        world.hook("1", "a", "SessionStart");
        world.hook("2", "a", "UserPromptSubmit");
        for heard in ["a", "z"] {
            let own = fork(world, "a", heard);
            assert!(matches!(own, Err(SuperviseError::AgentHeardBefore { .. })), "{own:?}");
        }
        let unknown = world.supervisor().join_run("b", "what?", world.heard());
        assert!(matches!(unknown, Err(SuperviseError::UnknownBranch { .. })), "{unknown:?}");
        fork(world, "a", "b").unwrap();
        let twice = fork(world, "a", "b");
        assert!(matches!(twice, Err(SuperviseError::Commit(_))), "{twice:?}");
    });
}

#[test]
fn branches_nest_so_deep_and_no_deeper() {
    told(|world| {
        world.hook("0", "0", "UserPromptSubmit");
        for depth in 1..=8 {
            let (by, agent) = ((depth - 1).to_string(), depth.to_string());
            fork(world, &by, &agent).unwrap();
            world.hook(&agent, &agent, "UserPromptSubmit");
        }
        let deeper = fork(world, "8", "9");
        assert!(matches!(deeper, Err(SuperviseError::Commit(_))), "{deeper:?}");
        // All of them end in the commit in which the first one does.
        world.hook("end", "0", "SessionEnd");
        let tree = branches::of_session(&world.bus(), SESSION).unwrap();
        assert_eq!(tree.len(), 9);
        assert!(tree.iter().skip(1).all(|run| run.status == RunStatus::Aborted));
    });
}
