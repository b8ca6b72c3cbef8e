//! Recorded sessions, played live: a real agent process, real hooks, a real socket. What comes out
//! is what a replay gives.

#![cfg(test)]

mod support;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use agent_runtime::workflow::Status;
use serde_json::{Value, json};
use support::live::Live;
use support::shell::{Shell, until};
use support::{Recording, open, program};

#[test]
fn every_recording_played_live_gives_what_its_replay_gives() {
    let recordings = support::all();
    // Most of the time each waits for the disk.
    std::thread::scope(|scope| {
        for recording in &recordings {
            scope.spawn(move || {
                let folder = tempfile::tempdir().unwrap();
                let live = Live::new(recording, folder.path());
                live.play_all();
                live.check();
            });
        }
    });
    let (own, all) = (support::own().len(), recordings.len());
    writeln!(std::io::stderr(), "live: checked {all} ({own} own, {} shared)", all - own).unwrap();
}

/// A decision and a hook between two turns of a workflow belong to none; and a turn of which nobody says how it
/// ended has not failed.
#[test]
fn what_comes_between_two_turns_is_played_between_them() {
    let hook = |id: &str, name: &str| {
        let event = json!({ "hook_event_name": name, "session_id": "a", "tool_name": "Bash" });
        json!({ "t": "hook", "id": id, "event": event })
    };
    let decision =
        json!({ "type": "json", "source": "user", "intent": { "kind": "permission_allow" } });
    let turn = json!({ "t": "turn", "prompt": "go" });
    let lines = [
        json!({
            "t": "workflow", "run_id": "w", "session_id": "apart", "prompt": "go",
            "workflow": {
                "name": "apart", "promptTemplate": "{input}",
                "loop": { "enabled": true, "maxIterations": 3 },
            },
        }),
        hook("before", "Notification"),
        turn.clone(),
        hook("late", "PermissionRequest"),
        json!({ "t": "tracker", "content": "more" }),
        json!({ "t": "turn_end", "exit_code": null, "error": null }),
        json!({ "t": "decision", "request": "late", "decision": decision }),
        hook("between", "PreToolUse"),
        turn,
        hook("in turn 2", "PostToolUse"),
        json!({ "t": "tracker", "content": "<!-- WORKFLOW_COMPLETE -->" }),
        json!({ "t": "turn_end", "exit_code": 0, "error": null }),
        hook("after", "Notification"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let lines = (1..).zip(lines).map(|(at, mut line): (i64, Value)| {
        line["at"] = at.into();
        format!("{line}\n")
    });
    fs::write(folder.path().join("recording.jsonl"), lines.collect::<String>()).unwrap();
    fs::write(folder.path().join("expected.json"), r#"{"session_id":"apart"}"#).unwrap();
    let recording = Recording::read(folder.path());
    let live = Live::new(&recording, folder.path());
    live.play_all();
    live.check_events();
    let outcome = &support::workflow_rows(&open(&live.db()), "apart")[0];
    assert_eq!((outcome.status, outcome.iteration), (Status::Completed, 2));
}

const ONCE: &str = "name = 'once'\nprompt = 'do {session}'\n";

#[test]
fn how_the_agent_ends_is_how_its_turn_ends() {
    for (agent, status, reason) in [
        (vec!["true"], 0, None),
        (vec!["sh", "-c", "exit 3"], 5, Some("Process exited with code 3")),
        (
            vec!["sh", "-c", "echo one >&2; echo two >&2; echo >&2; exit 4"],
            5,
            Some("Process exited with code 4: two"),
        ),
        (
            vec!["sh", "-c", "echo oh >&2; kill -9 $$"],
            5,
            Some("Process was killed by signal 9: oh"),
        ),
        (
            vec!["no-such-agent"],
            5,
            Some("cannot start `no-such-agent`: No such file or directory (os error 2)"),
        ),
    ] {
        let shell = Shell::new(ONCE);
        let (code, said) = shell.run(&agent);
        assert_eq!(code, Some(status), "{agent:?}: {said}");
        assert_eq!(shell.outcome().stop_reason.as_deref(), reason, "{agent:?}");
        // The same again finds it over.
        let head = open(&shell.path("db")).store().head().unwrap();
        assert_eq!(shell.run(&["false"]).0, Some(status));
        assert_eq!(open(&shell.path("db")).store().head().unwrap(), head);
    }
}

/// The last thing that it says may be a whole file. The workflow ends all the same, and another one may begin.
#[test]
fn last_words_of_megabytes_are_cut_short() {
    let huge = "head -c 2000000 /dev/zero | tr '\\0' x";
    let looped = "[loop]\nmax_iterations = 2\ntracker_path = 't.md'\n";
    for (more, script, status, reason) in [
        ("", format!("{huge} >&2; exit 4"), 5, "Process exited with code 4: x"),
        (
            "",
            format!(
                "{{ {huge}; echo; }} >&2; until test -s db.live/*/err; do sleep 0.02; done; \
                 kill -9 $PPID"
            ),
            5,
            "The agent's keeper was killed: nobody saw how the turn ended: x",
        ),
        (
            "[agent]\nspeaks = 'claude'\n",
            format!(r#"printf '{{"type":"result","is_error":true,"result":"'; {huge}; echo '"}}'"#),
            5,
            "x",
        ),
        (
            looped,
            format!("{{ printf '<!-- WORKFLOW_BLOCKED: '; {huge}; echo ' -->'; }} > t.md"),
            3,
            "x",
        ),
    ] {
        let shell = Shell::new(&format!("{ONCE}{more}"));
        let (code, said) = shell.run(&["sh", "-c", &script]);
        assert_eq!(code, Some(status), "{script}: {said}");
        let found = shell.outcome().stop_reason.unwrap();
        assert!(found.starts_with(reason) && found.ends_with("x…"), "{script}");
        assert!(found.len() < 5_000, "{script}: {}", found.len());
        let (code, said) = shell.run_with(&["w.toml", "--db", "db"], &["true"]);
        assert_ne!(code, Some(1), "{said}");
    }
}

#[test]
fn what_an_agent_cuts_in_the_middle_of_a_character_still_counts() {
    let shell = Shell::new(&format!("{ONCE}[agent]\nspeaks = 'claude'\n"));
    let line = r#"{"type":"result","result":"cut \ud83d","usage":{"input_tokens":7}}"#;
    let (code, said) = shell.run(&["printf", "%s\\n", line]);
    assert_eq!((code, shell.outcome().tokens.input), (Some(0), Some(7)), "{said}");
}

#[test]
fn an_agent_is_given_its_prompt_and_its_place() {
    let shell = Shell::new(ONCE);
    let script = "cat > seen; echo >> seen; echo \"$0\" >> seen; \
                  echo $AGENT_RUNTIME_SESSION $AGENT_RUNTIME_WORKFLOW $AGENT_RUNTIME_ITERATION >> seen";
    assert_eq!(shell.run(&["sh", "-c", script, "<{prompt}>"]).0, Some(0));
    assert_eq!(shell.read("seen"), "do main\n<do main>\nmain one 1\n");
}

#[test]
fn the_tracker_says_whether_there_is_a_further_turn() {
    let looped = "name = 'l'\nprompt = 'a'\n[loop]\nmax_iterations = 3\ntracker_path = 'n/t.md'\n";
    for (script, status, turns) in [
        ("test -e first || cp n/t.md first; echo more > n/t.md", 4, 3),
        ("true", 5, 1),
        ("rm n/t.md", 5, 1),
        ("echo '<!-- WORKFLOW_BLOCKED: no key -->' > n/t.md", 3, 1),
        (
            "test $AGENT_RUNTIME_ITERATION = 1 || echo '<!-- WORKFLOW_COMPLETE -->' > n/t.md; \
             test $AGENT_RUNTIME_ITERATION = 2 || echo more > n/t.md; cat >> prompts",
            0,
            2,
        ),
    ] {
        let shell = Shell::new(looped);
        let (code, said) = shell.run(&["sh", "-c", script]);
        assert_eq!((code, shell.outcome().iteration), (Some(status), turns), "{script}: {said}");
        if status == 4 {
            assert!(shell.read("first").starts_with("<!-- TRACKER_SKELETON -->\n"));
        }
        if status == 0 {
            let later = "Continue the task. Read the tracker at n/t.md for current progress.";
            assert_eq!(shell.read("prompts"), format!("a{later}"));
        }
    }
}

#[test]
fn a_cancelled_workflow_ends_with_its_turn() {
    let looped = "name = 'l'\nprompt = 'a'\n[loop]\nmax_iterations = 3\ntracker_path = 't.md'\n";
    let shell = Shell::new(looped);
    let cancel = "echo more > t.md; \"$AGENT_RUNTIME\" cancel --db db";
    let (code, said) = shell.run(&["sh", "-c", cancel]);
    assert_eq!((code, shell.outcome().iteration), (Some(6), 1), "{said}");
    let nothing = program().args(["cancel", "--db"]).arg(shell.path("db")).output().unwrap();
    let said = String::from_utf8(nothing.stderr).unwrap();
    assert!(said.contains("a cancellation without a workflow"), "{said}");
}

/// A tracker that was there before the workflow is not written over.
#[test]
fn a_tracker_that_is_there_stays() {
    let shell =
        Shell::new("name = 'l'\nprompt = 'a'\n[loop]\nmax_iterations = 1\ntracker_path = 't'\n");
    fs::write(shell.path("t"), "all\n<!-- WORKFLOW_COMPLETE -->\n").unwrap();
    assert_eq!(shell.run(&["true"]).0, Some(0));
}

const CODEX: [&str; 6] = [
    r#"{"type":"thread.started","thread_id":"th"}"#,
    r#"{"type":"turn.started"}"#,
    r#"{"type":"item.started","item":{"id":"1","type":"command_execution","command":"ls"}}"#,
    r#"{"type":"item.completed","item":{"id":"1","type":"command_execution","exit_code":0}}"#,
    r#"{"type":"item.completed","item":{"id":"2","type":"agent_message","text":"Done."}}"#,
    r#"{"type":"turn.completed","usage":{"input_tokens":100,"cached_input_tokens":60,"output_tokens":9}}"#,
];

const CODEX_FEED: [&str; 9] = [
    "session.start",
    "run.start",
    "user.prompt",
    "tool.pre",
    "tool.post",
    "stop.request",
    "agent.message",
    "run.end",
    "session.end",
];

#[test]
fn codex_is_heard_through_what_it_prints() {
    let shell = Shell::new(&format!("{ONCE}[agent]\nspeaks = 'codex'\n"));
    fs::write(shell.path("events"), CODEX.join("\n")).unwrap();
    let (code, said) = shell.run(&["cat", "events"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(shell.outcome().tokens.total, Some(109));
    assert_eq!(shell.feed(), CODEX_FEED);
    // It had stopped when it said so, and nothing could hold it.
    let mut log = support::events(&open(&shell.path("db")));
    log.retain(|event| event.kind == "request.stop_decided");
    let by: Vec<_> = log.iter().map(|event| event.payload["source"].as_str().unwrap()).collect();
    assert_eq!(by, ["agent"]);
}

/// The supervisor is killed in the middle; the keeper tells the next one what it has missed.
#[cfg(target_os = "linux")]
#[test]
fn codex_is_heard_by_the_next_supervisor_too() {
    let shell = Shell::new(&format!("{ONCE}[agent]\nspeaks = 'codex'\n"));
    fs::write(shell.path("events"), CODEX.join("\n")).unwrap();
    let script = "head -n 2 events; kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); tail -n 4 events";
    assert_eq!(shell.run(&["sh", "-c", script]).0, None);
    let (code, said) = shell.run(&["false"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(shell.feed(), CODEX_FEED);
}

/// No supervisor came while it worked. Whoever comes when it has ended hears what it has printed.
#[cfg(target_os = "linux")]
#[test]
fn codex_is_heard_when_it_has_ended() {
    let shell = Shell::new(&format!("{ONCE}[agent]\nspeaks = 'codex'\n"));
    fs::write(shell.path("events"), CODEX.join("\n")).unwrap();
    let script = "head -n 3 events; kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); \
                  rm \"$AGENT_RUNTIME_SOCKET\"; tail -n 3 events";
    assert_eq!(shell.run(&["sh", "-c", script]).0, None);
    let has_ended = || folders(&shell).iter().any(|turn| turn.join("report.json").exists());
    until(has_ended);
    let (code, said) = shell.run(&["false"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(shell.feed(), CODEX_FEED);
}

/// Its output stays open, but the turn is over.
#[test]
fn what_an_agent_leaves_behind_does_not_hold_its_turn() {
    let shell = Shell::new(ONCE);
    fs::write(shell.path("stop"), "").unwrap();
    let script = "echo last >&2; (while test -e stop; do sleep 0.1; done) & exit 2";
    assert_eq!(shell.run(&["sh", "-c", script]).0, Some(5));
    assert_eq!(shell.outcome().stop_reason.unwrap(), "Process exited with code 2: last");
    fs::remove_file(shell.path("stop")).unwrap();
}

/// What an agent says of its tools, and what its hooks say of them.
#[test]
fn hooks_that_do_not_arrive_are_noticed() {
    let shell = Shell::new(&format!("{ONCE}[agent]\nspeaks = 'claude'\n"));
    let used = r#"{"type":"assistant","message":{"content":[{"type":"tool_use"}]}}"#;
    let script =
        format!("echo '{used}'; env -u AGENT_RUNTIME_SOCKET \"$AGENT_RUNTIME\" hook </dev/null");
    assert_eq!(shell.run(&["sh", "-c", &script]).0, Some(5));
    let reason = shell.outcome().stop_reason.unwrap();
    assert!(reason.starts_with("Hook transport broken: observed 1 tool use(s)"), "{reason}");
}

#[test]
fn without_a_supervisor_the_agent_goes_on() {
    let hook = r#"{"hook_event_name":"PermissionRequest","session_id":"a","tool_name":"Bash"}"#;
    for (socket, why) in [(None, "is not set"), (Some("/nowhere/s.sock"), "no supervisor listens")]
    {
        let mut command = program();
        command.arg("hook").env_remove("AGENT_RUNTIME_SOCKET");
        command.envs(socket.map(|socket| ("AGENT_RUNTIME_SOCKET", socket)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have gone before it has read all.
        let _ = child.stdin.take().unwrap().write_all(hook.as_bytes());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && output.stdout.is_empty(), "{said}");
        assert!(said.contains(why) && said.contains("the agent goes on without it"), "{said}");
    }
}

#[test]
fn what_cannot_be_run_is_said() {
    let shell = Shell::new("name = 'w'\nprompt = '{input}'\nloop = 3\n");
    let (code, said) = shell.run(&["true"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("error: w.toml is no workflow") && said.contains("line 3, column 8"),
        "{said}"
    );
    let shell = Shell::new("name = 'w'\nprompt = '{input}'\n");
    let (code, said) = shell.run(&["true"]);
    assert_eq!((code, said.contains("say what with --input")), (Some(1), true), "{said}");
    assert_eq!(shell.run_with(&["w.toml", "--db", "db", "--input", "x"], &["true"]).0, Some(0));
}

/// The agent tries to supervise its own session.
#[test]
fn a_session_has_one_supervisor() {
    let shell = Shell::new(ONCE);
    let script = "\"$AGENT_RUNTIME\" run w.toml --db db -- true 2> said; test $? = 1";
    assert_eq!(shell.run(&["sh", "-c", script]).0, Some(0));
    assert!(shell.read("said").contains("session `main` has a supervisor already"));
}

/// The agent kills its supervisor, and goes on.
#[cfg(target_os = "linux")]
#[test]
fn a_turn_outlives_its_supervisor() {
    let shell = Shell::new(ONCE);
    let script = "echo started >> seen; kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); \
                  cat >> seen; echo >> seen; exit 7";
    let (code, said) = shell.run(&["sh", "-c", script]);
    assert_eq!(code, None, "{said}");
    // Another workflow has to wait, and so has a person.
    fs::write(shell.path("other.toml"), ONCE.replace("once", "other")).unwrap();
    let (code, said) = shell.run_with(&["other.toml", "--db", "db"], &["true"]);
    assert!(code == Some(1) && said.contains("`one` (once) is under way"), "{said}");
    let mut attend = program();
    attend.current_dir(shell.path("")).args(["attend", "--db", "db", "--", "true"]);
    assert_eq!(attend.output().unwrap().status.code(), Some(1));
    // In another session too nobody takes from the turn what it still needs.
    let mut attend = program();
    attend.current_dir(shell.path("")).args(["attend", "--db", "db", "--session", "other"]);
    assert!(attend.args(["--", "true"]).status().unwrap().success());
    assert_eq!(folders(&shell).len(), 1);
    // Whoever goes on needs no id, and starts no agent.
    let (code, said) = shell.run_with(&["w.toml", "--db", "db"], &["false"]);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("turn 1 goes on"), "{said}");
    assert_eq!(shell.outcome().stop_reason.unwrap(), "Process exited with code 7");
    assert_eq!(shell.read("seen"), "started\ndo main\n");
}

/// Whoever goes on from another folder finds the tracker, and plays the further turns, where it began.
#[cfg(target_os = "linux")]
#[test]
fn a_workflow_stays_in_the_folder_that_it_was_started_in() {
    let looped = "name = 'l'\nprompt = 'a'\n[loop]\nmax_iterations = 3\ntracker_path = 't.md'\n";
    let shell = Shell::new(looped);
    let script = "case $AGENT_RUNTIME_ITERATION in \
                  1) kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); echo more > t.md;; \
                  *) echo '<!-- WORKFLOW_COMPLETE -->' > t.md;; esac";
    assert_eq!(shell.run(&["sh", "-c", script]).0, None);
    fs::create_dir(shell.path("elsewhere")).unwrap();
    let mut run = shell.command(&["../w.toml", "--db", "../db"], &["sh", "-c", script]);
    let output = run.current_dir(shell.path("elsewhere")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(shell.outcome().iteration, 2);
    // Nothing of it is kept.
    let mut files = fs::read_dir(shell.path("db.live")).unwrap().map(|file| file.unwrap().path());
    assert!(files.all(|file| file.extension().is_none_or(|name| name != "folder")));
}

/// The agent kills its keeper: nobody sees how it ends, but the turn does not end before it has.
#[test]
fn a_turn_whose_keeper_was_killed_is_lost() {
    let shell = Shell::new(ONCE);
    let (code, said) =
        shell.run(&["sh", "-c", "echo oh >&2; kill -9 $PPID; sleep 0.3; cat > seen"]);
    assert_eq!(code, Some(5), "{said}");
    let reason = shell.outcome().stop_reason.unwrap();
    assert!(reason.starts_with("The agent's keeper was killed"), "{reason}");
    assert_eq!(shell.read("seen"), "do main");
}

/// A socket's path has room for about a hundred bytes.
#[test]
fn a_store_with_a_long_path_has_its_socket_elsewhere() {
    let shell = Shell::new(ONCE);
    let db = shell.path(&"x".repeat(120));
    let attend = |runtime: Option<PathBuf>| {
        let mut attend = program();
        attend.arg("attend").arg("--db").arg(&db).args(["--", "sh", "-c"]);
        attend.arg("test -S \"$AGENT_RUNTIME_SOCKET\" && echo \"$AGENT_RUNTIME_SOCKET\"");
        attend.env_remove("XDG_RUNTIME_DIR").envs(runtime.map(|path| ("XDG_RUNTIME_DIR", path)));
        let output = attend.output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), said)
    };
    let (code, said) = attend(None);
    assert!(code == Some(1) && said.contains("set XDG_RUNTIME_DIR"), "{said}");
    let runtime = shell.path("run");
    fs::create_dir(&runtime).unwrap();
    let (code, said) = attend(Some(runtime.clone()));
    assert_eq!((code, said.starts_with(runtime.to_str().unwrap())), (Some(0), true), "{said}");
}

/// What a turn has left belongs to its log, and not to the next one in its place.
#[test]
fn a_store_that_is_made_anew_begins_anew() {
    let shell = Shell::new(ONCE);
    for code in [0, 7] {
        let script = format!("echo x >> seen; exit {code}");
        let expected = if code == 0 { 0 } else { 5 };
        assert_eq!(shell.run(&["sh", "-c", &script]).0, Some(expected));
        for file in ["db", "db-wal", "db-shm"] {
            let _ = fs::remove_file(shell.path(file));
        }
    }
    assert_eq!(shell.read("seen"), "x\nx\n");
}

/// The folders of turns that are there.
fn folders(shell: &Shell) -> Vec<PathBuf> {
    let entries = fs::read_dir(shell.path("db.live")).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

#[test]
fn what_a_turn_has_left_goes_when_the_next_one_begins() {
    let looped = "name = 'l'\nprompt = 'a'\n[loop]\nmax_iterations = 3\ntracker_path = 't.md'\n";
    let shell = Shell::new(looped);
    let script = "echo more > t.md; echo last; ls -d db.live/*/ | wc -l >> seen";
    assert_eq!(shell.run(&["sh", "-c", script]).0, Some(4));
    assert_eq!(shell.read("seen").split_whitespace().collect::<Vec<_>>(), ["1", "1", "1"]);
    // The last one's stays, for whoever wants to see what it printed.
    let [left] = folders(&shell).try_into().unwrap();
    assert_eq!(fs::read_to_string(left.join("out")).unwrap(), "last\n");

    // Neither what somebody is in nor what this log does not know.
    let other = shell.path("db.live/01890a5d-ac96-774b-bcce-b302099a8057-0");
    fs::create_dir(&other).unwrap();
    let keeper = fs::File::open(left.join("keeper.lock")).unwrap();
    keeper.lock().unwrap();
    let attend = || {
        let status = shell.program(&["attend", "--db", "db", "--", "true"]).status();
        assert!(status.unwrap().success());
        let mut folders = folders(&shell);
        folders.sort();
        folders
    };
    let mut both = [left, other.clone()];
    both.sort();
    assert_eq!(attend(), both);
    drop(keeper);
    assert_eq!(attend(), [other]);
}

/// However many keepers there are, at once and later.
#[test]
fn a_turns_agent_is_started_once() {
    let shell = Shell::new(ONCE);
    let folder = shell.path("turn");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("prompt"), "go").unwrap();
    let keeper = || {
        let mut keeper = program();
        keeper.current_dir(shell.path("")).arg("keep").arg("--folder").arg(&folder);
        keeper.args(["--speaks", "plain", "--", "sh", "-c", "cat >> seen; exit 3"]);
        keeper.stdout(Stdio::null()).spawn().unwrap()
    };
    let keepers: Vec<_> = (0..4).map(|_| keeper()).collect();
    for mut keeper in keepers.into_iter().chain([keeper()]) {
        assert!(keeper.wait().unwrap().success());
    }
    assert!(keeper().wait().unwrap().success());
    assert_eq!(shell.read("seen"), "go");
    assert!(shell.read("turn/report.json").contains("\"code\":3"));
}
