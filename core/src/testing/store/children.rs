//! Other processes on the same log: the test's own program, started again.
//!
//! Owns how they are started, what they tell, and their end. Never leaves one running.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const PLACE: &str = "VITAE_STORE_UNDER_TEST";
const ROLE: &str = "VITAE_STORE_TEST_ROLE";

/// What a line begins with that a process tells, for the test harness writes there too.
const MARK: &str = "vitae: ";

/// Where the log is and what is to be done, if another process has started this one.
pub(super) fn started_as() -> Option<(PathBuf, String)> {
    Some((PathBuf::from(std::env::var_os(PLACE)?), std::env::var(ROLE).ok()?))
}

/// Tells the process that has started this one a number.
pub(super) fn tell(number: u64) {
    let mut out = std::io::stdout().lock();
    // In one piece, and not through `println!`, which the harness may keep to itself.
    out.write_all(format!("\n{MARK}{number}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Processes that this one has started.
pub(super) struct Children {
    children: Vec<Child>,
    lines: Receiver<(usize, String)>,
    /// What else they wrote, to see why one has failed.
    other: String,
    patience: Duration,
}

impl Children {
    pub(super) fn start(test: &str, place: &Path, roles: &[&str], patience: Duration) -> Self {
        let (sender, lines) = channel();
        let mut started = Self { children: Vec::new(), lines, other: String::new(), patience };
        for (index, role) in roles.iter().enumerate() {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args([test, "--exact", "--nocapture"])
                .env(PLACE, place)
                .env(ROLE, role)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            pass_on(index, child.stdout.take().unwrap(), sender.clone());
            pass_on(index, child.stderr.take().unwrap(), sender.clone());
            started.children.push(child);
        }
        started
    }

    /// The next number that one of them tells, and which one. `None` when all have ended.
    pub(super) fn next(&mut self) -> Option<(usize, u64)> {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        loop {
            match self.lines.recv_timeout(self.patience) {
                Ok((index, line)) => match line.strip_prefix(MARK) {
                    Some(number) => return Some((index, number.parse().unwrap())),
                    None => self.other += &format!("process {index}: {line}\n"),
                },
                Err(Disconnected) => return None,
                Err(Timeout) => panic!("the processes tell nothing any more\n{}", self.other),
            }
        }
    }

    /// Ends one as nothing can be kept from being ended.
    pub(super) fn kill(&mut self, index: usize) {
        self.children[index].kill().unwrap();
    }

    /// Waits for all of them. Each must have done what it was started for.
    pub(super) fn finish(mut self) {
        while self.next().is_some() {}
        for child in &mut self.children {
            let status = child.wait().unwrap();
            assert!(status.success(), "a process failed: {status}\n{}", self.other);
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.children {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn pass_on(index: usize, output: impl Read + Send + 'static, lines: Sender<(usize, String)>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Nobody listens any more where a test has failed.
            let _ = lines.send((index, line));
        }
    });
}
