//! A turn, from its prompt to what its keeper left.
//!
//! Owns that a turn's agent is started once, whatever happened before: a turn that is under way on
//! the log is gone on with, waited for, or taken as lost, as its folder says.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::keeper::{LOCK, PROMPT, REPORT, Report, STARTED, STDERR, STDOUT, name_of};
use super::lines::{Line, next_line};
use super::output::{SaidHook, Speaks};
use super::places::{PlaceError, Places, make_folder, write_whole};
use super::protocol::LONGEST_LINE;
use super::{ITERATION, PROGRAM, SESSION, SOCKET, TOKEN, WORKFLOW};
use crate::json::without_half_characters;
use crate::supervisor::Turn;
use crate::workflow::Exit;

/// How often a keeper is started that comes to nothing.
const TRIES: u32 = 3;

/// The agent that is to play a turn.
#[derive(Clone, Copy, Debug)]
pub struct Agent<'a> {
    /// This program, which is its keeper too.
    pub program: &'a Path,
    /// What its standard output is.
    pub speaks: Speaks,
    /// Its command. `{prompt}` in an argument is the prompt; it stands on standard input anyway.
    pub command: &'a [OsString],
}

/// Why nothing can be said of a turn. It is still under way on the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TurnError {
    /// The turn's folder cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A keeper ended before it had started the agent, again and again.
    #[error("the keeper of the turn in {} ends before it has started the agent", folder.display())]
    Keeper {
        /// The turn's folder.
        folder: PathBuf,
    },
}

impl Agent<'_> {
    /// Plays a turn that is under way on the log, and says how it ended. Waits as long as it takes.
    ///
    /// # Errors
    /// [`TurnError`]; the same again is safe.
    pub fn play(&self, turn: &Turn, places: &Places) -> Result<Report, TurnError> {
        let folder = places.turn(turn.event);
        make_folder(&folder)?;
        let prompt = folder.join(PROMPT);
        if !prompt.exists() {
            write_whole(&prompt, turn.prompt.as_bytes())?;
        }
        for _ in 0..TRIES {
            if let Some(report) = self.ended(&folder)? {
                return Ok(report);
            }
            let keeper = self.start_keeper(&folder, turn, places);
            let mut keeper = keeper.map_err(trouble(&folder))?;
            // It says when it has taken the turn; it ends without a word if it is not needed.
            if let Some(word) = keeper.stdout.take() {
                let _ = BufReader::new(word).read(&mut [0]);
            }
            wait_for(&folder.join(LOCK))?;
            keeper.wait().map_err(trouble(&folder))?;
        }
        self.ended(&folder)?.ok_or(TurnError::Keeper { folder })
    }

    /// Gives the hooks that stand in the output of a turn that has ended: all of them, with the ids by which
    /// those are known that were heard before.
    ///
    /// # Errors
    /// [`PlaceError`] if the turn's folder cannot be read.
    pub fn said(
        &self,
        turn: &Turn,
        places: &Places,
        mut tell: impl FnMut(SaidHook),
    ) -> Result<(), PlaceError> {
        let folder = places.turn(turn.event);
        let path = folder.join(STDOUT);
        let mut out = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            out => BufReader::new(out.map_err(trouble(&path))?),
        };
        let mut listener = self.speaks.listener(name_of(&folder), turn.prompt.clone());
        loop {
            let hooks = match next_line(&mut out, LONGEST_LINE).map_err(trouble(&path))? {
                Line::Whole(line) => {
                    listener.line(&without_half_characters(&String::from_utf8_lossy(&line)))
                }
                Line::TooLong => Vec::new(),
                Line::End => break,
            };
            hooks.into_iter().for_each(&mut tell);
        }
        listener.end().into_iter().for_each(tell);
        Ok(())
    }

    /// How the turn ended, if an agent was started that no keeper keeps.
    fn ended(&self, folder: &Path) -> Result<Option<Report>, TurnError> {
        if !folder.join(STARTED).exists() {
            return Ok(None);
        }
        wait_for(&folder.join(LOCK))?;
        let path = folder.join(REPORT);
        let report: Report = match fs::read(&path) {
            Ok(json) => {
                let read = serde_json::from_slice(&json).map_err(io::Error::from);
                read.map_err(trouble(&path))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The keeper was killed. Nobody sees how the agent ends, but that it does.
                wait_for(&folder.join(PROMPT))?;
                lost(folder)
            }
            Err(error) => return Err(trouble(&path)(error).into()),
        };
        // A report that the log does not take would be read again by everybody who comes.
        Ok(Some(Report { exit: report.exit.cut_short(), ..report }))
    }

    fn start_keeper(
        &self,
        folder: &Path,
        turn: &Turn,
        places: &Places,
    ) -> io::Result<std::process::Child> {
        let mut keeper = Command::new(self.program);
        if let Some(folder) = places.started_in(&turn.workflow) {
            keeper.current_dir(folder);
        }
        keeper
            .arg("keep")
            .arg("--folder")
            .arg(folder)
            .args(["--speaks", self.speaks.as_str(), "--"])
            .args(self.command)
            .env(PROGRAM, self.program)
            .env(SOCKET, places.socket())
            .env(SESSION, places.session())
            .env(WORKFLOW, &turn.workflow)
            .env(ITERATION, turn.iteration.to_string())
            .env_remove(TOKEN)
            // What a person does at the supervisor's terminal is not meant for the agent, and a
            // supervisor's reader is not kept waiting by it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// Waits until nobody holds a file's lock.
fn wait_for(path: &Path) -> Result<(), PlaceError> {
    File::open(path).and_then(|file| file.lock()).map_err(trouble(path))
}

/// What is known of a turn whose keeper was killed.
fn lost(folder: &Path) -> Report {
    let stderr = fs::read(folder.join(STDERR)).unwrap_or_default();
    let stderr = String::from_utf8_lossy(&stderr);
    let last = stderr.lines().map(str::trim).rfind(|line| !line.is_empty());
    let error = "The agent's keeper was killed: nobody saw how the turn ended".to_owned();
    let exit = Exit { error: Some(error), stderr: last.map(str::to_owned), ..Exit::default() };
    Report { exit, untold: true, ..Report::default() }
}

fn trouble(path: &Path) -> impl FnOnce(io::Error) -> PlaceError {
    move |source| PlaceError::Io { path: path.to_owned(), source }
}
