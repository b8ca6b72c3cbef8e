//! An agent that does what a recording says: a real process, which calls real hooks.
//!
//! It plays one stretch of a recording: the turn that its supervisor started it for, or the lines
//! that it is told. It calls the hook command for each `hook`, edits the tracker, sends `decision`,
//! `link` and `cancel` as whoever sent them, gives an account of what it used, and ends as the turn
//! ended. Each line is on the log before the next one is played.

mod account;
mod script;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use agent_runtime::live::client::Client;
use agent_runtime::live::output::Speaks;
use agent_runtime::live::{PROGRAM, SOCKET};
use clap::Parser;
use script::{Hook, Script, Step};
use serde_json::{Map, Value, json};
use vitae::{Clock, SystemClock};

/// The environment variable with a file to which is added what the agent did and was told.
const TRACE: &str = "SCRIPTED_AGENT_TRACE";

/// How long a supervisor that was killed is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

type Failure = Box<dyn Error>;

/// Plays one stretch of a recording as an agent.
#[derive(Parser)]
pub(crate) struct Arguments {
    /// The recording.
    recording: PathBuf,
    /// The lines to play, counted from 1, the last one included; without it, those of the turn that
    /// the environment names.
    #[arg(long, value_name = "FIRST-LAST")]
    lines: Option<String>,
    /// In whose words the account at the end is.
    #[arg(long, default_value = "claude")]
    speaks: Speaks,
    /// Decide nothing: where the recording has a decision, that of somebody else is waited for.
    #[arg(long)]
    asks: bool,
}

/// Plays, and ends as the turn did.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match play(arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("scripted-agent: {error}");
            ExitCode::from(97)
        }
    }
}

fn play(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let script = Script::read(&arguments.recording, arguments.lines.as_deref())?;
    let socket = env::var_os(SOCKET).ok_or("no supervisor has started this agent")?;
    let mut agent = Agent {
        hook_command: env::var_os(PROGRAM).map_or_else(|| "agent-runtime".into(), PathBuf::from),
        client: Client::new(socket.into(), PATIENCE),
        waiting: BTreeMap::new(),
        tool_uses: 0,
        asks: arguments.asks,
    };
    trace(&json!({ "plays": script.name }))?;
    for step in &script.steps {
        if let Step::TurnEnd(end) = step {
            account::give(arguments.speaks, end, agent.tool_uses)?;
            agent.leave();
            return Ok(account::end(end));
        }
        agent.play(step, &script.tracker)?;
    }
    agent.leave();
    Ok(ExitCode::SUCCESS)
}

struct Agent {
    hook_command: PathBuf,
    client: Client,
    /// The calls of the hook command that wait for a decision.
    waiting: BTreeMap<String, Child>,
    tool_uses: u64,
    /// Whether somebody else decides.
    asks: bool,
}

impl Agent {
    fn play(&mut self, step: &Step, tracker: &Path) -> Result<(), Failure> {
        match step {
            Step::Hook(hook) => {
                self.tool_uses += u64::from(hook.uses_tool);
                self.hook(hook)
            }
            Step::Decision { request, line } => {
                if !self.asks {
                    self.say(line)?;
                    trace(&json!({ "decided": request }))?;
                }
                match self.waiting.remove(request) {
                    Some(call) => told(request, call),
                    None => Ok(()),
                }
            }
            Step::Said(line) => self.say(line),
            Step::Tracker(content) => {
                if let Some(folder) = tracker.parent() {
                    fs::create_dir_all(folder)?;
                }
                let edited = match content {
                    Some(content) => fs::write(tracker, content),
                    None => fs::remove_file(tracker),
                };
                edited.map_err(Failure::from)
            }
            Step::TurnEnd(_) => Ok(()),
        }
    }

    /// Says something that is no hook. It happens now, not when it was recorded.
    fn say(&self, line: &Map<String, Value>) -> Result<(), Failure> {
        let mut line = line.clone();
        line.insert("at".to_owned(), SystemClock.now().as_millis().into());
        self.client.say(&Value::Object(line).to_string(), Instant::now(), |_| ())?;
        Ok(())
    }

    fn hook(&mut self, hook: &Hook) -> Result<(), Failure> {
        let mut call = Command::new(&self.hook_command)
            .args(["hook", "--id", &hook.id, "--patience", &PATIENCE.as_secs().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = call.stdin.take() {
            stdin.write_all(hook.json.as_bytes())?;
        }
        if !hook.waits {
            return told(&hook.id, call);
        }
        // The recording goes on while the request waits; it is on the log once the command says so.
        if let Some(stderr) = call.stderr.take() {
            BufReader::new(stderr).read_line(&mut String::new())?;
        }
        self.waiting.insert(hook.id.clone(), call);
        Ok(())
    }

    /// Nothing is left behind.
    fn leave(&mut self) {
        for call in self.waiting.values_mut() {
            let _ = call.kill();
            let _ = call.wait();
        }
    }
}

/// Waits for a call of the hook command, and notes what it said.
fn told(id: &str, mut call: Child) -> Result<(), Failure> {
    let (mut said, mut noted) = (String::new(), String::new());
    if let Some(mut stdout) = call.stdout.take() {
        stdout.read_to_string(&mut said)?;
    }
    if let Some(mut stderr) = call.stderr.take() {
        stderr.read_to_string(&mut noted)?;
    }
    if !call.wait()?.success() || noted.contains("goes on without") {
        return Err(format!("hook {id} was not heard: {noted}").into());
    }
    let said: Value = serde_json::from_str(&said).unwrap_or(Value::Null);
    trace(&json!({ "hook": id, "said": said }))
}

/// Adds a line to the trace, where one is wanted. One write, so that a kill leaves no half of it.
fn trace(what: &Value) -> Result<(), Failure> {
    let Some(path) = env::var_os(TRACE) else {
        return Ok(());
    };
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(format!("{what}\n").as_bytes()).map_err(io::Error::into)
}
