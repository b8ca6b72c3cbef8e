//! A recording, played by processes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use agent_runtime::live::conduct::{Progress, Supervised};
use agent_runtime::live::places::Places;
use agent_runtime::live::turn::Agent;
use agent_runtime::live::{PROGRAM, SOCKET};
use agent_runtime::workflow_file::WorkflowFile;
use serde_json::Value;
use vitae::Bus;

use super::{Recording, events, open, program};

/// A recording and the folder that it is played in.
pub(crate) struct Live<'a> {
    pub(crate) recording: &'a Recording,
    pub(crate) folder: PathBuf,
}

/// A part of a recording that one call of the program plays.
#[derive(Debug)]
pub(crate) enum Stretch {
    /// Lines outside any workflow, counted from 1, the last one included.
    Interactive(usize, usize),
    /// The workflow that begins at this line.
    Workflow(usize),
}

impl Live<'_> {
    pub(crate) fn new<'a>(recording: &'a Recording, folder: &Path) -> Live<'a> {
        Live { recording, folder: folder.to_owned() }
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.folder.join("live.db")
    }

    pub(crate) fn trace(&self) -> PathBuf {
        self.folder.join("trace")
    }

    /// The recording, part by part.
    pub(crate) fn stretches(&self) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        let mut in_workflow = false;
        for number in 1..=self.recording.lines.len() {
            let line = self.recording.line(number - 1);
            match line["t"].as_str().unwrap() {
                "workflow" => {
                    stretches.push(Stretch::Workflow(number));
                    in_workflow = true;
                }
                "turn" => in_workflow = true,
                "turn_end" => in_workflow = self.goes_on(number),
                _ if in_workflow => {}
                _ => match stretches.last_mut() {
                    Some(Stretch::Interactive(_, last)) => *last = number,
                    _ => stretches.push(Stretch::Interactive(number, number)),
                },
            }
        }
        stretches
    }

    /// Whether a further turn of the same workflow follows on a line, counted from 1.
    fn goes_on(&self, number: usize) -> bool {
        let later = (number..self.recording.lines.len()).map(|index| self.recording.line(index));
        let mut next = later.filter(|line| line["t"] == "turn" || line["t"] == "workflow");
        next.next().is_some_and(|line| line["t"] == "turn")
    }

    /// The lines between the turns of a workflow, first and last, by the turn that they come after; 0 is
    /// before the first.
    fn between_turns(&self, workflow: usize) -> BTreeMap<u32, (usize, usize)> {
        let (mut between, mut turns, mut in_turn) = (BTreeMap::new(), 0, false);
        for number in workflow + 1..=self.recording.lines.len() {
            match self.recording.line(number - 1)["t"].as_str().unwrap() {
                "workflow" => break,
                "turn" => (turns, in_turn) = (turns + 1, true),
                "turn_end" => in_turn = false,
                _ if in_turn => {}
                _ => between.entry(turns).or_insert((number, number)).1 = number,
            }
        }
        // After the last one nothing is under way.
        between.remove(&turns);
        between
    }

    /// The call that plays a part.
    pub(crate) fn command(&self, stretch: &Stretch) -> Command {
        let mut command = program();
        command.current_dir(&self.folder).env("SCRIPTED_AGENT_TRACE", self.trace());
        let agent = env!("CARGO_BIN_EXE_scripted-agent");
        let session = ["--session", &self.recording.session];
        match stretch {
            Stretch::Interactive(first, last) => {
                command.args(["attend", "--db"]).arg(self.db()).args(session).args(["--", agent]);
                command.arg(&self.recording.path).args(["--lines", &format!("{first}-{last}")]);
            }
            Stretch::Workflow(number) => {
                let line = self.recording.line(number - 1);
                let speaks = self.speaks(*number);
                command
                    .args(["run", "--no-terminal"])
                    .arg(self.workflow_file(*number, speaks))
                    .arg("--db")
                    .arg(self.db())
                    .args(session);
                command.args(["--id", text(&line["run_id"]), "--input", text(&line["prompt"])]);
                command.args(["--", agent]).arg(&self.recording.path);
                command.args(["--speaks", speaks]);
            }
        }
        command
    }

    fn workflow_file(&self, number: usize, speaks: &str) -> PathBuf {
        let file = self.folder.join(format!("workflow-{number}.toml"));
        let line = self.recording.line(number - 1);
        fs::write(&file, workflow_file(&line["workflow"], speaks)).unwrap();
        file
    }

    /// Plays a workflow, and the lines between its turns. `run` begins the next turn at once; here that waits
    /// until they are played.
    fn conduct(&self, number: usize, between: &BTreeMap<u32, (usize, usize)>) {
        let (line, speaks) = (self.recording.line(number - 1), self.speaks(number));
        let file = WorkflowFile::read(&self.workflow_file(number, speaks)).unwrap();
        let places = Places::of(&self.db(), &self.recording.session).unwrap();
        let store = agent_runtime::store_options().open(self.db()).unwrap();
        let bus = agent_runtime::bus(Arc::new(store)).unwrap();
        let supervised = Supervised::open(bus, places).unwrap();
        let (id, input) = (text(&line["run_id"]).to_owned(), text(&line["prompt"]).to_owned());
        let workflow = supervised.start(&file, Some(id), Some(input)).unwrap();
        self.moves_here();
        let (program, agent) =
            (env!("CARGO_BIN_EXE_agent-runtime"), env!("CARGO_BIN_EXE_scripted-agent"));
        let play_after = |turn| {
            let Some((first, last)) = between.get(&turn) else { return };
            let mut player = Command::new(agent);
            player.arg(&self.recording.path).args(["--lines", &format!("{first}-{last}")]);
            player.current_dir(&self.folder).env(SOCKET, supervised.places().socket());
            assert!(player.env(PROGRAM, program).status().unwrap().success());
        };
        play_after(0);
        let recording = self.recording.path.as_os_str();
        let command = [agent.as_ref(), recording, "--speaks".as_ref(), speaks.as_ref()];
        let command = command.map(OsStr::to_owned);
        let (program, speaks) = (Path::new(program), speaks.parse().unwrap());
        let agent = Agent { program, speaks, command: &command };
        let conducted = supervised.conduct(&workflow, &file, agent, |progress| {
            if let Progress::Ended { iteration, .. } = progress {
                play_after(iteration);
            }
        });
        conducted.unwrap();
    }

    /// A workflow that this process has started is taken to where the recording is played.
    fn moves_here(&self) {
        let files = fs::read_dir(self.folder.join("live.db.live")).unwrap();
        let mut files = files.map(|file| file.unwrap().path());
        let file = files.find(|file| file.extension().is_some_and(|name| name == "folder"));
        fs::write(file.unwrap(), self.folder.to_str().unwrap()).unwrap();
    }

    /// In whose words the agent of a workflow speaks. A turn whose account of its hooks contradicts
    /// the hooks that were recorded can be told in the recording's own words only.
    fn speaks(&self, workflow: usize) -> &'static str {
        let mut hooks = 0;
        for number in workflow..self.recording.lines.len() {
            let line = self.recording.line(number);
            match line["t"].as_str().unwrap() {
                "workflow" => break,
                "turn" => hooks = 0,
                "hook" if line["event"]["hook_event_name"] == "PreToolUse" => hooks += 1,
                "turn_end" if line["transport"]["preToolUseEvents"] == 0 && hooks > 0 => {
                    return "recording";
                }
                _ => {}
            }
        }
        "claude"
    }

    /// Plays a part, and it must come to its end.
    pub(crate) fn play(&self, stretch: &Stretch) -> Output {
        let output = self.command(stretch).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        let name = &self.recording.name;
        assert!(!matches!(output.status.code(), Some(1 | 2) | None), "{name} {stretch:?}: {error}");
        output
    }

    pub(crate) fn play_all(&self) {
        for stretch in self.stretches() {
            if let Stretch::Workflow(number) = stretch {
                let between = self.between_turns(number);
                if !between.is_empty() {
                    self.conduct(number, &between);
                    continue;
                }
            }
            self.play(&stretch);
        }
    }

    /// What the agents did and were told, a JSON object each.
    pub(crate) fn traced(&self) -> Vec<Value> {
        let trace = fs::read_to_string(self.trace()).unwrap_or_default();
        trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Compares what is in the store with what must be there: the rows that are expected, and every
    /// event of a replay.
    pub(crate) fn check(&self) {
        self.recording.check_end(&open(&self.db()));
        self.check_events();
    }

    /// Compares every event with those of a replay but for what a live supervisor sees with its own eyes: the
    /// tracker after each turn, its own prompts, how a process ended and what that one turn used.
    pub(crate) fn check_events(&self) {
        let bus = open(&self.db());
        let heard = |bus: &Bus| {
            let mut events = events(bus);
            events.retain(|event| event.kind != "workflow.tracker");
            for event in events.iter_mut().filter(|event| event.kind.starts_with("workflow.")) {
                let fields = event.payload.as_object_mut().unwrap();
                fields.retain(|name, _| !["prompt", "exit", "used"].contains(&name.as_str()));
            }
            events
        };
        let (heard, replayed) = (heard(&bus), heard(&self.recording.unstopped()));
        for (number, (heard, replayed)) in heard.iter().zip(&replayed).enumerate() {
            assert_eq!(heard, replayed, "{}: {number}", self.recording.name);
        }
        assert_eq!(heard.len(), replayed.len(), "{}", self.recording.name);
        bus.store().verify().unwrap();
    }
}

fn workflow_file(workflow: &Value, speaks: &str) -> String {
    // JSON's strings are TOML's.
    let (name, template) = (&workflow["name"], &workflow["promptTemplate"]);
    let mut file = format!("name = {name}\nprompt = {template}\n");
    if let Some(looped) = workflow["loop"].as_object() {
        file += &format!("[loop]\nenabled = {}\n", looped["enabled"]);
        file += &format!("max_iterations = {}\n", looped["maxIterations"]);
        if let Some(path) = looped.get("trackerPath") {
            file += &format!("tracker_path = {path}\n");
        }
    }
    file + &format!("[agent]\nspeaks = \"{speaks}\"\n")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
