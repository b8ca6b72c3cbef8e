//! `demo`: a session is played, the player killed midway, and everything is still there.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use agent_runtime::diagram;
use agent_runtime::projections::{feed, prefix, workflow_runs};
use agent_runtime::replay::{Replay, Taken};
use agent_runtime::run::Run;
use agent_runtime::session::Session;
use agent_runtime::workflow::Workflow;
use vitae::{Bus, GlobalPosition, Lifecycle, MemoryStore};
use vitae_sqlite::SqliteStore;

use super::{Failure, context};

const RECORDING: &str = include_str!("../../recordings/demo/recording.jsonl");
const SESSION: &str = "tidepool";
const REQUEST: &str = "hook-22";

/// How long the player waits before each line, so that it can be killed between two.
const PACE_MS: u64 = 15;

/// How many of the feed's last lines are shown.
const TAIL: usize = 8;

pub(super) fn demo() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("agent-runtime-demo-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (recording, db) = (folder.join("recording.jsonl"), folder.join("demo.db"));
    fs::write(&recording, RECORDING)?;
    let lines = RECORDING.lines().count();
    let mut out = io::stdout().lock();

    writeln!(out, "A recorded session of {lines} lines is played into {}.", db.display())?;
    let mut player = play(&recording, &db)?;
    let seen = wait_for(&mut player, &db, lines / 2)?;
    player.kill()?;
    player.wait()?;
    writeln!(out, "After line {seen} the player was killed (SIGKILL), without any clean-up.\n")?;

    let bus = agent_runtime::bus(Arc::new(SqliteStore::open(&db)?))?;
    let mut replay = Replay::open(bus.clone(), SESSION.to_owned())?;
    writeln!(out, "Opened again, the log says that {} lines were taken.", replay.consumed())?;
    writeln!(out, "Its lives, each with the state it is in (●; a ? is a guard):")?;
    show_lives(&mut out, &bus)?;
    let now = take_all(&mut replay)?;
    let (events, whole) = (bus.store().head()?, events_without_a_kill()?);
    if events != whole {
        return Err(format!("{events:?} are in the log, {whole:?} without the kill").into());
    }
    let events = events.map_or(0, GlobalPosition::get);
    writeln!(out, "The session goes on: {now} further lines. The log has {events} events,")?;
    writeln!(out, "as many as when nobody kills the player.")?;
    show_lives(&mut out, &bus)?;
    show_end(&mut out, &bus)?;
    let (program, db) = (std::env::args().next().unwrap_or_default(), db.display());
    writeln!(out, "Look around:\n  {program} log --db {db}\n  {program} feed --db {db}")?;
    Ok(())
}

/// Hands the whole recording to a replay, and says how many lines were new to it.
fn take_all(replay: &mut Replay) -> Result<usize, Failure> {
    let mut new = 0;
    for line in RECORDING.lines() {
        new += usize::from(replay.line(line.as_bytes())? == Taken::Now);
    }
    Ok(new)
}

/// How many events the recording makes in one go.
fn events_without_a_kill() -> Result<Option<GlobalPosition>, Failure> {
    let bus = agent_runtime::bus(Arc::new(MemoryStore::new()))?;
    take_all(&mut Replay::open(bus.clone(), SESSION.to_owned())?)?;
    Ok(bus.store().head()?)
}

/// Starts a process of this program that replays the recording slowly.
fn play(recording: &Path, db: &Path) -> Result<Child, Failure> {
    let player = Command::new(std::env::current_exe()?)
        .arg("replay")
        .arg(recording)
        .arg("--db")
        .arg(db)
        .args(["--pace", &PACE_MS.to_string()])
        .stdout(Stdio::null())
        .spawn()?;
    Ok(player)
}

/// Reads beside the player until it has taken so many lines.
fn wait_for(player: &mut Child, db: &Path, lines: usize) -> Result<u64, Failure> {
    let lines = u64::try_from(lines)?;
    loop {
        if let Some(status) = player.try_wait()? {
            return Err(format!("the player ended before it was killed: {status}").into());
        }
        // The file appears complete or not at all, so a store is there or is not.
        if let Ok(store) = SqliteStore::open_read_only(db) {
            let bus = agent_runtime::bus(Arc::new(store))?;
            let taken = Replay::open(bus, SESSION.to_owned())?.consumed();
            if taken >= lines {
                return Ok(taken);
            }
        }
        std::thread::sleep(Duration::from_millis(PACE_MS));
    }
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
        let (name, status, turn) = (&row.workflow_name, row.status.as_str(), row.iteration);
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
