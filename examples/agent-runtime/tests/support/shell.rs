//! A workflow whose agent is a shell.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use agent_runtime::projections::workflow_runs::WorkflowRun;

use super::{feed_lines, open, program, workflow_rows};

/// Waits for what another process does.
pub(crate) fn until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !done() {
        assert!(Instant::now() < deadline, "it has not happened");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A folder with a workflow, whose agent is a shell.
pub(crate) struct Shell(tempfile::TempDir);

impl Shell {
    pub(crate) fn new(workflow: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("w.toml"), workflow).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// `run w.toml --db db --id one -- AGENT`, with what it says.
    pub(crate) fn run(&self, agent: &[&str]) -> (Option<i32>, String) {
        self.run_with(&["w.toml", "--db", "db", "--id", "one"], agent)
    }

    pub(crate) fn run_with(&self, arguments: &[&str], agent: &[&str]) -> (Option<i32>, String) {
        let output = self.command(arguments, agent).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    /// `run`, still to be started.
    pub(crate) fn command(&self, arguments: &[&str], agent: &[&str]) -> Command {
        let mut run = self.program(&["run", "--no-terminal"]);
        run.args(arguments).arg("--").args(agent);
        run
    }

    /// The program with these arguments, in this folder.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut program = program();
        program.current_dir(self.0.path()).args(arguments);
        program
    }

    /// How the only workflow ended.
    pub(crate) fn outcome(&self) -> WorkflowRun {
        let mut rows = workflow_rows(&open(&self.path("db")), "main");
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    pub(crate) fn feed(&self) -> Vec<String> {
        let lines = feed_lines(&open(&self.path("db")), "main").into_iter();
        lines.map(|line| line["kind"].as_str().unwrap().to_owned()).collect()
    }
}
