//! The stretch of a recording that an agent plays.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use agent_runtime::hook::{HookEvent, RunHook};
use agent_runtime::live::{ITERATION, WORKFLOW};
use agent_runtime::recording::{Input, Line, WorkflowLine};
use agent_runtime::workflow::{Exit, Tokens};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Failure;

/// What is played.
pub(crate) struct Script {
    /// Which stretch it is.
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
    /// Where the tracker is.
    pub(crate) tracker: PathBuf,
}

/// A line that somebody other than the supervisor brings about.
pub(crate) enum Step {
    Hook(Hook),
    Decision {
        request: String,
        line: Map<String, Value>,
    },
    /// Said over the socket as it is.
    Said(Map<String, Value>),
    Tracker(Option<String>),
    TurnEnd(TurnEnd),
}

pub(crate) struct Hook {
    pub(crate) id: String,
    pub(crate) json: String,
    pub(crate) waits: bool,
    pub(crate) uses_tool: bool,
}

/// How a turn ends.
pub(crate) struct TurnEnd {
    pub(crate) exit: Exit,
    pub(crate) tokens: Tokens,
    /// The line as it is.
    pub(crate) line: String,
}

impl Script {
    /// Reads the lines that are named, or those of the turn that the environment names.
    pub(crate) fn read(recording: &Path, lines: Option<&str>) -> Result<Self, Failure> {
        let text = fs::read_to_string(recording)?;
        let all: Vec<&str> = text.lines().collect();
        let (name, first, last) = match lines {
            Some(lines) => {
                let (first, last) = lines.split_once('-').ok_or("--lines is FIRST-LAST")?;
                (format!("lines {lines}"), first.parse()?, last.parse()?)
            }
            None => turn_of(&all)?,
        };
        let (mut tracker, mut steps) = (PathBuf::new(), Vec::new());
        for (number, line) in (1..=last).zip(&all) {
            if let Input::Workflow(workflow) = Line::parse(line.as_bytes())?.input {
                tracker = tracker_of(workflow);
            } else if number >= first {
                steps.extend(step(line)?);
            }
        }
        Ok(Self { name, steps, tracker })
    }
}

fn tracker_of(workflow: WorkflowLine) -> PathBuf {
    let path = workflow.workflow.r#loop.and_then(|looped| looped.tracker_path);
    path.unwrap_or_else(|| format!(".athena/{}/tracker.md", workflow.session_id)).into()
}

/// The turn that this agent was started for: its name, and its first and last line.
fn turn_of(lines: &[&str]) -> Result<(String, usize, usize), Failure> {
    let workflow = env::var(WORKFLOW)?;
    let iteration: u32 = env::var(ITERATION)?.parse()?;
    let name = format!("{workflow} {iteration}");
    let (mut turns, mut is_ours, mut first) = (0, false, None);
    for (number, line) in (1..).zip(lines) {
        match Line::parse(line.as_bytes())?.input {
            Input::Workflow(line) => is_ours = line.run_id == workflow,
            Input::Turn { .. } if is_ours => {
                turns += 1;
                first = first.or((turns == iteration).then_some(number));
            }
            Input::TurnEnd { .. } => {
                if let Some(first) = first {
                    return Ok((name, first, number));
                }
            }
            _ => {}
        }
    }
    Err(format!("the recording has no turn {name}").into())
}

fn step(line: &str) -> Result<Option<Step>, Failure> {
    Ok(Some(match Line::parse(line.as_bytes())?.input {
        Input::Hook { id, hook } => {
            let run = match hook.event {
                HookEvent::InRun(event) => Some(event),
                _ => None,
            };
            Step::Hook(Hook {
                id,
                json: json_of(line)?,
                waits: matches!(run, Some(RunHook::PermissionRequest { .. })),
                uses_tool: matches!(run, Some(RunHook::PreToolUse { .. })),
            })
        }
        Input::Decision { request, .. } => {
            Step::Decision { request, line: serde_json::from_str(line)? }
        }
        Input::Link { .. } | Input::Cancel => Step::Said(serde_json::from_str(line)?),
        Input::Tracker { content } => Step::Tracker(content),
        Input::TurnEnd { exit, tokens } => {
            Step::TurnEnd(TurnEnd { exit, tokens, line: line.to_owned() })
        }
        Input::Workflow(_) | Input::Turn { .. } => return Ok(None),
    }))
}

/// A hook's JSON, as it came from the agent.
fn json_of(line: &str) -> serde_json::Result<String> {
    #[derive(Deserialize)]
    struct HookLine<'a> {
        #[serde(borrow)]
        event: &'a RawValue,
    }
    serde_json::from_str(line).map(|HookLine { event }| event.get().to_owned())
}
