//! What a supervisor hears over its socket: each thing once, and nothing that it should not.

#![cfg(test)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use agent_runtime::hook::{Hook, HookEvent};
use agent_runtime::live::client::{Client, ClientError};
use agent_runtime::live::conduct::{ConductError, Supervised};
use agent_runtime::live::hearing::HearError;
use agent_runtime::live::hook_call::HookCall;
use agent_runtime::live::places::{PlaceError, Places};
use agent_runtime::live::protocol::{Reply, decision_line, hook_line};
use agent_runtime::relay;
use agent_runtime::request::Decision;
use agent_runtime::supervisor::Supervisor;
use serde_json::{Value, json};
use support::events;
use tempfile::TempDir;
use vitae::{Bus, Clock, MemoryStore, SystemClock};

/// Long enough for whatever is to happen, and a failure when it does not.
const LONG: Duration = Duration::from_secs(20);

struct World {
    folder: TempDir,
    bus: Bus,
}

impl World {
    fn new() -> Self {
        let bus = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
        Self { folder: tempfile::tempdir().unwrap(), bus }
    }

    fn places(&self) -> Places {
        Places::of(&self.folder.path().join("db"), "s").unwrap()
    }

    fn supervise(&self) -> Supervised {
        Supervised::open(self.bus.clone(), self.places()).unwrap()
    }

    fn client(&self) -> Client {
        Client::new(self.places().socket().to_owned(), LONG)
    }

    fn say(&self, line: &str) -> Result<Option<Decision>, ClientError> {
        let word = self.client().say(line, Instant::now() + LONG, |_| ())?;
        Ok(word.map(|word| word.decision))
    }

    fn kinds(&self) -> Vec<String> {
        events(&self.bus).into_iter().map(|event| event.kind).collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.kinds().iter().filter(|found| *found == kind).count()
    }
}

fn hook(name: &str) -> String {
    let tool = json!({ "command": "ls" });
    json!({ "hook_event_name": name, "session_id": "a", "tool_name": "Bash", "tool_input": tool })
        .to_string()
}

fn line(id: &str, name: &str) -> String {
    hook_line(id, &hook(name), SystemClock.now()).unwrap()
}

fn deny(request: &str) -> String {
    let intent = json!({ "kind": "permission_deny", "reason": "no" });
    let decision = json!({ "type": "json", "source": "user", "intent": intent });
    decision_line(request, &decision, SystemClock.now())
}

fn call<'a>(id: &'a str, json: &'a str, wait: Duration) -> HookCall<'a> {
    HookCall { id, json, wait, asks: false }
}

#[test]
fn what_comes_again_is_heard_once() {
    let world = World::new();
    let supervised = world.supervise();
    for _ in 0..3 {
        assert_eq!(world.say(&line("h1", "PreToolUse")).unwrap(), None);
    }
    assert_eq!(world.count("run.tool_started"), 1);
    // Another hook of the same words is another hook.
    world.say(&line("h2", "PreToolUse")).unwrap();
    assert_eq!(world.count("run.tool_started"), 2);

    let asked = line("h3", "Stop");
    let undecided = Some(Decision::NoOpinion { reason: "nobody has decided".to_owned() });
    assert_eq!(world.say(&asked).unwrap(), undecided);
    let block = json!({ "type": "json", "source": "rule", "data": { "decision": "block" } });
    let decided = decision_line("h3", &block, SystemClock.now());
    for _ in 0..2 {
        assert_eq!(world.say(&decided).unwrap(), None);
    }
    assert_eq!(
        (world.count("request.stop_decided"), world.count("session.decision_ignored")),
        (1, 0)
    );
    // A supervisor that comes later knows it too, and what was decided.
    drop(supervised);
    let _supervised = world.supervise();
    assert_eq!(world.say(&asked).unwrap(), Some(Decision::Deny { reason: None }));
    assert_eq!(world.count("request.stop_asked"), 1);
}

#[test]
fn an_id_stands_for_one_hook() {
    let world = World::new();
    let supervised = world.supervise();
    let other = |id: &str, name: &str| line(id, name).replace("\"ls\"", "\"rm -rf /\"");
    for name in ["PermissionRequest", "PreToolUse", "Stop", "Dance"] {
        let hear = |line: &str| supervised.hearing().hear(line.as_bytes());
        let due = hear(&line(name, name)).unwrap();
        let before = world.kinds();
        // Told again a moment later, it is the same one.
        assert_eq!(hear(&line(name, name)).unwrap(), due);
        let refused = hear(&other(name, name));
        assert!(matches!(&refused, Err(HearError::OtherHook { id }) if id == name), "{refused:?}");
        assert_eq!(world.kinds(), before, "{name}");
        // Under its own id it is another hook.
        hear(&other(&format!("{name} 2"), name)).unwrap();
        assert_ne!(world.kinds(), before, "{name}");
    }
    // A supervisor that comes later knows it too, and says so.
    drop(supervised);
    let _supervised = world.supervise();
    match world.say(&other("PermissionRequest", "PermissionRequest")) {
        Err(ClientError::Refused { why }) => assert!(why.contains("another content"), "{why}"),
        said => panic!("{said:?}"),
    }
}

/// What a call is told, while something is done as soon as it waits.
fn told_while(world: &World, call: &HookCall<'_>, meanwhile: impl FnOnce()) -> Option<Value> {
    let (waits, waiting) = channel();
    let client = world.client();
    thread::scope(|scope| {
        let said = scope.spawn(|| call.tell(&client, || waits.send(()).unwrap()));
        waiting.recv().unwrap();
        meanwhile();
        said.join().unwrap().unwrap()
    })
}

#[test]
fn a_decision_reaches_whoever_waits_for_it() {
    let world = World::new();
    let _supervised = world.supervise();
    let hook = hook("PermissionRequest");
    let said = told_while(&world, &call("h", &hook, LONG), || {
        world.say(&deny("h")).unwrap();
    });
    let decision = json!({ "behavior": "deny", "message": "no" });
    let expected = json!({ "hookEventName": "PermissionRequest", "decision": decision });
    assert_eq!(said, Some(json!({ "hookSpecificOutput": expected })));
}

#[test]
fn leave_is_asked_for_a_tool_where_the_agent_does_not_ask() {
    let world = World::new();
    let _supervised = world.supervise();
    let hook = hook("PreToolUse");
    let asking = HookCall { asks: true, ..call("h", &hook, LONG) };
    let output = told_while(&world, &asking, || {
        assert_eq!(
            (world.count("request.permission_asked"), world.count("run.tool_started")),
            (1, 0)
        );
        world.say(&deny("h")).unwrap();
    });
    let output = output.unwrap();
    assert_eq!(output["hookSpecificOutput"]["permissionDecision"], "deny");
    assert_eq!(output["hookSpecificOutput"]["permissionDecisionReason"], "no");
}

/// Nobody at the root's channels needs to know that it is one, nor who waits.
#[test]
fn the_agent_of_a_branch_is_answered_too() {
    let world = World::new();
    let supervised = world.supervise();
    world.say(&line("h1", "PreToolUse")).unwrap();
    let fork = |then: &Supervisor, heard| then.fork_run("a", "b", "look", heard).map(drop);
    supervised.hearing().see(fork).unwrap();
    let hook = hook("PermissionRequest").replace(r#""session_id":"a""#, r#""session_id":"b""#);
    let said = told_while(&world, &call("h2", &hook, LONG), || {
        supervised.hearing().supervisor().answer("h2", "one", &relay::Reply::Allow).unwrap();
    });
    assert_eq!(said.unwrap()["hookSpecificOutput"]["decision"]["behavior"], "allow");
    // One that nobody answers is decided as well.
    let said = call("h3", &hook, Duration::ZERO).tell(&world.client(), || ());
    assert_eq!((said.unwrap(), world.count("request.permission_decided")), (None, 2));
}

#[test]
fn a_wait_that_is_over_is_on_the_log() {
    let world = World::new();
    let _supervised = world.supervise();
    let hook = hook("PermissionRequest");
    let said = call("h", &hook, Duration::ZERO).tell(&world.client(), || ());
    assert_eq!(said.unwrap(), None);
    world.say(&deny("h")).unwrap();
    let decided: Vec<Value> = events(&world.bus)
        .into_iter()
        .filter(|event| event.kind == "request.permission_decided")
        .map(|event| event.payload["source"].clone())
        .collect();
    assert_eq!(decided, ["timeout"]);
    assert_eq!(world.count("session.decision_ignored"), 1);
}

#[test]
fn whoever_waits_goes_on_when_the_supervisor_ends() {
    let world = World::new();
    let supervised = world.supervise();
    let hook = hook("PermissionRequest");
    assert_eq!(told_while(&world, &call("h", &hook, LONG), || drop(supervised)), None);
    let nobody = world.say(&line("h2", "PreToolUse"));
    assert!(matches!(nobody, Err(ClientError::NoSupervisor { .. })), "{nobody:?}");
    assert_eq!(world.count("request.permission_decided"), 0);
}

#[test]
fn what_is_no_line_is_refused_and_the_next_one_heard() {
    let world = World::new();
    let _supervised = world.supervise();
    let refused = |line: &str, why: &str| match world.say(line) {
        Err(ClientError::Refused { why: said }) => assert!(said.contains(why), "{said}"),
        said => panic!("{line}: {said:?}"),
    };
    refused("nonsense", "not as a recording has it");
    refused(r#"{"t":"dance","at":1}"#, "none of workflow, turn, hook");
    refused(r#"{"t":"turn","at":1,"prompt":"x"}"#, "the supervisor sees itself");
    refused(r#"{"t":"turn_end","at":1}"#, "the supervisor sees itself");
    refused(r#"{"t":"cancel","at":1}"#, "without a workflow");
    refused(&deny("nobody"), "which no hook has raised");
    refused(&line("", "PreToolUse"), "not valid");
    refused(&"x".repeat(9 << 20), "more than 8388608 bytes");
    assert_eq!(world.kinds(), Vec::<String>::new());
    world.say(&line("h", "PreToolUse")).unwrap();
    assert_eq!(world.count("run.tool_started"), 1);
}

#[test]
fn there_are_so_many_connections_and_no_more() {
    let world = World::new();
    let _supervised = world.supervise();
    let socket = world.places().socket().to_owned();
    let silent: Vec<_> = (0..128).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let mut reply = String::new();
    BufReader::new(UnixStream::connect(&socket).unwrap()).read_line(&mut reply).unwrap();
    assert_eq!(serde_json::from_str::<Reply>(&reply).unwrap(), Reply::Busy);
    drop(silent);
    // It comes again until there is room.
    world.say(&line("h", "PreToolUse")).unwrap();
}

#[test]
fn whoever_goes_while_waiting_leaves_room() {
    let world = World::new();
    let _supervised = world.supervise();
    let socket = world.places().socket().to_owned();
    let deadline = Instant::now() + LONG;
    for number in 0..200 {
        loop {
            assert!(Instant::now() < deadline, "there is no room for {number}");
            let mut stream = UnixStream::connect(&socket).unwrap();
            let line = line(&format!("h{number}"), "PermissionRequest");
            let _ = writeln!(stream, "{line}");
            let mut reply = String::new();
            let _ = BufReader::new(stream).read_line(&mut reply);
            match serde_json::from_str::<Reply>(&reply) {
                Ok(Reply::Heard { due: true }) => break,
                // Until those before have been missed.
                _ => thread::yield_now(),
            }
        }
    }
    assert_eq!(world.count("request.permission_asked"), 200);
}

#[test]
fn a_socket_left_behind_is_replaced_and_one_in_use_is_not() {
    let world = World::new();
    drop(UnixListener::bind(world.places().socket()).unwrap());
    let gone = Client::new(world.places().socket().to_owned(), Duration::ZERO);
    let said = gone.say(&line("h", "PreToolUse"), Instant::now(), |_| ());
    assert!(matches!(said, Err(ClientError::Gone { .. })), "{said:?}");
    let _supervised = world.supervise();
    world.say(&line("h", "PreToolUse")).unwrap();
    let other = Supervised::open(world.bus.clone(), world.places()).err();
    assert!(matches!(other, Some(ConductError::Place(PlaceError::Taken { .. }))), "{other:?}");
    world.say(&line("h2", "PreToolUse")).unwrap();
    assert_eq!(world.count("run.tool_started"), 2);
}

/// The settings that the page gives are what it says: every hook that is known here.
#[test]
fn the_page_has_settings_for_every_hook() {
    let page = include_str!("../CLAUDE_CODE.md");
    let (_, settings) = page.split_once("```json\n").unwrap();
    let (settings, _) = settings.split_once("```").unwrap();
    let settings: Value = serde_json::from_str(settings).unwrap();
    let hooks = settings["hooks"].as_object().unwrap();
    for (name, entries) in hooks {
        let parsed = Hook::parse(&hook(name)).unwrap();
        assert!(!matches!(parsed.event, HookEvent::Unknown { .. }), "{name}");
        let command = entries[0]["hooks"][0]["command"].as_str().unwrap();
        assert!(command.starts_with("\"${AGENT_RUNTIME:-agent-runtime}\" hook"), "{command}");
    }
    assert_eq!(hooks.len(), 12);
}
