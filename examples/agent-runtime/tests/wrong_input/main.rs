//! Wrong input ends in a message that says where, and leaves everything as it was.

#![cfg(test)]

mod databases;
mod recordings;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use serde_json::Value;
use support::{Recording, open, replay, run, story};
use tempfile::TempDir;
use vitae::MemoryStore;

/// A folder to work in.
struct Bed(TempDir);

impl Bed {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn db(&self) -> PathBuf {
        self.path("db")
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn replay(&self, recording: &Path) -> Output {
        run(["replay".as_ref(), recording, "--db".as_ref(), &self.db()])
    }

    /// A recording with a wrong line after some right ones.
    fn refuses(&self, recording: &Recording, after: usize, line: &[u8], says: &str) {
        let mut lines = recording.lines.clone();
        lines.insert(after, line.to_vec());
        let file = self.file("recording.jsonl", &lines.join(&b'\n'));
        let place = format!("error: {}:{}: ", file.display(), after + 1);
        let unwrong = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
        recording.replay(&unwrong, after);
        for _ in 0..2 {
            refused(&self.replay(&file), &[&place, says]);
            assert_eq!(story(&open(&self.db())), story(&unwrong), "{says}");
        }
        // Without the wrong line, it goes on from there.
        replay(&recording.path, &self.db(), &[]);
        recording.check_end(&open(&self.db()));
    }
}

/// The program has failed, has said why, and nothing else.
fn refused(output: &Output, says: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{says:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert!(error.starts_with("error: ") && error.lines().count() == 1, "{error}");
    for says in says {
        assert!(error.contains(says), "`{error}` does not say `{says}`");
    }
}

/// What every command that needs a database says to one.
fn every_command(recording: &Recording, db: &Path) -> Vec<Output> {
    let mut outputs = every_listing(db);
    let arguments = ["replay".as_ref(), recording.path.as_path()];
    outputs.push(run(arguments.into_iter().chain(["--db".as_ref(), db])));
    outputs
}

/// What every command that needs a database that is there says to one.
fn every_listing(db: &Path) -> Vec<Output> {
    let commands = ["workflows", "runs", "feed", "log", "rebuild"].map(|command| vec![command]);
    let request = [vec!["context", "hook-22"], vec!["answer", "hook-22", "--allow"]];
    let commands = commands.into_iter().chain(request);
    commands
        .map(|command| {
            let arguments = command.into_iter().map(Path::new);
            run(arguments.chain(["--db".as_ref(), db]))
        })
        .collect()
}

/// Lines that are a JSON object each.
fn objects(text: &str) -> Vec<Value> {
    let lines = text.lines();
    let objects: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(objects.iter().all(Value::is_object));
    objects
}
