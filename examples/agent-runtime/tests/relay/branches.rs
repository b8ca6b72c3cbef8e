//! What the agent of a branch asks is asked where its root's people are.

use std::path::Path;

use agent_runtime::branches::branch_session;
use agent_runtime::context;
use agent_runtime::relay::{Relay, Reply};
use agent_runtime::request::{Decision, RequestLapsed};
use agent_runtime::supervisor::Supervisor;
use serde_json::json;
use vitae::Event;

use crate::support::run;
use crate::support::world::{PATIENCE, SESSION, World};
use crate::{Told, deny};

/// A session with channels, whose first run has forked a branch for the agent session `b`, and that a
/// branch for `c`.
fn branching(world: World) -> World {
    world.open_channels();
    world.start("w", Vec::new());
    world.hook("h-1", json!({ "hook_event_name": "UserPromptSubmit", "prompt": "go" })).unwrap();
    for (by, agent) in [("agent", "b"), ("b", "c")] {
        world.supervisor.fork_run(by, agent, "look", world.heard()).unwrap();
        let prompt = json!({ "hook_event_name": "UserPromptSubmit", "prompt": "look" });
        world.hook_of(agent, &format!("h-{agent}"), prompt).unwrap();
    }
    world
}

fn ask(world: &World, agent: &str, request: &str, tool: &str) {
    let hook = json!({
        "hook_event_name": "PermissionRequest", "tool_name": tool, "tool_input": {},
    });
    world.hook_of(agent, request, hook).unwrap();
}

/// Who decided a request of a branch, and how.
fn decision(world: &World, agent: &str, request: &str) -> Option<(String, Decision)> {
    let branch = branch_session(SESSION, agent);
    context::of_request(world.bus.store().as_ref(), &branch, request).unwrap().decision
}

#[test]
fn a_branch_is_answered_on_the_channels_of_its_root() {
    let world = branching(World::new());
    let told = Told::named("one");
    let mut follower = told.follow(&world);
    ask(&world, "b", "r-b", "Bash");
    ask(&world, "c", "r-c", "Bash");
    follower.step().unwrap();
    assert_eq!(told.lines(), ["offer r-b", "offer r-c"]);
    let rows = world.supervisor.pending().unwrap();
    let runs: Vec<String> = rows.iter().map(|row| row.place.run_stream()).collect();
    assert_eq!(runs, ["s~b/R1", "s~c/R1"]);
    let relay = world.supervisor.relay("r-c").unwrap();
    assert!(matches!(&relay, Relay::Relayed(relayed) if relayed.channels == ["one"]), "{relay:?}");

    told.say("r-b", deny("not there"));
    follower.step().unwrap();
    let over = "denied, said on `one`";
    assert_eq!(told.lines(), ["conclude r-b: taken", &format!("withdraw r-b: {over}")]);
    let reason = Some("not there".to_owned());
    assert_eq!(decision(&world, "b", "r-b"), Some(("user".into(), Decision::Deny { reason })));
    let late = world.supervisor.answer("r-b", "two", &Reply::Allow).unwrap_err();
    assert_eq!(late.to_string(), format!("request `r-b` is over: {over}"));
    // The patience is that of the root's channels.
    world.pass(PATIENCE);
    world.bus.catch_up().unwrap();
    let timeout = Decision::NoOpinion { reason: "timeout".to_owned() };
    assert_eq!(decision(&world, "c", "r-c"), Some(("timeout".into(), timeout)));
}

#[test]
fn always_is_for_the_workflow_with_all_its_branches() {
    let world = branching(World::new());
    ask(&world, "c", "r-1", "Bash");
    world.supervisor.answer("r-1", "one", &Reply::Always).unwrap();
    world.ask("r-2", "Bash");
    assert_eq!(world.decision("r-2"), Some(("rule".into(), Decision::Allow)));
    ask(&world, "b", "r-3", "Bash");
    assert_eq!(decision(&world, "b", "r-3"), Some(("rule".into(), Decision::Allow)));
}

#[test]
fn what_a_branch_asked_is_called_off_when_it_is_over() {
    let world = branching(World::new());
    let told = Told::named("one");
    let mut follower = told.follow(&world);
    ask(&world, "c", "r-1", "Bash");
    follower.step().unwrap();
    world.supervisor.join_run("b", "enough", world.heard()).unwrap();
    follower.step().unwrap();
    assert_eq!(told.lines(), ["offer r-1", "withdraw r-1: a further run has opened"]);
    let lapsed = crate::support::events(&world.bus);
    assert_eq!(lapsed.iter().filter(|event| event.kind == RequestLapsed::KIND).count(), 1);
}

/// What waits when the channels open, and what is answered without any.
#[test]
fn a_branch_can_wait_for_channels_and_do_without() {
    let world = branching(World::new());
    world.supervisor.close_channels("test").unwrap();
    ask(&world, "b", "r-1", "Bash");
    ask(&world, "c", "r-2", "Bash");
    assert!(matches!(world.supervisor.relay("r-1").unwrap(), Relay::Unasked));
    world.supervisor.answer("r-1", "command", &Reply::Allow).unwrap();
    assert_eq!(decision(&world, "b", "r-1"), Some(("user".into(), Decision::Allow)));
    world.open_channels();
    assert!(matches!(world.supervisor.relay("r-2").unwrap(), Relay::Requested(_)));
}

/// Anybody may name a session as a branch is named.
#[test]
fn a_session_with_the_name_of_a_branch_is_none() {
    let world = branching(World::new());
    let other = Supervisor::new(world.bus.clone(), branch_session(SESSION, "x"));
    let hook = json!({
        "hook_event_name": "PermissionRequest", "session_id": "y", "tool_name": "Bash",
    });
    let hook = agent_runtime::hook::Hook::parse(&hook.to_string()).unwrap();
    other.hook("r-1", hook, world.heard()).unwrap();
    assert!(world.pending().is_empty());
    assert!(matches!(other.relay("r-1").unwrap(), Relay::Unasked));
    world.supervisor.answer("r-1", "one", &Reply::Allow).unwrap_err();
    assert_eq!(other.pending().unwrap().len(), 1);
}

#[test]
fn nobody_needs_to_know_what_a_branch_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("log");
    let world = branching(World::in_file(&db));
    ask(&world, "c", "r-1", "Bash");
    drop(world);
    let says = |arguments: &[&str]| {
        let output = run(arguments.iter().map(Path::new).chain([Path::new("--db"), &db]));
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let context = says(&["context", "r-1"]);
    assert!(context.contains("r-1 in session s~c") && context.contains("c:R1"), "{context}");
    assert!(context.contains("pending  r-1"), "{context}");
    assert_eq!(says(&["answer", "r-1", "--allow"]), "request r-1: allowed\n");
    assert!(says(&["context", "r-1"]).contains("allowed by user"));
    let unknown = "error: session `s` has no permission request `r-9`\n";
    assert_eq!(says(&["context", "r-9"]), unknown);
}
