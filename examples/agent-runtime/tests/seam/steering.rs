//! Messages for the agent: in its next prompt, and when it wants to stop.

use std::ops::ControlFlow;

use agent_runtime::hook::Hook;
use agent_runtime::request::{Decision, request_stream, settled_by};
use agent_runtime::supervisor::SuperviseError;
use serde_json::json;
use vitae::StreamId;
use vitae::store::{Read, ReadError};

use crate::{CRASHED, OPEN, SECOND, SESSION, WORKFLOW, World, fork, told, told_to_files_too};

#[test]
fn each_message_is_told_once_in_order_and_again_with_a_turn_that_crashed() {
    let steer = |world: &World, text: &str| {
        world.supervisor().steer(WORKFLOW, text, world.heard()).unwrap();
    };
    told_to_files_too(|world| {
        world.start(Some(3), Some(CRASHED));
        steer(world, "one");
        steer(world, "two");
        let prompt = world.due();
        // It comes too late for the prompt that is about to be used.
        steer(world, "three");
        world.supervisor().begin_turn(prompt.clone(), world.heard()).unwrap();
        let told = "Fix it\n\nFrom the person you work for:\n- one\n- two";
        assert_eq!((prompt.text.as_str(), prompt.messages), (told, 2));

        world.end(1, None);
        world.pass(SECOND);
        let again = format!("{told}\n\nFrom the person you work for:\n- three");
        assert_eq!(world.begin(), again);
        world.end(0, Some(OPEN));
        assert_eq!(world.begin(), "Go on");
        world.end(0, Some("<!-- WORKFLOW_COMPLETE -->"));

        let late = world.supervisor().steer(WORKFLOW, "late", world.heard());
        assert!(matches!(late, Err(SuperviseError::WorkflowIsOver { .. })), "{late:?}");
        let unknown = world.supervisor().steer("other", "?", world.heard());
        assert!(matches!(unknown, Err(SuperviseError::UnknownWorkflow { .. })), "{unknown:?}");
    });
}

/// What was decided on a stop, if anything was.
fn on_stop(world: &World, request: &str) -> Option<Decision> {
    let stream = StreamId::new("request", request_stream(SESSION, request)).unwrap();
    let mut decision = None;
    let read = world.bus().store().visit(Read::stream(stream), |event| {
        decision = settled_by(event).unwrap();
        Ok::<_, ReadError>(ControlFlow::Continue(()))
    });
    read.map(|_| decision).unwrap()
}

#[test]
fn an_agent_that_wants_to_stop_is_told_what_waits_for_it_first() {
    let steer = |world: &World, text: &str| {
        world.supervisor().steer(WORKFLOW, text, world.heard()).unwrap();
    };
    let told = |messages: &str| {
        let reason = Some(format!("From the person you work for:{messages}"));
        Some(Decision::Deny { reason })
    };
    told_to_files_too(|world| {
        world.start(Some(4), Some(CRASHED));
        world.begin();
        world.hook("0", "a", "UserPromptSubmit");
        world.hook("1", "a", "Stop");
        assert_eq!(on_stop(world, "1"), None);
        steer(world, "one");
        steer(world, "two");
        world.hook("2", "a", "Stop");
        assert_eq!(on_stop(world, "2"), told("\n- one\n- two"));
        world.hook("3", "a", "Stop");
        assert_eq!(on_stop(world, "3"), None);
        steer(world, "three");
        world.hook("4", "a", "Stop");
        assert_eq!(on_stop(world, "4"), told("\n- three"));
        assert_eq!(world.run_blocks(), 2);

        // The turn is run again by an agent that knows nothing of it; the next one is another matter.
        world.end(1, None);
        world.pass(SECOND);
        let all = "Fix it\n\nFrom the person you work for:\n- one\n- two\n- three";
        assert_eq!(world.begin(), all);
        world.end(0, Some(OPEN));
        assert_eq!(world.begin(), "Go on");
        steer(world, "four");
        world.hook("5", "a", "Stop");
        assert_eq!(on_stop(world, "5"), told("\n- four"));
        world.end(0, Some(OPEN));
        assert_eq!(world.begin(), "Go on");
    });
}

#[test]
fn who_is_not_to_go_on_or_cannot_is_let_go() {
    told(|world| {
        world.start(Some(3), None);
        world.begin();
        world.hook("0", "a", "UserPromptSubmit");
        fork(world, "a", "b").unwrap();
        world.supervisor().steer(WORKFLOW, "one", world.heard()).unwrap();
        // What a branch is to do, it was told; and this one is gone when it is heard of.
        world.hook("1", "b", "Stop");
        let gone = json!({ "hook_event_name": "Stop", "session_id": "a", "stopped": true });
        let gone = Hook::parse(&gone.to_string()).unwrap();
        world.supervisor().hook("2", gone, world.heard()).unwrap();
        let gone = Decision::NoOpinion { reason: "it had stopped".into() };
        assert_eq!((on_stop(world, "1"), on_stop(world, "2")), (None, Some(gone)));
        world.supervisor().suspend(WORKFLOW, "wait", world.heard()).unwrap();
        world.hook("3", "a", "Stop");
        world.end(0, Some(OPEN));
        world.supervisor().wake(WORKFLOW, None, world.heard()).unwrap();
        assert_eq!(world.begin(), "Go on\n\nFrom the person you work for:\n- one");
        world.supervisor().steer(WORKFLOW, "two", world.heard()).unwrap();
        world.supervisor().cancel(world.heard()).unwrap();
        world.hook("4", "a", "Stop");
        assert_eq!((on_stop(world, "3"), on_stop(world, "4")), (None, None));
    });
}

#[test]
fn those_who_steer_at_the_same_time_do_not_get_in_each_others_way() {
    let world = World::in_memory();
    world.start(None, None);
    let steered = [world.supervisor(), world.supervisor()].map(|supervisor| {
        let heard = world.heard();
        std::thread::spawn(move || {
            for nth in 0..50 {
                supervisor.steer(WORKFLOW, &format!("message {nth}"), heard.clone()).unwrap();
            }
        })
    });
    for thread in steered {
        thread.join().unwrap();
    }
    assert_eq!(world.due().messages, 100);
}
