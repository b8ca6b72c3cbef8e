//! The rooms together, as a person uses them: a workflow file, a real agent process, and others who look in.

#![cfg(test)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use agent_runtime::workflow::Status;
use serde_json::{Value, json};
use support::shell::{Shell, until};
use support::{open, program};
use vitae::store::{Query, Read, ReadError};

/// What `run` is given in each of these.
const ONE: [&str; 5] = ["w.toml", "--db", "db", "--id", "one"];

/// Asks for leave to use a tool, as the hook of this id, and keeps the answer in a file of this name.
const ASK: &str = r#"ask() {
    printf '{"hook_event_name":"PermissionRequest","session_id":"s","tool_name":"%s","tool_input":{}}' "$2" |
        "$AGENT_RUNTIME" hook --id "$1" > "$1"
}
"#;

/// How often an event of a kind stands on the log.
fn count(shell: &Shell, kind: &str) -> usize {
    let (mut count, kind) = (0, vitae::Name::new(kind).unwrap());
    let visited = open(&shell.path("db")).store().visit(Read::log(Query::kinds([kind])), |_| {
        count += 1;
        Ok::<_, ReadError>(std::ops::ControlFlow::Continue(()))
    });
    visited.unwrap();
    count
}

#[test]
fn the_rules_of_the_file_decide_what_its_agent_asks() {
    let shell = Shell::new(
        "name = 'ruled'\nprompt = 'go'\n[permissions]\ndeny = ['Bash']\napprove = ['mcp__git__*']\n",
    );
    let script = format!("{ASK} ask a mcp__git__push; ask b Bash");
    let (code, said) = shell.run(&["sh", "-c", &script]);
    assert_eq!(code, Some(0), "{said}");
    assert!(shell.read("a").contains(r#""behavior":"allow""#), "{}", shell.read("a"));
    let denied = shell.read("b");
    assert!(denied.contains(r#""behavior":"deny""#) && denied.contains("Bash"), "{denied}");
    assert_eq!(count(&shell, "relay.requested"), 0);
}

/// Leave to read is no leave for whatever else comes under the same id.
#[test]
fn an_id_that_was_allowed_something_is_allowed_nothing_else() {
    let shell = Shell::new("name = 'once'\nprompt = 'go'\n[permissions]\napprove = ['Read']\n");
    let script =
        format!("{ASK} ask x Read; cp x first; ask x Bash 2> said; cp x second; ask x Read");
    let (code, said) = shell.run(&["sh", "-c", &script]);
    assert_eq!(code, Some(0), "{said}");
    let allow = r#""behavior":"allow""#;
    assert!(shell.read("first").contains(allow) && shell.read("x").contains(allow));
    assert_eq!(shell.read("second"), "");
    let said = shell.read("said");
    assert!(said.contains("`x` was heard before, with another content"), "{said}");
    assert_eq!(count(&shell, "request.permission_asked"), 1);
}

/// A megabyte and more, as when an agent writes a file: it goes by nobody.
#[test]
fn a_request_of_a_megabyte_is_heard_like_any_other() {
    let shell = Shell::new("name = 'large'\nprompt = 'go'\n[permissions]\ndeny = ['Write']\n");
    let hook = |name: &str| {
        json!({
            "hook_event_name": name, "session_id": "s", "tool_name": "Write",
            "tool_input": { "content": "x".repeat(1_200_000) },
        })
    };
    for name in ["PermissionRequest", "PreToolUse"] {
        fs::write(shell.path(name), hook(name).to_string()).unwrap();
    }
    let script = r#""$AGENT_RUNTIME" hook < PermissionRequest > said"#;
    let (code, said) = shell.run(&["sh", "-c", script]);
    assert_eq!(code, Some(0), "{said}");
    assert!(shell.read("said").contains(r#""behavior":"deny""#), "{}", shell.read("said"));

    let script = r#""$AGENT_RUNTIME" hook < PreToolUse"#;
    let attend = shell.program(&["attend", "--db", "db", "--", "sh", "-c", script]).status();
    assert!(attend.unwrap().success());
    assert_eq!(count(&shell, "run.tool_started"), 1);

    let line = json!({ "t": "hook", "at": 0, "id": "a", "event": hook("PreToolUse") });
    fs::write(shell.path("recording"), format!("{line}\n")).unwrap();
    support::replay(&shell.path("recording"), &shell.path("replayed"), &[]);
}

/// The token is for people: with it the agent could answer itself.
#[test]
fn an_agent_is_not_given_the_token() {
    let shell = Shell::new("name = 'secret'\nprompt = 'go'\n");
    let agent = ["sh", "-c", "echo ${AGENT_RUNTIME_TOKEN-none} >> seen"];
    let attend = [&["attend", "--db", "db", "--"][..], &agent].concat();
    for mut command in [shell.command(&ONE, &agent), shell.program(&attend)] {
        let output = command.env("AGENT_RUNTIME_TOKEN", "0123456789abcdef").output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(shell.read("seen"), "none\nnone\n");
}

/// An agent that works until there is a file `go`, or its folder is no more.
const WORKS: &str = "echo > begun; while test -e begun && ! test -e go; do sleep 0.02; done";

/// Starts a supervisor of such an agent, and sends it signals when that works.
fn signalled(shell: &Shell, mut supervisor: Command, signals: &[&str]) -> Child {
    // A file, for its agent may hold a pipe open.
    supervisor.stdout(Stdio::null()).stderr(fs::File::create(shell.path("said")).unwrap());
    let supervisor = supervisor.spawn().unwrap();
    until(|| shell.path("begun").exists());
    for signal in signals {
        let process = supervisor.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &process]).status().unwrap().success());
    }
    supervisor
}

/// What a supervisor says that was told to end, and its status. It has left neither a socket nor channels.
fn left(shell: &Shell, mut supervisor: Child) -> (Option<i32>, String) {
    let status = supervisor.wait().unwrap();
    let mut files = fs::read_dir(shell.path("db.live")).unwrap().map(|file| file.unwrap().path());
    assert!(files.all(|file| file.extension().is_none_or(|name| name != "sock")));
    assert_eq!((count(shell, "channels.opened"), count(shell, "channels.closed")), (1, 1));
    (status.code(), shell.read("said"))
}

#[test]
fn a_supervisor_that_is_told_to_end_leaves_its_turn_to_the_next() {
    for (signal, status) in [("INT", 130), ("TERM", 143)] {
        let shell = Shell::new("name = 'left'\nprompt = 'go'\n");
        let script = format!("{WORKS}; echo x >> ended");
        let arguments = [&ONE[..], &["--folder", "people"]].concat();
        let run = shell.command(&arguments, &["sh", "-c", &script]);
        let (code, said) = left(&shell, signalled(&shell, run, &[signal]));
        assert_eq!((code, said.contains("goes on")), (Some(status), true), "{said}");
        fs::write(shell.path("go"), "").unwrap();
        let (code, said) = shell.run(&["false"]);
        assert_eq!((code, said.contains("turn 1 goes on")), (Some(0), true), "{said}");
        assert_eq!(shell.read("ended"), "x\n");
    }
}

/// What a person types at the terminal, both get. It is meant for the agent.
#[test]
fn a_key_for_the_agent_does_not_end_its_supervisor() {
    let shell = Shell::new("");
    let script = format!("{WORKS}; kill -s INT $$");
    let attend = shell.program(&["attend", "--db", "db", "--", "sh", "-c", &script]);
    let mut attend = signalled(&shell, attend, &["INT", "QUIT", "INT"]);
    fs::write(shell.path("go"), "").unwrap();
    assert_eq!(attend.wait().unwrap().code(), Some(130));
    for file in ["begun", "go"] {
        fs::remove_file(shell.path(file)).unwrap();
    }
    // A signal to end is meant for the supervisor.
    let arguments = ["attend", "--db", "db", "--folder", "people", "--", "sh", "-c", WORKS];
    let (code, said) = left(&shell, signalled(&shell, shell.program(&arguments), &["TERM"]));
    assert_eq!((code, said.contains("goes on unsupervised")), (Some(143), true), "{said}");
    fs::write(shell.path("go"), "").unwrap();
}

#[test]
fn what_no_rule_decides_is_asked_in_a_folder() {
    let shell = Shell::new("name = 'asking'\nprompt = 'go'\n");
    // The agent is the person too: it finds the request, and renames an answer into its place.
    let script = format!(
        r#"{ASK} ask c Bash & until test -e people/requests/c.json; do sleep 0.02; done
        echo '{{"answer":"deny","reason":"not on my machine"}}' > answer
        mv answer people/answers/c.json
        wait"#
    );
    let arguments = [&ONE[..], &["--folder", "people"]].concat();
    let (code, said) = shell.run_with(&arguments, &["sh", "-c", &script]);
    assert_eq!(code, Some(0), "{said}");
    let denied = shell.read("c");
    assert!(denied.contains("not on my machine"), "{denied}");
    assert_eq!(count(&shell, "relay.answered"), 1);
    // Nobody is there any more to be asked.
    assert_eq!(count(&shell, "channels.closed"), 1);
}

/// For a person too, whose agent has the terminal. Who names no channel opens and closes none.
#[test]
fn what_a_persons_agent_asks_is_asked_in_a_folder() {
    let shell = Shell::new("");
    let attend = |more: &[&str], script: &str| {
        let arguments = [&["attend", "--db", "db"], more, &["--", "sh", "-c"]].concat();
        let output = shell.program(&arguments).arg(script).output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
    };
    attend(&[], "exit 3");
    assert_eq!((count(&shell, "channels.opened"), count(&shell, "channels.closed")), (0, 0));
    let script = format!(
        r#"{ASK} ask c Bash & until test -e people/requests/c.json; do sleep 0.02; done
        echo '{{"answer":"deny","reason":"not here"}}' > answer; mv answer people/answers/c.json
        wait; exit 3"#
    );
    attend(&["--folder", "people", "--patience", "1m"], &script);
    assert!(shell.read("c").contains("not here"));
    assert_eq!((count(&shell, "channels.opened"), count(&shell, "channels.closed")), (1, 1));
}

/// The agent asks, and is the person too. What it is told is what Claude Code wants: its own input, with
/// the answers in it.
#[test]
fn what_an_agent_asks_is_answered_in_a_folder() {
    let shell = Shell::new("name = 'asking'\nprompt = 'go'\n");
    let option = |label: &str| json!({ "label": label, "description": "" });
    let questions = json!([
        { "question": "Which port?", "header": "Port", "multiSelect": false,
          "options": [option("80"), option("8080")] },
        { "question": "Which hosts?", "header": "Hosts", "multiSelect": true,
          "options": [option("a"), option("b"), option("c")] },
    ]);
    let script = r#"
        answer() {
            until test -e people/requests/$1.json; do sleep 0.02; done
            echo "{\"answer\":\"text\",\"text\":\"$2\"}" > answer; mv answer people/answers/$1.json
        }
        "$AGENT_RUNTIME" hook --id one < PermissionRequest > said1 &
        answer one.1 8080; answer one.2 'a, c'; wait
        "$AGENT_RUNTIME" hook --id two --ask < PreToolUse > said2 &
        answer two.2 b; answer two.1 80; wait"#;
    for hook in ["PermissionRequest", "PreToolUse"] {
        let asked = json!({
            "hook_event_name": hook, "session_id": "s", "tool_name": "AskUserQuestion",
            "tool_input": { "questions": questions },
        });
        fs::write(shell.path(hook), asked.to_string()).unwrap();
    }
    let arguments = [&ONE[..], &["--folder", "people"]].concat();
    let (code, said) = shell.run_with(&arguments, &["sh", "-c", script]);
    assert_eq!(code, Some(0), "{said}");
    let answered = |port: &str, hosts: &str| {
        let answers = json!({ "Which port?": port, "Which hosts?": hosts });
        json!({ "questions": questions, "answers": answers })
    };
    let said = |file: &str| shell.read(file).parse::<Value>().unwrap();
    let decision = json!({ "behavior": "allow", "updatedInput": answered("8080", "a, c") });
    let expected = json!({ "hookEventName": "PermissionRequest", "decision": decision });
    assert_eq!(said("said1"), json!({ "hookSpecificOutput": expected }));
    let expected = json!({
        "hookEventName": "PreToolUse", "permissionDecision": "allow",
        "updatedInput": answered("80", "b"),
    });
    assert_eq!(said("said2"), json!({ "hookSpecificOutput": expected }));
}

#[test]
fn a_turn_that_crashed_is_run_again_when_its_pause_is_over() {
    let shell = Shell::new("name = 'again'\nprompt = 'go'\n[retry]\ncrashed = 2\nfirst = '10ms'\n");
    let script = "cat >> prompts; echo . >> prompts; test $(wc -l < prompts) -gt 2";
    let (code, said) = shell.run(&["sh", "-c", script]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(said.matches("it is run again at").count(), 2, "{said}");
    assert_eq!(shell.read("prompts"), "go.\ngo.\ngo.\n");
    let row = shell.outcome();
    assert_eq!((row.status, row.iteration), (Status::Completed, 1));
}

#[test]
fn a_blocked_workflow_waits_until_somebody_has_answered() {
    let shell = Shell::new(
        "name = 'stuck'\nprompt = 'go'\n[loop]\nmax_iterations = 3\ntracker_path = 't.md'\n\
         [retry]\nblocked_waits = true\n",
    );
    let script = "cat >> prompts; case $AGENT_RUNTIME_ITERATION in
        1) echo '<!-- WORKFLOW_BLOCKED: no key -->' > t.md;;
        *) echo '<!-- WORKFLOW_COMPLETE -->' > t.md;; esac";
    let mut run =
        shell.command(&ONE, &["sh", "-c", script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(run.stdout.take().unwrap()).lines().map_while(Result::ok);
    let waits = said.by_ref().find(|line| line.contains("it waits for somebody"));
    assert!(waits.is_some_and(|line| line.contains("no key")));
    let wake = ["wake", "one", "--message", "it is under the mat", "--db", "db"];
    assert!(shell.program(&wake).status().unwrap().success());
    // Read to its end, or it could not say the rest.
    assert!(said.any(|line| line == "completed"));
    assert!(run.wait().unwrap().success());
    assert!(shell.read("prompts").contains("it is under the mat"));
    assert_eq!(shell.outcome().iteration, 2);
}

#[test]
fn the_next_turn_is_told_what_somebody_has_said_meanwhile() {
    let shell = Shell::new(
        "name = 'steered'\nprompt = 'go'\n[loop]\nmax_iterations = 2\ntracker_path = 't.md'\n",
    );
    let script = r#"cat > prompt$AGENT_RUNTIME_ITERATION; echo more > t.md
        test $AGENT_RUNTIME_ITERATION = 2 || "$AGENT_RUNTIME" steer one 'mind the gap' --db db"#;
    assert_eq!(shell.run(&["sh", "-c", script]).0, Some(4));
    assert!(!shell.read("prompt1").contains("mind the gap"));
    assert!(shell.read("prompt2").contains("mind the gap"));
}

/// A scripted agent that goes on as it is told, once it may not stop.
#[test]
fn an_agent_that_wants_to_stop_is_kept_from_it_by_a_message() {
    let shell = Shell::new("name = 'held'\nprompt = 'go'\n");
    let line = |(id, name): (u32, &str)| {
        let event = json!({ "hook_event_name": name, "session_id": "a", "tool_name": "Read" });
        format!("{}\n", json!({ "t": "hook", "at": 0, "id": id.to_string(), "event": event }))
    };
    let hooks = ["SessionStart", "UserPromptSubmit", "Stop", "PreToolUse", "Stop", "SessionEnd"];
    fs::write(shell.path("lines"), (1..).zip(hooks).map(line).collect::<String>()).unwrap();
    let script = format!(
        r#"play() {{ '{}' lines --lines "$1"; }}
        play 1-2; "$AGENT_RUNTIME" steer one 'mind the gap' --db db
        play 3-3; grep -q '"decision":"block"' trace && play 4-6"#,
        env!("CARGO_BIN_EXE_scripted-agent")
    );
    let mut run = shell.command(&ONE, &["sh", "-c", &script]);
    let output = run.env("SCRIPTED_AGENT_TRACE", shell.path("trace")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told: Vec<Value> = shell.read("trace").lines().map(|line| line.parse().unwrap()).collect();
    let said = |id: &str| told.iter().find(|line| line["hook"] == id).map(|line| &line["said"]);
    let reason = "From the person you work for:\n- mind the gap";
    assert_eq!(said("3"), Some(&json!({ "decision": "block", "reason": reason })));
    assert_eq!((said("4"), said("5")), (Some(&Value::Null), Some(&Value::Null)));
    assert_eq!((count(&shell, "steering.told"), count(&shell, "steering.taken")), (1, 1));
}

#[test]
fn the_demo_comes_to_what_it_says() {
    let output = program().arg("demo").output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    for line in ["was killed (SIGKILL)", "turn 2 goes on", "the same as when nobody is killed"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let (_, db) = said.rsplit_once("--db ").unwrap();
    fs::remove_dir_all(Path::new(db.trim()).parent().unwrap()).unwrap();
}
