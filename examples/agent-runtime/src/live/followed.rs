//! An agent's output, line by line, while it runs and a little longer.
//!
//! Owns when an output is over: at its end, or soon after the agent's, for a process that the agent
//! left behind may hold it open for ever. Never looks at what a line says.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::lines::{Line, next_line};
use super::protocol::LONGEST_LINE;

/// How long output is waited for after the agent has ended.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// How often it is looked whether the agent has ended, while it says nothing.
const GLANCE: Duration = Duration::from_millis(100);

/// How many lines are read before those before them were taken.
const LINES_AHEAD: usize = 1_024;

/// The lines of an output.
pub(crate) struct Output<'a> {
    lines: Receiver<String>,
    /// When the agent has ended.
    ended: &'a OnceLock<Instant>,
}

impl<'a> Output<'a> {
    /// Follows an output, and copies it into a file. Without a thread or a file there is none.
    pub(crate) fn follow(
        output: Option<impl Read + Send + 'static>,
        copy: PathBuf,
        ended: &'a OnceLock<Instant>,
    ) -> Self {
        let (hand_on, lines) = sync_channel(LINES_AHEAD);
        if let Some(output) = output {
            let _ = thread::Builder::new().spawn(move || read(output, &copy, &hand_on));
        }
        Self { lines, ended }
    }
}

impl Iterator for Output<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            // Looked at before: what comes while the agent ends is not the last of it.
            let ended = self.ended.get();
            let wait = match ended {
                Some(at) => (*at + LAST_OUTPUT).saturating_duration_since(Instant::now()),
                None => GLANCE,
            };
            match self.lines.recv_timeout(wait) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Timeout) if ended.is_none() => {}
                Err(_) => return None,
            }
        }
    }
}

fn read(output: impl Read, copy: &Path, hand_on: &SyncSender<String>) {
    let Ok(mut copy) = File::create(copy) else { return };
    let mut reader = BufReader::new(output);
    while let Ok(line) = next_line(&mut reader, LONGEST_LINE) {
        let mut line = match line {
            Line::End => return,
            Line::TooLong => continue,
            Line::Whole(line) => line,
        };
        let text = String::from_utf8_lossy(&line).into_owned();
        line.push(b'\n');
        let _ = copy.write_all(&line);
        if hand_on.send(text).is_err() {
            return;
        }
    }
}
