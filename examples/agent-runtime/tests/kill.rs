//! SIGKILL of the supervisor, of the agent, of both, at random moments. Whoever comes next goes on.
//!
//! `VITAE_KILL_ROUNDS` sets how often, and `VITAE_KILL_SEED` when.

#![cfg(test)]
#![cfg(target_os = "linux")]

#[path = "support/person.rs"]
mod person;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use agent_runtime::workflow::RepeatGranted;
use fastrand::Rng;
use person::Person;
use serde_json::{Value, json};
use support::live::{Live, Stretch};
use support::{Recording, feed_lines, open, run_rows};
use vitae::Event;

const WORKFLOW: &str = "0b00d9e7-0000-4000-8000-00000000dead";
const TURNS: usize = 3;
const REQUESTS: usize = 3;

#[test]
fn whoever_is_killed_the_workflow_comes_to_its_end() {
    let setting = |name, or| std::env::var(name).map_or(or, |text| text.parse::<u64>().unwrap());
    let rounds = setting("VITAE_KILL_ROUNDS", 12);
    let mut rng = Rng::with_seed(setting("VITAE_KILL_SEED", 1));
    let mut seen = Seen::default();
    let long = [false, true].map(|asks| Round::new(asks).uninterrupted());
    for number in 0..rounds {
        // By turns the agent decides for itself, and a person does, whose workflow runs killed turns again.
        let asks = number % 2 == 1;
        Round::new(asks).play(&mut rng, long[usize::from(asks)], &mut seen, number);
    }
    println!("{rounds} rounds: {seen:?}");
    // Otherwise nothing was tested.
    assert!(seen.supervisors_killed >= rounds / 3, "{seen:?}");
    assert!(seen.agents_killed >= rounds / 8, "{seen:?}");
    assert!(seen.turns_taken_over >= rounds / 8, "{seen:?}");
    assert!(seen.turns_run_again >= rounds / 8, "{seen:?}");
    assert_eq!(seen.answered, usize::try_from(rounds / 2).unwrap() * TURNS * REQUESTS);
}

/// What all rounds together have seen.
#[derive(Default, Debug)]
struct Seen {
    supervisors_killed: u64,
    agents_killed: u64,
    turns_taken_over: u64,
    /// Since their agent was killed.
    turns_run_again: u64,
    decisions: usize,
    /// Those of a person.
    answered: usize,
}

/// One workflow in a folder of its own.
struct Round {
    folder: tempfile::TempDir,
    recording: Recording,
    /// Who decides. Without anybody, the agent does.
    person: Option<Person>,
}

impl Round {
    fn new(asks: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let person = asks.then(|| Person::before(folder.path().join("people"), answer));
        fs::write(folder.path().join("recording.jsonl"), script()).unwrap();
        fs::write(folder.path().join("expected.json"), r#"{"session_id":"killed"}"#).unwrap();
        let recording = Recording::read(folder.path());
        Self { folder, recording, person }
    }

    fn start(&self) -> Child {
        let mut command = self.command();
        let said = fs::OpenOptions::new().append(true).create(true).open(self.said()).unwrap();
        command.stdout(said).stderr(Stdio::inherit()).spawn().unwrap()
    }

    fn command(&self) -> Command {
        let alone = self.live().command(&Stretch::Workflow(1));
        if self.person.is_none() {
            return alone;
        }
        let mut command = support::program();
        command.current_dir(self.folder.path()).env("SCRIPTED_AGENT_TRACE", self.live().trace());
        // In Claude Code's words, a turn that is run again would claim tools whose hooks were heard before.
        for argument in alone.get_args() {
            command.arg(if argument == "claude" { "recording".as_ref() } else { argument });
            if argument == "--no-terminal" {
                command.args(["--folder", "people", "--patience", "1h"]);
            }
        }
        let file = self.folder.path().join("workflow-1.toml");
        let retry = "[retry]\ncrashed = 9\nfirst = \"10ms\"\nat_most = \"50ms\"\n";
        let text = fs::read_to_string(&file).unwrap().replace("\"claude\"", "\"recording\"");
        fs::write(&file, text + retry).unwrap();
        // The agent's own argument.
        command.arg("--asks");
        command
    }

    fn live(&self) -> Live<'_> {
        Live::new(&self.recording, self.folder.path())
    }

    fn said(&self) -> PathBuf {
        self.folder.path().join("said")
    }

    /// How much the agents do when nobody is killed.
    fn uninterrupted(mut self) -> usize {
        assert_eq!(self.start().wait().unwrap().code(), Some(0));
        self.check(0, false);
        self.leave(0);
        self.live().traced().len()
    }

    /// The person leaves, who has answered everything once. Gives the number of their answers.
    fn leave(&mut self, number: u64) -> usize {
        let Some(person) = self.person.take() else { return 0 };
        let answered = person.leave();
        assert!(answered.asked_again.is_empty(), "round {number}: {:?}", answered.asked_again);
        let refused = fs::read_dir(self.folder.path().join("people/refused")).unwrap();
        assert_eq!(refused.count(), 0, "round {number}");
        answered.once.len()
    }

    /// Lets the agents do so much, and a moment more: anywhere in what comes next.
    fn let_them(&self, rng: &mut Rng, running: &mut Child, much: usize) {
        let done = || fs::read_to_string(self.live().trace()).map_or(0, |all| all.lines().count());
        while done() < much && running.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(rng.u64(..20_000)));
    }

    fn play(mut self, rng: &mut Rng, long: usize, seen: &mut Seen, number: u64) {
        // Round by round: the supervisor alone, the agent alone, both in either order.
        let (supervisor, agent) = (number % 3 != 1, !number.is_multiple_of(3));
        let mut agent_was_killed = false;
        for _ in 0..rng.u32(1..=3) {
            let mut running = self.start();
            let much = rng.usize(..long);
            self.let_them(rng, &mut running, much);
            let agent_first = rng.bool();
            if agent && agent_first {
                agent_was_killed |= self.kill_agent();
            }
            if supervisor {
                running.kill().unwrap();
            }
            if agent && !agent_first {
                agent_was_killed |= self.kill_agent();
            }
            let status = running.wait().unwrap();
            seen.supervisors_killed += u64::from(status.code().is_none());
        }
        let status = self.start().wait().unwrap();
        let said = fs::read_to_string(self.said()).unwrap();
        // A workflow that runs a killed turn again comes to its end.
        let ends = if self.person.is_some() { &[Some(0)][..] } else { &[Some(0), Some(5)] };
        assert!(ends.contains(&status.code()), "round {number}: {status}: {said}");
        seen.agents_killed += u64::from(status.code() == Some(5));
        seen.turns_taken_over += said.matches("goes on").count() as u64;
        let (decisions, run_again) = self.check(number, agent_was_killed);
        seen.agents_killed += run_again;
        seen.turns_run_again += run_again;
        seen.decisions += decisions;
        // Of all the turns, with whoever was killed in them, nothing is left but the last one's folder.
        assert!(self.folders().len() <= 1, "round {number}: {:?}", self.folders());
        seen.answered += self.leave(number);
    }

    /// The folders of turns that are there.
    fn folders(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.live().db().with_extension("db.live"));
        let paths = entries.into_iter().flatten().map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_dir()).collect()
    }

    /// Kills the agent of the turn that began last, if it still lives.
    fn kill_agent(&self) -> bool {
        let started = self.folders().into_iter().filter_map(|turn| {
            let started = turn.join("started");
            Some((fs::metadata(&started).ok()?.modified().ok()?, started))
        });
        let Some((_, started)) = started.max() else { return false };
        let process = fs::read_to_string(started).unwrap();
        // The number may be another process's by now.
        let recording = self.recording.path.to_str().unwrap();
        let is_ours = |line: String| line.contains("scripted-agent\0") && line.contains(recording);
        let line = fs::read_to_string(Path::new("/proc").join(&process).join("cmdline"));
        !process.is_empty()
            && line.is_ok_and(is_ours)
            && Command::new("kill").args(["-9", &process]).output().unwrap().status.success()
    }

    /// Holds the log against what the agents did and were told. Gives the number of decisions, and of
    /// turns that were run again.
    fn check(&self, number: u64, agent_was_killed: bool) -> (usize, u64) {
        let bus = open(&self.live().db());
        bus.store().verify().unwrap();
        let log = support::events(&bus);
        let of = |kind: &'static str| log.iter().filter(move |event| event.kind == kind);
        let each_once = |kind: &'static str, field: &str| {
            let mut all = BTreeSet::new();
            for event in of(kind) {
                let which = event.payload[field].to_string();
                assert!(all.insert(which.clone()), "round {number}: {kind} {which} twice");
            }
            all
        };
        let times = |kind: &'static str| {
            of(kind).fold(BTreeMap::new(), |mut times: BTreeMap<u64, u64>, event| {
                *times.entry(event.payload["iteration"].as_u64().unwrap()).or_default() += 1;
                times
            })
        };
        // Each turn is one iteration, however often it is run again; and that is only after a crash.
        let (turns, run_again) = (times("workflow.turn"), times(RepeatGranted::KIND));
        assert_eq!(turns, times("workflow.iteration"), "round {number}");
        for (iteration, begun) in &turns {
            let again = run_again.get(iteration).copied().unwrap_or_default();
            assert_eq!(*begun, 1 + again, "round {number}: turn {iteration}");
        }
        assert!(run_again.is_empty() || agent_was_killed, "round {number}");
        assert_eq!(of("workflow.end").count(), 1);
        let row = support::workflow_rows(&bus, "killed").remove(0);
        assert_eq!(usize::try_from(row.iteration).unwrap(), turns.len(), "round {number}");
        each_once("run.tool_started", "hook");
        each_once("run.tool_finished", "hook");
        each_once("request.permission_asked", "request");
        let decided = each_once("request.permission_decided", "request");

        let traced = self.live().traced();
        let mut played: BTreeMap<_, u64> = BTreeMap::new();
        let mut told = BTreeSet::new();
        for line in &traced {
            if let Some(turn) = line["plays"].as_str() {
                *played.entry(turn).or_default() += 1;
            }
            if line["decided"].is_string() {
                assert!(decided.contains(&line["decided"].to_string()), "round {number}: {line}");
            }
            if line["hook"].is_string() {
                // Whoever asks again after a crash is told what was decided then.
                let hook = line["hook"].to_string();
                let decided = decided.contains(&hook);
                let expected = if decided { decision(&hook) } else { Value::Null };
                assert_eq!(line["said"], expected, "round {number}: {hook}");
                told.insert(hook);
            }
        }
        for (turn, played) in &played {
            let iteration: u64 = turn.rsplit(' ').next().unwrap().parse().unwrap();
            assert!(*played <= turns[&iteration], "round {number}: {turn} was played too often");
        }
        let failed = of("workflow.end").any(|end| end.payload.to_string().contains("signal 9"));
        if failed {
            assert!(agent_was_killed, "round {number}");
        } else {
            // Nothing is missing, and nothing stands there twice or elsewhere.
            let replayed = self.recording.unstopped();
            assert_eq!(feed_lines(&bus, "killed"), feed_lines(&replayed, "killed"));
            assert_eq!(run_rows(&bus, "killed"), run_rows(&replayed, "killed"));
            assert_eq!(played.len(), TURNS);
            assert_eq!(decided.len(), TURNS * REQUESTS);
            assert!(decided.iter().all(|request| told.contains(request)), "round {number}");
        }
        (decided.len(), run_again.values().sum())
    }
}

/// What a person says to a request, by the name of its file; the same as the recording.
fn answer(file: &str) -> &'static str {
    if file.ends_with("-2.json") {
        r#"{"answer": "deny", "reason": "not this one"}"#
    } else {
        r#"{"answer": "allow"}"#
    }
}

/// What the hook command says of a request: every third one is denied.
fn decision(request: &str) -> Value {
    let decision = if request.ends_with("-2\"") {
        json!({ "behavior": "deny", "message": "not this one" })
    } else {
        json!({ "behavior": "allow" })
    };
    json!({ "hookSpecificOutput": { "hookEventName": "PermissionRequest", "decision": decision } })
}

/// A recording with a decision in every few lines.
fn script() -> String {
    let mut lines = vec![json!({
        "t": "workflow", "run_id": WORKFLOW, "session_id": "killed", "prompt": "go on",
        "workflow": {
            "name": "survive", "promptTemplate": "{input}",
            "loop": { "enabled": true, "maxIterations": TURNS + 1 },
        },
    })];
    for turn in 1..=TURNS {
        let hook = |id: &str, name: &str, more: Value| {
            let mut event = json!({ "hook_event_name": name, "session_id": format!("a{turn}") });
            event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "t": "hook", "id": format!("{turn}-{id}"), "event": event })
        };
        lines.push(json!({ "t": "turn", "prompt": "go on" }));
        lines.push(hook("start", "SessionStart", json!({ "source": "startup" })));
        lines.push(hook("prompt", "UserPromptSubmit", json!({ "prompt": "go on" })));
        for request in 0..REQUESTS {
            let tool = json!({ "tool_name": "Bash", "tool_input": { "command": "x" } });
            lines.push(hook(&format!("pre-{request}"), "PreToolUse", tool.clone()));
            lines.push(hook(&format!("{request}"), "PermissionRequest", tool.clone()));
            let intent = if request == 2 {
                json!({ "kind": "permission_deny", "reason": "not this one" })
            } else {
                json!({ "kind": "permission_allow" })
            };
            let decision = json!({ "type": "json", "source": "user", "intent": intent });
            let request_id = format!("{turn}-{request}");
            lines.push(json!({ "t": "decision", "request": request_id, "decision": decision }));
            lines.push(hook(&format!("post-{request}"), "PostToolUse", tool));
        }
        lines.push(hook("stop", "Stop", json!({ "last_assistant_message": "done" })));
        lines.push(hook("end", "SessionEnd", json!({ "reason": "other" })));
        let end = if turn == TURNS { "<!-- WORKFLOW_COMPLETE -->" } else { "more" };
        lines.push(json!({ "t": "tracker", "content": format!("# Plan\n{end}\n") }));
        lines.push(json!({
            "t": "turn_end", "exit_code": 0, "error": null, "stderr": null, "transport": null,
            "tokens": { "input": 1, "output": 1 },
        }));
    }
    let at = |(at, mut line): (i64, Value)| {
        line["at"] = at.into();
        format!("{line}\n")
    };
    (1_767_258_001_000..).zip(lines).map(at).collect()
}
