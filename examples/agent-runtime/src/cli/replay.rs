//! `replay`: a recorded session from a file or from standard input.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use agent_runtime::replay::{Replay, SessionSearch, Taken};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, ReplayArguments};

pub(super) fn replay(arguments: &ReplayArguments) -> Result<(), Failure> {
    let mut recording = Recording::open(&arguments.recording)?;
    let session = match &arguments.session {
        Some(session) => session.clone(),
        None => recording.session()?,
    };
    let store = agent_runtime::store_options().open(&arguments.db)?;
    let bus = agent_runtime::bus(Arc::new(store))?;
    let mut replay = Replay::open(bus, session.clone())?;
    let (mut before, mut now) = (0_u64, 0_u64);
    while arguments.stop_after.is_none_or(|last| before + now < last) {
        let Some(line) = recording.next_line()? else {
            replay.end().map_err(|error| recording.located(error))?;
            recording.progress.finish_and_clear();
            let mut out = io::stdout().lock();
            writeln!(out, "session {session}: {now} lines taken, {before} were there before")?;
            return Ok(());
        };
        if arguments.pace > 0 {
            std::thread::sleep(Duration::from_millis(arguments.pace));
        }
        match replay.line(&line).map_err(|error| recording.located(error))? {
            Taken::Before => before += 1,
            Taken::Now => now += 1,
        }
    }
    // No clean-up: as if the power went.
    std::process::exit(0);
}

/// The lines of a recording.
struct Recording {
    name: String,
    source: Box<dyn BufRead>,
    /// Lines that were read ahead, in search of the session; the first one is the next.
    ahead: std::collections::VecDeque<Vec<u8>>,
    line: u64,
    progress: ProgressBar,
}

impl Recording {
    fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let (name, source, size): (_, Box<dyn BufRead>, _) = if path == Path::new("-") {
            ("standard input".to_owned(), Box::new(io::stdin().lock()), None)
        } else {
            let opened = File::open(path).and_then(|file| {
                let metadata = file.metadata()?;
                if metadata.is_dir() {
                    return Err(io::Error::from(io::ErrorKind::IsADirectory));
                }
                Ok((file, metadata.len()))
            });
            let (file, size) = opened.map_err(|error| Located::new(&name, None, error))?;
            (name, Box::new(BufReader::new(file)), Some(size))
        };
        Ok(Self { name, source, ahead: [].into(), line: 0, progress: progress(size) })
    }

    /// The session that the recording names, reading ahead until it does.
    fn session(&mut self) -> Result<String, Failure> {
        let mut search = SessionSearch::default();
        while let Some(line) = self.read()? {
            let found = search.look(&line);
            self.ahead.push_back(line);
            if let Some(session) = found {
                return Ok(session);
            }
        }
        if self.ahead.is_empty() {
            let reason = "the recording is empty; it has a JSON object a line";
            return Err(Located::new(&self.name, None, Plain(reason)).into());
        }
        if let Some(session) = search.without_workflow() {
            return Ok(session);
        }
        // Nothing in it names a session: most often since the first line is broken.
        let first = self.ahead.front().map(Vec::as_slice).unwrap_or_default();
        if let Err(error) = agent_runtime::recording::Line::parse(first) {
            return Err(Located::new(&self.name, Some(1), error).into());
        }
        let reason = "the recording names no session; say which with --session";
        Err(Located::new(&self.name, None, Plain(reason)).into())
    }

    /// The next line, without its line feed.
    fn next_line(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let line = match self.ahead.pop_front() {
            Some(line) => Some(line),
            None => self.read()?,
        };
        if let Some(line) = &line {
            self.line += 1;
            self.progress.inc(u64::try_from(line.len()).unwrap_or(0) + 1);
        }
        Ok(line)
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut line = Vec::new();
        let read = self.source.read_until(b'\n', &mut line);
        let read = read.map_err(|error| {
            let ahead = u64::try_from(self.ahead.len()).unwrap_or(u64::MAX);
            let next = self.line.saturating_add(ahead).saturating_add(1);
            Located::new(&self.name, Some(next), error)
        });
        if read? == 0 {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Ok(Some(line))
    }

    fn located(&self, error: impl Error + 'static) -> Located {
        self.progress.finish_and_clear();
        Located::new(&self.name, Some(self.line), error)
    }
}

/// Bytes of a file, or lines of what has no size; shown on a terminal only.
fn progress(size: Option<u64>) -> ProgressBar {
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{wide_bar} {bytes} of {total_bytes}, {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// An error and where in the recording it is.
#[derive(Debug)]
struct Located {
    place: String,
    source: Box<dyn Error + 'static>,
}

impl Located {
    fn new(name: &str, line: Option<u64>, source: impl Error + 'static) -> Self {
        let place = line.map_or_else(|| name.to_owned(), |line| format!("{name}:{line}"));
        Self { place, source: Box::new(source) }
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)
    }
}

impl Error for Located {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// A reason in words.
#[derive(Debug)]
struct Plain(&'static str);

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Plain {}
