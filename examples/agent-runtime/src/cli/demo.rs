//! `demo`: an agent is supervised, the supervisor killed midway, and everything is still there.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use agent_runtime::diagram;
use agent_runtime::projections::{feed, prefix, workflow_runs};
use agent_runtime::replay::Replay;
use agent_runtime::run::Run;
use agent_runtime::session::Session;
use agent_runtime::workflow::Workflow;
use vitae::{Bus, Lifecycle, MemoryStore};
use vitae_sqlite::SqliteStore;

use super::output::maybe;
use super::{Failure, context};

const RECORDING: &str = include_str!("../../recordings/demo/recording.jsonl");
const WORKFLOW: &str = include_str!("../../recordings/demo/fix-tests.toml");
const ID: &str = "7c9e1f5a-3b52-4c8e-9d40-1f2a6b7c8d9e";
const INPUT: &str =
    "The tests of the tide tables fail since the switch to summer time. Make them pass.";
const SESSION: &str = "tidepool";
const REQUEST: &str = "hook-22";

/// The lines of the recording that belong to no workflow.
const BY_HAND: &str = "55-61";

/// How many of the feed's last lines are shown.
const TAIL: usize = 8;

pub(super) fn demo() -> Result<(), Failure> {
    let stage = Stage::set()?;
    let mut out = io::stdout().lock();
    writeln!(out, "An agent plays a recorded session of {} lines:", RECORDING.lines().count())?;
    writeln!(out, "a real process, whose hooks reach its supervisor over a socket.")?;
    let mut supervisor = stage.run().stdout(Stdio::piped()).spawn()?;
    say_until(&mut supervisor, "turn 2 begins", &mut out)?;
    supervisor.kill()?;
    supervisor.wait()?;
    writeln!(
        out,
        "The supervisor was killed (SIGKILL), without any clean-up. Its agent works on.\n"
    )?;

    let bus = stage.bus()?;
    writeln!(out, "What the log says, each life with the state it is in (●; a ? is a guard):")?;
    show_lives(&mut out, &bus)?;
    drop(bus);
    writeln!(out, "Started again, the supervisor reads that, and goes on:")?;
    out.flush()?;
    must_end(&mut stage.run().spawn()?)?;
    writeln!(out, "Then a person works with the agent.\n")?;
    must_end(&mut stage.attend().spawn()?)?;

    let bus = stage.bus()?;
    let (live, replayed) = (feed_of(&bus)?, feed_of(&replayed()?)?);
    if live != replayed {
        return Err("the feed is not that of a session in which nobody was killed".into());
    }
    let lines = live.len();
    writeln!(out, "The feed has {lines} lines, the same as when nobody is killed.")?;
    show_lives(&mut out, &bus)?;
    show_end(&mut out, &bus)?;
    let program = std::env::args().next().unwrap_or_default();
    let db = stage.db();
    let db = db.display();
    writeln!(out, "Look around:")?;
    for command in ["log", "feed", "tree", "watch", "serve"] {
        writeln!(out, "  {program} {command} --db {db}")?;
    }
    Ok(())
}

/// The folder in which all of it happens.
struct Stage {
    folder: PathBuf,
    program: PathBuf,
}

impl Stage {
    fn set() -> Result<Self, Failure> {
        let program = std::env::current_exe()?;
        let name = format!("agent-runtime-demo-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("recording.jsonl"), RECORDING)?;
        fs::write(folder.join("fix-tests.toml"), WORKFLOW)?;
        Ok(Self { folder, program })
    }

    fn db(&self) -> PathBuf {
        self.folder.join("demo.db")
    }

    fn bus(&self) -> Result<Bus, Failure> {
        Ok(agent_runtime::bus(Arc::new(SqliteStore::open_read_only(self.db())?))?)
    }

    /// The workflow, supervised.
    fn run(&self) -> Command {
        let mut run = self.supervisor("run");
        run.args(["fix-tests.toml", "--no-terminal", "--id", ID, "--input", INPUT, "--"]);
        run.arg(&self.program).args(["scripted-agent", "recording.jsonl"]);
        run
    }

    /// What a person does with the agent, supervised.
    fn attend(&self) -> Command {
        let mut attend = self.supervisor("attend");
        attend.arg("--").arg(&self.program);
        attend.args(["scripted-agent", "recording.jsonl", "--lines", BY_HAND]);
        attend
    }

    fn supervisor(&self, command: &str) -> Command {
        let mut supervisor = Command::new(&self.program);
        supervisor.current_dir(&self.folder).stdin(Stdio::null());
        supervisor.args([command, "--db", "demo.db", "--session", SESSION]);
        supervisor
    }
}

/// Hands on what a process says, up to a line.
fn say_until(process: &mut Child, last: &str, out: &mut impl Write) -> Result<(), Failure> {
    let said = process.stdout.take().ok_or("the supervisor says nothing")?;
    for line in BufReader::new(said).lines() {
        let line = line?;
        writeln!(out, "  {line}")?;
        if line == last {
            return Ok(());
        }
    }
    Err(format!("the supervisor ended before it was killed: {}", process.wait()?).into())
}

fn must_end(process: &mut Child) -> Result<(), Failure> {
    let status = process.wait()?;
    if status.success() { Ok(()) } else { Err(format!("the supervisor failed: {status}").into()) }
}

/// The session as it is when nobody is killed.
fn replayed() -> Result<Bus, Failure> {
    let bus = agent_runtime::bus(Arc::new(MemoryStore::new()))?;
    let mut replay = Replay::open(bus.clone(), SESSION.to_owned())?;
    for line in RECORDING.lines() {
        replay.line(line.as_bytes())?;
    }
    Ok(bus)
}

/// The session's feed, but for when what happened.
fn feed_of(bus: &Bus) -> Result<Vec<(u64, String, String, String)>, Failure> {
    let lines = bus.view::<feed::FeedLine>(feed::VIEW)?;
    let lines = lines.scan(prefix(&[feed::LINES, SESSION])).map(|line| {
        let line = line?.1;
        Ok((line.seq, line.kind, line.actor_id, line.run_id))
    });
    lines.collect()
}

/// The session's workflow and its last run, as diagrams.
fn show_lives(out: &mut impl Write, bus: &Bus) -> Result<(), Failure> {
    let view = bus.view::<workflow_runs::WorkflowRun>(workflow_runs::VIEW)?;
    for row in view.scan(prefix(&[SESSION])) {
        let id = row?.1.run_id;
        let workflow = bus.load_existing::<Workflow>(&id)?;
        writeln!(out, "\nworkflow {id}")?;
        write!(out, "{}", diagram::text(Workflow::DEFINITION, workflow.state().state()))?;
    }
    let runs = bus.load::<Session>(SESSION)?.state().line().runs;
    let stream = agent_runtime::run::run_stream(SESSION, runs);
    let run = bus.load_existing::<Run>(&stream)?;
    writeln!(out, "\nrun {stream}")?;
    writeln!(out, "{}", diagram::text(Run::DEFINITION, run.state().state()))?;
    Ok(())
}

/// The workflow's line, the feed's tail, and the context of one permission request.
fn show_end(out: &mut impl Write, bus: &Bus) -> Result<(), Failure> {
    for row in bus.view::<workflow_runs::WorkflowRun>(workflow_runs::VIEW)?.scan([]) {
        let row = row?.1;
        let (name, status, turn) = (maybe(row.workflow_name), row.status.as_str(), row.iteration);
        let tokens = row.tokens.total.unwrap_or(0);
        writeln!(out, "{name}: {status} after {turn} iterations, {tokens} tokens\n")?;
    }
    let lines = bus.view::<feed::FeedLine>(feed::VIEW)?;
    let lines: Result<Vec<_>, _> = lines.scan(prefix(&[feed::LINES, SESSION])).collect();
    let lines = lines?;
    writeln!(out, "The feed's last lines:")?;
    for (_, line) in lines.iter().skip(lines.len().saturating_sub(TAIL)) {
        let (kind, who, run) = (&line.kind, &line.actor_id, &line.run_id);
        writeln!(out, "  {:>3}  {kind:<20} {who:<14} {run}", line.seq)?;
    }
    let context = context::Shown::of(bus, SESSION, REQUEST)?;
    writeln!(
        out,
        "\nWhat is the workflow context of permission request {REQUEST}? One read says:"
    )?;
    for (name, value) in context::cells(&context) {
        writeln!(out, "  {name:>10}  {value}")?;
    }
    writeln!(out)?;
    Ok(())
}
