//! A session to look on at: its agent asks for leave, a question is asked, and a branch asks as well.

use agent_runtime::hook::Hook;
use agent_runtime::supervisor::Question;
use serde_json::json;

use super::world::{PATIENCE, World};

/// The agent `a` of a workflow asks for leave on two channels (`ask`), and forks `b`, whose agent asks
/// for leave too (`inner`). Somebody asks a question (`which`).
pub(crate) fn asked(world: &World) {
    world.open_channels();
    world.start("w", Vec::new());
    hook(world, "a", "start", "SessionStart");
    hook(world, "a", "prompt", "UserPromptSubmit");
    hook(world, "a", "ask", "PermissionRequest");
    for channel in ["one", "two"] {
        world.supervisor.offered("ask", channel).unwrap();
    }
    question(world, &["red", "blue"]);
    world.supervisor.fork_run("a", "b", "look", world.heard()).unwrap();
    hook(world, "b", "prompt-b", "UserPromptSubmit");
    hook(world, "b", "inner", "PermissionRequest");
}

/// Somebody asks which it shall be.
pub(crate) fn question(world: &World, choices: &[&str]) {
    let choices = choices.iter().map(ToString::to_string).collect();
    let (id, text) = ("which".to_owned(), "Which one?".to_owned());
    let question = Question { id, text, choices, patience: PATIENCE };
    world.supervisor.ask_question(&question).unwrap();
}

/// An agent reports something; what it asks for is leave to use `Bash`.
pub(crate) fn hook(world: &World, agent: &str, id: &str, name: &str) {
    let hook = json!({
        "hook_event_name": name, "session_id": agent, "source": "startup", "prompt": "go on",
        "tool_name": "Bash", "tool_input": { "command": format!("echo {id}") },
    });
    let hook = Hook::parse(&hook.to_string()).unwrap();
    world.supervisor.hook(id, hook, world.heard()).unwrap();
}
