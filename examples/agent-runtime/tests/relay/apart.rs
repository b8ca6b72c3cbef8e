//! What is told apart: ids, sessions, and what was decided elsewhere or never relayed.

use std::sync::Arc;

use agent_runtime::relay::{Answered, Relay, RelayRequested, Reply};
use agent_runtime::request::{Decision, request_stream};
use agent_runtime::supervisor::{Question, SuperviseError, Supervisor};
use serde_json::json;
use vitae::{CommitReason, MemoryStore};

use crate::support::world::{PATIENCE, SESSION, World};
use crate::{SECOND, Told, text};

#[test]
fn an_id_stands_for_one_thing() {
    let world = World::relaying();
    world.ask("r-1", "Bash");
    let events = world.events();
    let again = world.try_ask("r-1", "Write").unwrap_err();
    assert!(matches!(again, SuperviseError::Record(_)), "{again:?}");
    let colour = |id: &str, choices: &[&str]| Question {
        id: id.to_owned(),
        text: "Which colour?".to_owned(),
        choices: choices.iter().map(ToString::to_string).collect(),
        patience: PATIENCE,
    };
    let other = world.supervisor.ask_question(&colour("r-1", &[])).unwrap_err();
    assert!(matches!(other, SuperviseError::OtherPayload { .. }), "{other:?}");
    assert_eq!(world.events(), events);
    // Without channels a permission has no relay, and keeps its id all the same.
    world.supervisor.close_channels("test").unwrap();
    world.ask("r-2", "Bash");
    let other = world.supervisor.ask_question(&colour("r-2", &[])).unwrap_err();
    assert!(matches!(other, SuperviseError::OtherPayload { .. }), "{other:?}");

    world.supervisor.ask_question(&colour("q-1", &["red", "blue"])).unwrap();
    let events = world.events();
    world.supervisor.ask_question(&colour("q-1", &["red", "blue"])).unwrap();
    let other = world.supervisor.ask_question(&colour("q-1", &["red"])).unwrap_err();
    assert!(matches!(other, SuperviseError::OtherPayload { .. }), "{other:?}");
    assert_eq!(world.events(), events);
}

#[test]
fn a_question_is_answered_or_expires_and_decides_no_request() {
    let world = World::relaying();
    let told = Told::named("one");
    let mut follower = told.follow(&world);
    let question = |id: &str| Question {
        id: id.to_owned(),
        text: "Which colour?".to_owned(),
        choices: vec!["red".to_owned(), "blue".to_owned()],
        patience: SECOND,
    };
    world.supervisor.ask_question(&question("q-1")).unwrap();
    world.supervisor.ask_question(&question("q-2")).unwrap();
    told.say("q-1", text("green"));
    follower.step().unwrap();
    assert!(told.lines()[0].ends_with("the choices are: red, blue"));
    told.say("q-1", text("blue"));
    follower.step().unwrap();
    let relay = world.supervisor.relay("q-1").unwrap();
    assert!(matches!(&relay, Relay::Answered(Answered { reply, .. }) if *reply == text("blue")));
    world.pass(SECOND);
    world.bus.catch_up().unwrap();
    assert!(matches!(world.supervisor.relay("q-2").unwrap(), Relay::Expired(_)));
    assert!(world.pending().is_empty());
}

#[test]
fn what_is_decided_elsewhere_is_called_off() {
    let world = World::relaying();
    let told = Told::named("one");
    let mut follower = told.follow(&world);
    world.ask("r-1", "Bash");
    world.ask("r-2", "Bash");
    follower.step().unwrap();
    told.lines();
    let answer = json!({
        "type": "json", "source": "policy", "intent": { "kind": "permission_allow" },
    });
    let answer = serde_json::from_value(answer).unwrap();
    world.supervisor.decide("r-1", &answer, world.heard()).unwrap();
    world.hook("h-9", json!({ "hook_event_name": "UserPromptSubmit", "prompt": "stop" })).unwrap();
    follower.step().unwrap();
    let expected = ["withdraw r-1: decided by policy", "withdraw r-2: a further run has opened"];
    assert_eq!(told.lines(), expected);
    assert!(world.pending().is_empty());
}

#[test]
fn without_channels_nothing_is_relayed_and_it_can_be_answered_all_the_same() {
    let world = World::new();
    world.start("w", Vec::new());
    world.ask("r-1", "Bash");
    world.ask("r-2", "Bash");
    assert!(matches!(world.supervisor.relay("r-1").unwrap(), Relay::Unasked));
    world.pass(PATIENCE * 2);
    world.bus.catch_up().unwrap();
    assert_eq!(world.pending(), ["r-1", "r-2"]);
    world.supervisor.answer("r-1", "command", &Reply::Always).unwrap();
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    world.ask("r-3", "Bash");
    assert_eq!(world.decision("r-3"), Some(("rule".into(), Decision::Allow)));
    for request in ["r-9", "h-1"] {
        let unknown = world.supervisor.answer(request, "command", &Reply::Allow).unwrap_err();
        assert!(matches!(unknown, SuperviseError::NotPending { .. }), "{unknown:?}");
    }

    // What waits already is offered to who comes later.
    world.open_channels();
    let relay = world.supervisor.relay("r-2").unwrap();
    assert!(matches!(&relay, Relay::Requested(relay) if relay.patience == PATIENCE), "{relay:?}");
    world.supervisor.close_channels("test").unwrap();
    let events = world.events();
    world.supervisor.close_channels("test").unwrap();
    assert_eq!(world.events(), events);
    world.ask("r-4", "Read");
    assert!(matches!(world.supervisor.relay("r-4").unwrap(), Relay::Unasked));
}

#[test]
fn what_is_decided_is_not_relayed() {
    let world = World::new();
    world.start("w", Vec::new());
    world.ask("r-1", "Bash");
    let row = world.supervisor.pending().unwrap().remove(0);
    let relay = world.bus.load::<Relay>(request_stream(SESSION, "r-1")).unwrap();
    let late = RelayRequested {
        place: row.place,
        request: row.request,
        asked: row.asked,
        patience: PATIENCE,
    };
    let answer = json!({ "type": "passthrough", "source": "nobody" });
    let answer = serde_json::from_value(answer).unwrap();
    world.supervisor.decide("r-1", &answer, world.heard()).unwrap();
    let refused = world.bus.commit(relay.record(late).unwrap()).unwrap_err();
    assert!(matches!(refused.reason(), CommitReason::Policy { .. }), "{refused:?}");
}

#[test]
fn sessions_are_told_apart() {
    let store = Arc::new(MemoryStore::new());
    let world = World::over(store);
    let other = Supervisor::new(world.bus.clone(), format!("{SESSION}/r"));
    let question = |text: &str| Question {
        id: "q-1".to_owned(),
        text: text.to_owned(),
        choices: Vec::new(),
        patience: PATIENCE,
    };
    world.supervisor.ask_question(&question("ours")).unwrap();
    other.ask_question(&question("theirs")).unwrap();
    let told = Told::named("one");
    told.follow(&world).step().unwrap();
    assert_eq!(told.lines(), ["offer q-1"]);
    assert_eq!(world.pending().len(), 1);
    other.answer("q-1", "one", &text("yes")).unwrap();
    assert!(matches!(world.supervisor.relay("q-1").unwrap(), Relay::Relayed(_)));
}
