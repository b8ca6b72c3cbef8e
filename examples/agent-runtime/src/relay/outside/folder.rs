//! A folder of files: for scripts, and for people without a terminal.
//!
//! ```text
//! requests/ID.json   what waits; it appears whole, and goes when it is over
//! answers/ID.json    an answer; it is taken and removed
//! refused/ID.json    an answer that could not be taken, with the reason in ID.json.reason
//! ```
//! An answer must appear whole too: write it beside the folder, or under a name that begins with a
//! dot, and rename it. One folder is for one session.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use super::words;
use super::{Channel, Said};
use crate::projections::pending::PendingRow;
use crate::supervisor::SuperviseError;

/// The folder.
pub struct Folder {
    requests: PathBuf,
    answers: PathBuf,
    refused: PathBuf,
}

impl Folder {
    /// Opens a folder; what is missing of it is made.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let [requests, answers, refused] =
            ["requests", "answers", "refused"].map(|name| folder.join(name));
        for folder in [&requests, &answers, &refused] {
            fs::create_dir_all(folder)?;
        }
        Ok(Self { requests, answers, refused })
    }

    /// Reads an answer, or says what is wrong with it.
    fn read(&self, request: &str) -> Result<Said, String> {
        let path = self.answers.join(file_name(request));
        // A link would be followed, and whoever opens a pipe waits for its writer.
        if !fs::symlink_metadata(&path).is_ok_and(|entry| entry.is_file()) {
            return Err("it is no file".to_owned());
        }
        let mut json = Vec::new();
        let most = u64::try_from(words::MAX_ANSWER).unwrap_or(u64::MAX).saturating_add(1);
        let read = File::open(&path).and_then(|file| file.take(most).read_to_end(&mut json));
        read.map_err(|error| format!("it cannot be read: {error}"))?;
        if json.len() > words::MAX_ANSWER {
            return Err(format!("it has more than {} bytes", words::MAX_ANSWER));
        }
        let reply = words::reply(&json).map_err(|error| format!("it is no answer: {error}"))?;
        Ok(Said { request: request.to_owned(), reply })
    }

    /// Sets an answer aside, with the reason beside it.
    fn refuse(&self, name: &str, reason: &str) -> io::Result<()> {
        fs::rename(self.answers.join(name), self.refused.join(name))?;
        fs::write(self.refused.join(format!("{name}.reason")), format!("{reason}\n"))
    }
}

impl Channel for Folder {
    fn name(&self) -> &str {
        "folder"
    }

    fn shows(&self) -> io::Result<Vec<String>> {
        Ok(names_in(&self.requests)?.iter().filter_map(|name| request_of(name)).collect())
    }

    fn offer(&mut self, row: &PendingRow) -> io::Result<()> {
        let name = file_name(&row.request);
        let unfinished = self.requests.join(format!(".{name}"));
        let mut file = File::create(&unfinished)?;
        writeln!(file, "{:#}", words::shown(row))?;
        drop(file);
        fs::rename(unfinished, self.requests.join(name))
    }

    fn withdraw(&mut self, request: &str, _: &str) -> io::Result<()> {
        unless_gone(fs::remove_file(self.requests.join(file_name(request))))
    }

    fn hear(&mut self) -> io::Result<Vec<Said>> {
        let (mut heard, mut refused) = (Vec::new(), Ok(()));
        for name in names_in(&self.answers)? {
            let no_name = || "its name is that of no request, with `.json` behind it".to_owned();
            match request_of(&name).ok_or_else(no_name).and_then(|request| self.read(&request)) {
                Ok(said) => heard.push(said),
                Err(reason) => refused = self.refuse(&name, &reason).and(refused),
            }
        }
        // What cannot be set aside stays, and is told once it is all there is: it keeps no answer away.
        if heard.is_empty() { refused.map(|()| heard) } else { Ok(heard) }
    }

    fn conclude(&mut self, said: &Said, outcome: Result<(), &SuperviseError>) -> io::Result<()> {
        let name = file_name(&said.request);
        match outcome {
            // If this comes too late for a crash, it is heard again: the same answer on one channel
            // is the one that was given.
            Ok(()) => unless_gone(fs::remove_file(self.answers.join(name))),
            Err(error) => self.refuse(&name, &error.to_string()),
        }
    }
}

fn unless_gone(removed: io::Result<()>) -> io::Result<()> {
    removed.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// The names in a folder, in their order, but for those that are being written.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        // What is no text is no name of ours, and stays.
        let name = entry?.file_name().into_string().ok();
        names.extend(name.filter(|name| !name.starts_with('.')));
    }
    names.sort();
    Ok(names)
}

/// A request's file name. An id may hold anything: what could lead out of the folder, or hide a file,
/// is written as `%` and its bytes.
fn file_name(request: &str) -> String {
    let mut name = String::new();
    for (at, byte) in request.bytes().enumerate() {
        match byte {
            b'.' if at == 0 => name.push_str("%2E"),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                name.push(char::from(byte));
            }
            // Writing to a `String` cannot fail.
            _ => {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    name + ".json"
}

/// The request that a file is about; `None` if the name is not as [`file_name`] makes it.
fn request_of(name: &str) -> Option<String> {
    let mut rest = name.strip_suffix(".json")?.bytes();
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    let request = String::from_utf8(bytes).ok()?;
    (file_name(&request) == name).then_some(request)
}
