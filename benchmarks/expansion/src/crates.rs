//! The crates that are measured: a generated workspace, and what cargo and rustc say of it.

use std::error::Error;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wait4::Wait4;

use crate::machine::{Events, Machine};
use crate::source::Form;

/// One form of the machine in one size, as a crate.
pub struct Subject {
    pub form: Form,
    pub states: usize,
    name: String,
    events: String,
    source: String,
    written_lines: usize,
}

/// What one check of a crate took.
pub struct Check {
    /// Seconds of CPU time, of cargo and of rustc.
    pub cpu: f64,
    /// Seconds in which rustc expanded macros.
    pub expanding: f64,
}

/// Lines after `rustfmt`.
pub struct Lines {
    pub written: usize,
    pub expanded: usize,
}

pub struct Workspace {
    root: PathBuf,
}

impl Subject {
    pub fn new(form: Form, machine: &Machine) -> Self {
        let source = rustfmt(&form.source(machine)).expect("rustfmt runs");
        Self {
            form,
            states: machine.states,
            name: format!("{}-{}", form.name(), machine.states),
            events: format!("used-{}", machine.states),
            written_lines: source.lines().count(),
            source,
        }
    }
}

impl Workspace {
    pub fn create(events: Events, subjects: &[Subject]) -> Result<Self, Box<dyn Error>> {
        let benchmarks = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
        let root = benchmarks.join("target").join("expansion").join(events.name());
        let mut names: Vec<_> = subjects.iter().map(|subject| &subject.name).collect();
        // Events are measured in one crate and used from another, which nothing touches.
        let used = || subjects.iter().filter(|subject| subject.form == Form::Events);
        names.extend(used().map(|subject| &subject.events));
        fs::create_dir_all(&root)?;
        fs::write(
            root.join("Cargo.toml"),
            format!(
                "[workspace]\nresolver = \"3\"\nmembers = {names:?}\n\
                 [workspace.dependencies]\n\
                 vitae = {{ path = {:?} }}\n\
                 serde = {{ version = \"1\", features = [\"derive\"] }}\n\
                 postcard = {{ version = \"1\", default-features = false, features = [\"alloc\"] }}\n",
                benchmarks.join("../core").canonicalize()?
            ),
        )?;
        // The same versions, and no need of a network.
        fs::copy(benchmarks.join("Cargo.lock"), root.join("Cargo.lock"))?;
        let workspace = Self { root };
        for subject in subjects {
            workspace.write(subject)?;
        }
        for events in used() {
            workspace.write_as(&events.events, events)?;
        }
        Ok(workspace)
    }

    fn write(&self, subject: &Subject) -> Result<(), Box<dyn Error>> {
        self.write_as(&subject.name, subject)
    }

    fn write_as(&self, name: &str, subject: &Subject) -> Result<(), Box<dyn Error>> {
        let folder = self.root.join(name);
        fs::create_dir_all(folder.join("src"))?;
        let uses = match subject.form {
            Form::Events => "serde.workspace = true".to_owned(),
            _ => format!(
                "postcard.workspace = true\n\
                 events = {{ path = \"../{0}\", package = \"{0}\" }}",
                subject.events
            ),
        };
        fs::write(
            folder.join("Cargo.toml"),
            format!(
                "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
                 [dependencies]\nvitae.workspace = true\n{uses}\n"
            ),
        )?;
        Ok(fs::write(folder.join("src/lib.rs"), &subject.source)?)
    }

    /// Checks a crate anew, its dependencies being built.
    pub fn check(&self, subject: &Subject) -> Result<Check, Box<dyn Error>> {
        self.write(subject)?;
        let mut command = self.rustc(subject, &["-Ztime-passes", "-Ztime-passes-format=json"]);
        let (cpu, said) = cpu_time(&mut command)?;
        let expanding =
            said.lines().filter(|line| line.contains("\"macro_expand_crate\"")).find_map(|line| {
                line.split_once("\"time\":")?.1.split([',', '}']).next()?.parse().ok()
            });
        Ok(Check { cpu, expanding: expanding.ok_or("rustc said nothing of macro_expand_crate")? })
    }

    pub fn lines(&self, subject: &Subject) -> Result<Lines, Box<dyn Error>> {
        self.write(subject)?;
        let output = self.rustc(subject, &["-Zunpretty=expanded"]).output()?;
        let expanded = rustfmt(&String::from_utf8(output.stdout)?)?;
        Ok(Lines { written: subject.written_lines, expanded: expanded.lines().count() })
    }

    /// `cargo check` of one crate, with flags of rustc that its stable form has only when it is
    /// told to take itself for another. Not incremental: else nothing would be left to do.
    fn rustc(&self, subject: &Subject, flags: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command
            .current_dir(&self.root)
            .args(["rustc", "--quiet", "--offline", "--profile=check", "-p", &subject.name, "--"])
            .args(flags)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_INCREMENTAL", "0")
            // One for all sets of crates, so that dependencies are built once.
            .env("CARGO_TARGET_DIR", self.root.join("../target"));
        command
    }
}

/// Seconds of CPU time that a command and its children took, and what it said. How many others use
/// the machine has little to do with it, unlike the time that passed.
fn cpu_time(command: &mut Command) -> Result<(f64, String), Box<dyn Error>> {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut said = String::new();
    child.stderr.take().ok_or("a pipe was asked for")?.read_to_string(&mut said)?;
    let used = child.wait4()?;
    if !used.status.success() {
        return Err(said.into());
    }
    Ok(((used.rusage.utime + used.rusage.stime).as_secs_f64(), said))
}

fn rustfmt(source: &str) -> Result<String, Box<dyn Error>> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().ok_or("a pipe was asked for")?;
    let source = source.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(source.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| "writing to rustfmt failed")??;
    if !output.status.success() || output.stdout.is_empty() {
        return Err("rustfmt did not take what it was given".into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Seconds of CPU time that the macro crate takes to build alone, its dependencies being built.
pub fn macro_crate() -> Result<f64, Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = repository.join("benchmarks/target/expansion/macros");
    let cargo = |arguments: &[&str]| -> Result<f64, Box<dyn Error>> {
        let mut command = Command::new("cargo");
        command
            .current_dir(&repository)
            .args(arguments)
            .args(["--quiet", "--locked", "-p", "vitae-macros", "--target-dir"])
            .arg(&target)
            .env("CARGO_INCREMENTAL", "0");
        Ok(cpu_time(&mut command)?.0)
    };
    cargo(&["build"])?;
    cargo(&["clean"])?;
    cargo(&["build"])
}
