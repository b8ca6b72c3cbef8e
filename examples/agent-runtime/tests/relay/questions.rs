//! What an agent asks a person is offered question by question, and answered once all of them are.

use std::time::Duration;

use agent_runtime::context;
use agent_runtime::permissions::PermissionsTable;
use agent_runtime::relay::{Asked, Cancelled, Relay, RelayRequested, Reply};
use agent_runtime::request::{Decision, request_stream};
use agent_runtime::supervisor::{Given, SuperviseError};
use serde_json::{Value, json};
use vitae::CommitReason;

use crate::support::world::{PATIENCE, SESSION, World};
use crate::{Told, deny, text};

/// The agent asks for a colour, and for some sizes.
fn ask(world: &World, request: &str) {
    ask_as(world, "agent", request);
}

fn ask_as(world: &World, agent: &str, request: &str) {
    let colours = json!([
        { "label": "red", "description": "like a rose" },
        { "label": "blue", "description": "like the sea" },
    ]);
    let sizes: Vec<Value> = ["S", "M"].map(|size| json!({ "label": size })).into();
    let questions = json!([
        { "question": "Which colour?", "header": "Colour", "options": colours },
        { "question": "Which sizes?", "header": "Sizes", "options": sizes, "multiSelect": true },
    ]);
    let hook = json!({
        "hook_event_name": "PermissionRequest", "tool_name": "AskUserQuestion",
        "tool_input": { "questions": questions },
    });
    world.hook_of(agent, request, hook).unwrap();
}

fn given(question: &str, answer: &str) -> Given {
    Given { question: question.to_owned(), answer: answer.to_owned() }
}

fn answers(world: &World, request: &str) -> Vec<Given> {
    world.supervisor.answers_to(&request_stream(SESSION, request)).unwrap()
}

#[test]
fn each_question_is_offered_and_the_last_answer_decides() {
    let world = World::relaying();
    let told = Told::named("one");
    let mut follower = told.follow(&world);
    ask(&world, "r-1");
    follower.step().unwrap();
    assert_eq!(told.lines(), ["offer r-1.1", "offer r-1.2"]);
    let asked = |id: &str| world.supervisor.relay(id).unwrap().matter().unwrap().asked.clone();
    let colour = Asked::Question {
        text: "Which colour?\nred: like a rose\nblue: like the sea".to_owned(),
        choices: vec!["red".to_owned(), "blue".to_owned()],
    };
    let sizes = "Which sizes? (one or more of: S, M)".to_owned();
    let sizes = Asked::Question { text: sizes, choices: Vec::new() };
    assert_eq!((asked("r-1.1"), asked("r-1.2")), (colour, sizes));

    told.say("r-1.2", text("S, M"));
    told.say("r-1.1", text("green"));
    follower.step().unwrap();
    assert!(told.lines()[1].ends_with("the choices are: red, blue"));
    assert_eq!((world.decision("r-1"), answers(&world, "r-1")), (None, Vec::new()));
    told.say("r-1.1", text("blue"));
    follower.step().unwrap();
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    let expected = [given("Which colour?", "blue"), given("Which sizes?", "S, M")];
    assert_eq!(answers(&world, "r-1"), expected);
    assert!(world.pending().is_empty());
}

#[test]
fn an_agent_that_is_not_answered_in_time_is_told_so() {
    let world = World::relaying();
    ask(&world, "r-1");
    world.supervisor.answer("r-1.1", "one", &text("red")).unwrap();
    world.pass(PATIENCE);
    world.bus.catch_up().unwrap();
    let timeout = Decision::NoOpinion { reason: "timeout".to_owned() };
    assert_eq!(world.decision("r-1"), Some(("timeout".into(), timeout)));
    assert!(answers(&world, "r-1").is_empty() && world.pending().is_empty());
}

/// Somebody who has no answer says why, to the request itself.
#[test]
fn what_is_decided_without_answers_calls_its_questions_off() {
    let world = World::relaying();
    ask(&world, "r-1");
    ask(&world, "r-2");
    world.supervisor.answer("r-1", "command", &deny("none of these")).unwrap();
    let reason = Some("none of these".to_owned());
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Deny { reason })));
    for question in ["r-1.1", "r-1.2"] {
        let relay = world.supervisor.relay(question).unwrap();
        assert!(matches!(relay, Relay::Cancelled(_)), "{relay:?}");
    }
    let late = world.supervisor.answer("r-1.1", "one", &text("red")).unwrap_err();
    assert!(matches!(late, SuperviseError::Over { .. }), "{late:?}");
    world.hook("h-9", json!({ "hook_event_name": "UserPromptSubmit", "prompt": "stop" })).unwrap();
    let relay = world.supervisor.relay("r-2.2").unwrap();
    let further = |why: &str| why == "a further run has opened";
    assert!(matches!(&relay, Relay::Cancelled(Cancelled { why, .. }) if further(why)), "{relay:?}");
    assert!(world.pending().is_empty());
}

#[test]
fn questions_wait_for_channels_and_are_answered_without_them() {
    let world = World::new();
    world.start("w", Vec::new());
    world.hook("h-1", json!({ "hook_event_name": "UserPromptSubmit", "prompt": "go" })).unwrap();
    world.supervisor.fork_run("agent", "b", "look", world.heard()).unwrap();
    ask(&world, "r-1");
    ask_as(&world, "b", "r-2");
    world.pass(PATIENCE * 2);
    world.bus.catch_up().unwrap();
    for (request, agent) in [("r-1", ""), ("r-2", "~b")] {
        let answer = |id: &str, reply: Reply| world.supervisor.answer(id, "command", &reply);
        answer(&format!("{request}.2"), text("M")).unwrap();
        answer(&format!("{request}.3"), text("M")).unwrap_err();
        answer(&format!("{request}.1"), text("red")).unwrap();
        let (store, session) = (world.bus.store().as_ref(), format!("{SESSION}{agent}"));
        let decision = context::of_request(store, &session, request).unwrap().decision;
        assert_eq!(decision, Some(("user".into(), Decision::Allow)));
    }

    ask(&world, "r-3");
    world.open_channels();
    for question in ["r-3.1", "r-3.2"] {
        let relay = world.supervisor.relay(question).unwrap();
        assert!(matches!(relay, Relay::Requested(_)), "{relay:?}");
    }
    let events = world.events();
    world.open_channels();
    // That they are open, and nothing else.
    assert_eq!(world.events(), events + 1);
    assert!(matches!(world.supervisor.relay("r-3").unwrap(), Relay::Unasked));
}

/// Whoever saw it waiting, and opens channels a moment later.
#[test]
fn what_is_over_asks_nothing_any_more() {
    let world = World::new();
    world.start("w", Vec::new());
    ask(&world, "r-1");
    ask(&world, "r-2");
    let place = world.supervisor.pending().unwrap().remove(0).place;
    world.supervisor.answer("r-1", "command", &deny("no")).unwrap();
    world.hook("h-9", json!({ "hook_event_name": "UserPromptSubmit", "prompt": "stop" })).unwrap();
    for question in ["r-1.1", "r-2.2"] {
        let relay = world.bus.load::<Relay>(request_stream(SESSION, question)).unwrap();
        let late = RelayRequested {
            place: place.clone(),
            request: question.to_owned(),
            asked: Asked::Question { text: "Which?".to_owned(), choices: Vec::new() },
            patience: PATIENCE,
        };
        let refused = world.bus.commit(relay.record(late).unwrap()).unwrap_err();
        assert!(matches!(refused.reason(), CommitReason::Policy { .. }), "{refused:?}");
    }
}

/// That an agent may ask is no answer; that it may not is one.
#[test]
fn rules_can_forbid_questions_and_cannot_answer_them() {
    for (table, decided) in [("approve = ['*']", false), ("deny = ['AskUserQuestion']", true)] {
        let world = World::new();
        world.open_channels();
        world.start("w", toml::from_str::<PermissionsTable>(table).unwrap().rules());
        ask(&world, "r-1");
        let rule = world.decision("r-1").map(|(source, _)| source);
        assert_eq!(rule, decided.then(|| "rule".to_owned()), "{table}");
        let relayed = !matches!(world.supervisor.relay("r-1.1").unwrap(), Relay::Unasked);
        assert_eq!(relayed, !decided, "{table}");
    }
}

/// A request that asks nothing that is understood is one for leave, and a question of the supervisor's own
/// may have any id.
#[test]
fn what_looks_like_a_question_of_an_agent_need_not_be_one() {
    let world = World::relaying();
    world.ask("r-1", "AskUserQuestion");
    assert_eq!(world.pending(), ["r-1"]);
    let question = |id: &str| agent_runtime::supervisor::Question {
        id: id.to_owned(),
        text: "Which?".to_owned(),
        choices: Vec::new(),
        patience: Duration::from_secs(1),
    };
    for id in ["r-1.1", "x.1"] {
        world.supervisor.ask_question(&question(id)).unwrap();
        world.supervisor.answer(id, "one", &text("this")).unwrap();
    }
    assert_eq!(world.decision("r-1"), None);
    world.supervisor.answer("r-1", "one", &Reply::Allow).unwrap();
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Allow)));
}
