//! The keeper of one turn's agent: a small process of its own between supervisor and agent.
//!
//! It starts the agent, listens to its output, and leaves in the turn's folder how it ended. So a
//! turn outlives its supervisor, and the one that comes next finds what became of it. It never sees
//! the log.
//!
//! | file | what it says |
//! |---|---|
//! | `prompt` | what the agent is given on standard input; locked while keeper or agent live |
//! | `keeper.lock` | locked while the keeper lives |
//! | `started` | an agent was started, or is about to be; then its process id |
//! | `out`, `err` | what the agent wrote |
//! | `report.json` | how it ended; appears whole or not at all |

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use vitae::{Clock, SystemClock};

use super::client::{Client, ClientError};
use super::followed::Output;
use super::output::{Account, SaidHook, Speaks};
use super::places::{PlaceError, write_whole};
use super::protocol::hook_line;
use crate::json::without_half_characters;
use crate::workflow::{Exit, Tokens};

/// The files of a turn's folder.
pub(crate) const PROMPT: &str = "prompt";
pub(crate) const LOCK: &str = "keeper.lock";
pub(crate) const STARTED: &str = "started";
pub(crate) const REPORT: &str = "report.json";
pub(crate) const STDERR: &str = "err";
pub(crate) const STDOUT: &str = "out";

/// What stands in a command for the prompt, of an agent that does not read standard input.
pub const PROMPT_ARGUMENT: &str = "{prompt}";

/// How a turn ended.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Default, Debug)]
pub struct Report {
    /// How the agent process ended.
    pub exit: Exit,
    /// What it used.
    pub tokens: Tokens,
    /// How many tools it used, if its output says that.
    pub tool_uses: Option<u64>,
    /// Whether hooks stand in its output that no supervisor was told of.
    #[serde(default)]
    pub untold: bool,
}

/// What a keeper is to do.
#[derive(Debug)]
pub struct Errand<'a> {
    /// The turn's folder.
    pub folder: &'a Path,
    /// What the agent's standard output is.
    pub speaks: Speaks,
    /// The agent.
    pub command: &'a [OsString],
    /// Where hooks go that the agent does not call itself.
    pub client: Option<Client>,
}

impl Errand<'_> {
    /// Keeps the turn's agent from start to end. Does nothing if another keeper does, or did.
    /// `ready` is called once no other one can.
    ///
    /// # Errors
    /// [`PlaceError`] if the folder cannot be used.
    pub fn keep(&self, ready: impl FnOnce()) -> Result<(), PlaceError> {
        let Some(_lock) = self.take()? else {
            return Ok(());
        };
        ready();
        let report = match self.start() {
            Ok(agent) => self.attend(agent),
            Err(error) => {
                Report { exit: Exit { error: Some(error), ..Exit::default() }, ..Report::default() }
            }
        };
        let json =
            serde_json::to_vec(&report).map_err(|error| self.trouble(REPORT, error.into()))?;
        write_whole(&self.folder.join(REPORT), &json)
    }

    /// Takes the turn, unless it is taken.
    fn take(&self) -> Result<Option<File>, PlaceError> {
        let lock =
            File::create(self.folder.join(LOCK)).map_err(|error| self.trouble(LOCK, error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(self.trouble(LOCK, error)),
        }
        // From here on this turn's agent is never started again, whatever happens.
        match OpenOptions::new().write(true).create_new(true).open(self.folder.join(STARTED)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(error) => Err(self.trouble(STARTED, error)),
            Ok(_) => Ok(Some(lock)),
        }
    }

    fn start(&self) -> Result<Child, String> {
        let prompt = self.folder.join(PROMPT);
        let text = fs::read_to_string(&prompt).map_err(|error| format!("no prompt: {error}"))?;
        let Some((program, arguments)) = self.command.split_first() else {
            return Err("no command was given for the agent".to_owned());
        };
        let spawned = File::open(&prompt).and_then(|prompt| {
            // The agent's standard input is this very file: the lock lasts as long as either.
            prompt.lock()?;
            let argument = |argument: &OsString| match argument.to_str() {
                Some(argument) => OsString::from(argument.replace(PROMPT_ARGUMENT, &text)),
                None => argument.clone(),
            };
            let mut command = Command::new(program);
            command.args(arguments.iter().map(argument)).stdin(prompt);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
        });
        let agent =
            spawned.map_err(|error| format!("cannot start `{}`: {error}", program.display()))?;
        // For people who want to look at it; nothing depends on it.
        let _ = fs::write(self.folder.join(STARTED), agent.id().to_string());
        Ok(agent)
    }

    /// Listens to an agent until it ends.
    fn attend(&self, mut agent: Child) -> Report {
        let ended = OnceLock::new();
        let out = Output::follow(agent.stdout.take(), self.folder.join(STDOUT), &ended);
        let err = Output::follow(agent.stderr.take(), self.folder.join(STDERR), &ended);
        thread::scope(|scope| {
            let account = scope.spawn(|| self.listen(out));
            let last_line = scope.spawn(|| err.filter(|line| !line.trim().is_empty()).last());
            let (code, error) = how_it_ended(agent.wait());
            let _ = ended.set(Instant::now());
            let (account, untold) = account.join().unwrap_or((Account::default(), true));
            let exit = Exit {
                code,
                error: account.error.or(error),
                stderr: last_line.join().unwrap_or_default().map(|line| line.trim().to_owned()),
                transport: account.transport,
            };
            Report { exit, tokens: account.tokens, tool_uses: account.tool_uses, untold }
        })
    }

    /// Listens to the standard output. Gives whether there are hooks in it that nobody was told of.
    fn listen(&self, output: Output<'_>) -> (Account, bool) {
        let prompt = fs::read_to_string(self.folder.join(PROMPT)).unwrap_or_default();
        let mut listener = self.speaks.listener(name_of(self.folder), prompt);
        let mut untold = false;
        let mut tell = |hooks: Vec<SaidHook>| {
            for hook in hooks {
                // In their order: behind one that nobody was told of, all are left to the next supervisor.
                untold = untold || !self.tell(&hook);
            }
        };
        for line in output {
            tell(listener.line(&without_half_characters(&line)));
        }
        tell(listener.end());
        (listener.account(), untold)
    }

    /// Tells the supervisor of a hook. Gives whether there was one.
    fn tell(&self, hook: &SaidHook) -> bool {
        let line = hook_line(&hook.id, &hook.json, SystemClock.now());
        let (Some(client), Ok(line)) = (&self.client, line) else { return false };
        let said = client.say(&line, Instant::now(), |_| ());
        // What is refused would be another time too.
        !matches!(said, Err(ClientError::NoSupervisor { .. } | ClientError::Gone { .. }))
    }

    fn trouble(&self, name: impl AsRef<OsStr>, source: io::Error) -> PlaceError {
        PlaceError::Io { path: self.folder.join(name.as_ref()), source }
    }
}

/// What tells the hooks of a turn's agent from those of all others.
pub(crate) fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The exit code, or what stands in its place.
fn how_it_ended(status: io::Result<ExitStatus>) -> (Option<i64>, Option<String>) {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => (Some(i64::from(code)), None),
            (None, signal) => {
                (None, Some(format!("Process was killed by signal {}", signal.unwrap_or(0))))
            }
        },
        Err(error) => (None, Some(format!("nobody saw how the process ended: {error}"))),
    }
}
