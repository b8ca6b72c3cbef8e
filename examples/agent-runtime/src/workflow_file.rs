//! The workflow file: what a person writes to say what an agent is to be looped over.
//!
//! Owns the file's form and the rendering of its prompts. Starts nothing.
//!
//! ```toml
//! name = "fix-tests"
//! prompt = "{input}"
//!
//! [loop]
//! max_iterations = 10
//!
//! [agent]
//! speaks = "claude"
//!
//! [permissions]
//! approve = ["Read"]
//!
//! [retry]
//! crashed = 3
//! ```

use std::fs;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::live::output::Speaks;
use crate::permissions::PermissionsTable;
use crate::retry::RetryTable;

/// The prompt of every turn of a loop but the first, unless the file has another.
const CONTINUATION: &str = "Continue the task. Read the tracker at {tracker} for current progress.";

/// A workflow file. A key that it does not know is an error: most often it is misspelt.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct WorkflowFile {
    /// The workflow's name.
    pub name: String,
    /// The prompt of the first turn. `{input}` is what the person asks for, `{tracker}` the path
    /// of the tracker, `{session}` the session, `{iteration}` the turn, counted from 1.
    pub prompt: String,
    /// How it is looped, if it is.
    pub r#loop: Option<Loop>,
    /// What is to be known of the agent.
    #[serde(default)]
    pub agent: Agent,
    /// What the agent may and may not do without a person being asked.
    #[serde(default)]
    pub permissions: PermissionsTable,
    /// Which turns are run again.
    #[serde(default)]
    pub retry: RetryTable,
}

/// The table `[loop]`.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[serde(deny_unknown_fields)]
pub struct Loop {
    /// Whether it is looped; yes, unless it says no.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The most turns.
    pub max_iterations: NonZeroU32,
    /// Where the tracker is, from the folder that the agent works in; `.athena/{session}/tracker.md`
    /// unless set.
    pub tracker_path: Option<String>,
    /// The prompt of every turn but the first.
    #[serde(default = "continuation")]
    pub prompt: String,
}

/// The table `[agent]`.
#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default, Debug)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// What its standard output is.
    #[serde(default)]
    pub speaks: Speaks,
}

/// What a prompt can speak of.
#[derive(Clone, Copy, Debug)]
pub struct Placeholders<'a> {
    /// What the person asks for.
    pub input: &'a str,
    /// The path of the tracker; empty if there is none.
    pub tracker: &'a str,
    /// The session.
    pub session: &'a str,
    /// The turn, counted from 1.
    pub iteration: u32,
}

/// Why there is no workflow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkflowFileError {
    /// The file cannot be read.
    #[error("{}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no workflow: the source names line and column.
    #[error("{} is no workflow", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<toml::de::Error>,
    },
}

impl WorkflowFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`WorkflowFileError`] if it cannot be read, or is no workflow.
    pub fn read(path: &Path) -> Result<Self, WorkflowFileError> {
        let text = fs::read_to_string(path)
            .map_err(|source| WorkflowFileError::Read { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| WorkflowFileError::Form {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// How it is looped; `None` if it is not.
    #[must_use]
    pub fn looped(&self) -> Option<&Loop> {
        self.r#loop.as_ref().filter(|looped| looped.enabled)
    }

    /// Whether the prompt of a turn speaks of what the person asks for, or that of any turn after it.
    #[must_use]
    pub fn wants_input(&self, turn: u32) -> bool {
        let later = self.looped().map(|looped| &looped.prompt);
        let this = Some(&self.prompt).filter(|_| turn <= 1 || later.is_none());
        [this, later].into_iter().flatten().any(|prompt| prompt.contains("{input}"))
    }

    /// The prompt of a turn.
    #[must_use]
    pub fn prompt_of(&self, turn: Placeholders<'_>) -> String {
        match self.looped() {
            Some(looped) if turn.iteration > 1 => fill(&looped.prompt, turn),
            _ => fill(&self.prompt, turn),
        }
    }
}

/// A template with its placeholders filled. What is filled in is not looked at again, and braces
/// that name no placeholder stay.
fn fill(template: &str, turn: Placeholders<'_>) -> String {
    let iteration = turn.iteration.to_string();
    let values = [
        ("{input}", turn.input),
        ("{tracker}", turn.tracker),
        ("{session}", turn.session),
        ("{iteration}", iteration.as_str()),
    ];
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, brace)) = rest.find('{').and_then(|at| rest.split_at_checked(at)) {
        filled.push_str(before);
        let named = values
            .iter()
            .find_map(|(name, value)| brace.strip_prefix(name).map(|behind| (*value, behind)));
        let (text, behind) = named.unwrap_or_else(|| brace.split_at(1));
        filled.push_str(text);
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

const fn yes() -> bool {
    true
}

fn continuation() -> String {
    CONTINUATION.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<WorkflowFile, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn prompts_are_filled_once() {
        let file = parsed("name = 'x'\nprompt = '{input} of {\"a\": {session}} {'").unwrap();
        let turn = Placeholders { input: "{tracker}", tracker: "t.md", session: "s", iteration: 1 };
        assert_eq!(file.prompt_of(turn), "{tracker} of {\"a\": s} {");
    }

    #[test]
    fn the_first_turn_has_a_prompt_of_its_own() {
        let text = "name = 'x'\nprompt = '{input}'\n[loop]\nmax_iterations = 3";
        let file = parsed(text).unwrap();
        let turn =
            |iteration| Placeholders { input: "go", tracker: "t.md", session: "s", iteration };
        assert_eq!(file.prompt_of(turn(1)), "go");
        let second = "Continue the task. Read the tracker at t.md for current progress.";
        assert_eq!(file.prompt_of(turn(2)), second);
        let once = parsed(&text.replace("[loop]", "[loop]\nenabled = false")).unwrap();
        assert_eq!(once.looped(), None);
        assert_eq!(once.prompt_of(turn(2)), "go");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let unknown = parsed("name = 'x'\nprompt = 'y'\n[loop]\nmax_iteration = 3").unwrap_err();
        assert!(unknown.contains("line 4, column 1"), "{unknown}");
        assert!(unknown.contains("unknown field `max_iteration`"), "{unknown}");
        let zero = parsed("name = 'x'\nprompt = 'y'\n[loop]\nmax_iterations = 0").unwrap_err();
        assert!(zero.contains("line 4, column 18") && zero.contains("nonzero"), "{zero}");
        let nameless = parsed("prompt = 'y'").unwrap_err();
        assert!(nameless.contains("missing field `name`"), "{nameless}");
    }
}
