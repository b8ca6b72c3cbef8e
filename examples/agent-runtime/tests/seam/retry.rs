//! Turns that are run again: after a crash, and after a denial.

use agent_runtime::retry::RetryPlan;
use agent_runtime::supervisor::{Next, SuperviseError};
use agent_runtime::workflow::Status;
use vitae::Clock;

use crate::{CRASHED, DENIED, MILLISECOND, OPEN, SECOND, over, told, told_to_files_too};

#[test]
fn a_crashed_turn_is_run_again_after_a_pause_that_grows() {
    told_to_files_too(|world| {
        world.start(None, Some(CRASHED));
        for pause in [SECOND, 2 * SECOND] {
            assert_eq!(world.begin(), "Fix it");
            world.end(1, None);
            let due = world.clock.now().saturating_add(pause);
            assert_eq!(world.next(), Next::WaitUntil(due));
            let early = world.supervisor().begin_turn("now!".to_owned(), world.heard());
            assert!(matches!(early, Err(SuperviseError::Commit(_))), "{early:?}");
            world.pass(pause - MILLISECOND);
            assert_eq!(world.next(), Next::WaitUntil(due));
            world.pass(MILLISECOND);
        }
        assert_eq!(world.begin(), "Fix it");
        world.end(1, None);
        assert_eq!(world.next(), over(Status::Failed, Some("Process exited with code 1")));
        // A retry is no iteration: the budget was 1.
        assert_eq!((world.row().iteration, world.row().max_iterations), (1, 1));
    });
}

#[test]
fn crashes_are_counted_anew_in_a_further_iteration() {
    told(|world| {
        world.start(Some(3), Some(RetryPlan { crashed: 1, ..CRASHED }));
        for iteration in [1, 2] {
            world.begin();
            world.end(1, None);
            world.pass(SECOND);
            world.begin();
            world.end(0, Some(OPEN));
            assert_eq!(world.row().iteration, iteration);
        }
        assert_eq!(world.due().text, "Go on");
    });
}

#[test]
fn no_turn_is_run_again_unless_the_workflow_asks_for_it() {
    told(|world| {
        world.start(None, None);
        world.begin();
        world.denied("1", "no");
        world.end(1, None);
        assert_eq!(world.next(), over(Status::Failed, Some("Process exited with code 1")));
        assert_eq!((world.kinds("retry."), world.kinds("steering.")), (0, 0));
    });
}

#[test]
fn a_turn_that_was_denied_a_permission_is_run_again_and_told_so() {
    told(|world| {
        world.start(None, Some(DENIED));
        world.begin();
        world.denied("1", "wait for the review");
        world.end(0, None);
        let told = "Fix it\n\nPermission was denied before; find another way:\
                    \n- Bash {\"command\":\"git push\"}: wait for the review";
        assert_eq!(world.begin(), told);
        // Once is what the workflow allows.
        world.denied("2", "no");
        world.end(0, None);
        assert_eq!(world.next(), over(Status::Completed, None));
        assert_eq!(world.row().iteration, 1);
    });
}

#[test]
fn a_denial_is_told_to_the_next_turn_if_the_same_is_not_run_again() {
    told(|world| {
        world.start(Some(4), Some(RetryPlan { denied: 0, blocked_waits: true, ..DENIED }));
        world.begin();
        world.denied("1", &"n".repeat(501));
        world.end(0, Some(OPEN));
        let told = world.begin();
        assert!(told.starts_with("Go on\n\nPermission was denied"), "{told}");
        assert!(told.ends_with(&format!("\"}}: {}…", "n".repeat(500))), "{told}");
        world.end(0, Some(OPEN));
        assert_eq!(world.begin(), "Go on");
        assert_eq!(world.row().iteration, 3);
    });
}

#[test]
fn a_turn_is_not_run_again_without_a_reason_or_once_it_is_cancelled() {
    told(|world| {
        world.start(None, Some(DENIED));
        world.begin();
        world.end(0, None);
        assert_eq!(world.next(), over(Status::Completed, None));
    });
    told(|world| {
        world.start(None, Some(CRASHED));
        world.begin();
        world.supervisor().cancel(world.heard()).unwrap();
        world.end(1, None);
        assert_eq!(world.next(), over(Status::Cancelled, None));
    });
}

#[test]
fn a_turn_that_says_that_the_work_is_done_is_not_run_again() {
    told(|world| {
        world.start(Some(4), Some(DENIED));
        world.begin();
        world.denied("1", "no");
        world.end(0, Some("<!-- WORKFLOW_COMPLETE -->"));
        assert_eq!(world.next(), over(Status::Completed, None));
    });
}
