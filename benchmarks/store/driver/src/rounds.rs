//! The rounds: in each, every job is done by every system, in an order that moves on.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use store_jobs::Outcome;

use crate::build::Programs;
use crate::job::{Job, Kind};
use crate::options::Options;
use crate::system::System;

/// What a figure is of: the places of job and system in the order asked for, and the durability.
pub type Of = (usize, usize, &'static str);

/// How the reason begins where a job went wrong.
const FAILED: &str = "FAILED";

/// For each round, what the program said.
pub type Figures = BTreeMap<Of, Vec<Outcome>>;

pub fn run(options: &Options, programs: &Programs) -> Result<Figures, Box<dyn Error>> {
    let runner = Runner { options, programs };
    runner.fill()?;
    let mut figures = Figures::new();
    for round in 0..options.rounds {
        for (place, job) in options.jobs.iter().enumerate() {
            for turn in 0..options.systems.len() {
                // Each begins a round equally often.
                let index = (turn + round) % options.systems.len();
                let system = options.systems[index];
                for durability in durabilities(job, system) {
                    eprintln!("round {}: {} {} {durability}", round + 1, job.name, system.name);
                    let outcome = runner
                        .measure(job, system, durability)
                        .unwrap_or_else(|error| failed(job, system, durability, &*error));
                    figures.entry((place, index, durability)).or_default().push(outcome);
                }
            }
        }
    }
    Ok(figures)
}

/// A job that went wrong stands in the table, and the others go on.
fn failed(job: &Job, system: &System, durability: &str, error: &dyn Error) -> Outcome {
    eprintln!("{error}");
    Outcome {
        job: job.name.to_owned(),
        system: system.name.to_owned(),
        durability: durability.to_owned(),
        value: None,
        unit: String::new(),
        events: 0,
        peak_memory_bytes: 0,
        disk_bytes: 0,
        unsupported: Some(format!("{FAILED}: {error}")),
    }
}

/// How often a job went wrong.
pub fn failures(figures: &Figures) -> usize {
    let said = figures.values().flatten().filter_map(|outcome| outcome.unsupported.as_ref());
    said.filter(|said| said.starts_with(FAILED)).count()
}

/// Those that make a difference: reading is not durable.
fn durabilities(job: &Job, system: &System) -> Vec<&'static str> {
    match job.kind {
        Kind::Write if system.default_differs => vec!["full", "default"],
        Kind::Write | Kind::Read | Kind::Filled => vec!["full"],
    }
}

struct Runner<'a> {
    options: &'a Options,
    programs: &'a Programs,
}

impl Runner<'_> {
    /// Makes the logs that are read, once for all rounds.
    fn fill(&self) -> Result<(), Box<dyn Error>> {
        let Some(job) = self.options.jobs.iter().find(|job| job.kind != Kind::Write) else {
            return Ok(());
        };
        for system in &self.options.systems {
            let folder = self.filled(job, system);
            if self.options.keep && said(&folder).exists() {
                continue;
            }
            eprintln!("filling the log of {}", system.name);
            empty(&folder)?;
            let outcome = self.program("fill", job, system, "full", &folder)?;
            fs::write(said(&folder), serde_json::to_vec(&outcome)?)?;
        }
        Ok(())
    }

    fn measure(
        &self,
        job: &Job,
        system: &System,
        durability: &str,
    ) -> Result<Outcome, Box<dyn Error>> {
        match job.kind {
            Kind::Read => {
                self.program(job.name, job, system, durability, &self.filled(job, system))
            }
            Kind::Filled => {
                let said = fs::read(said(&self.filled(job, system)))?;
                let filled: Outcome = serde_json::from_slice(&said)?;
                let value = filled.disk_bytes as f64 / filled.events as f64;
                Ok(Outcome { value: Some(value), unit: "bytes/event".to_owned(), ..filled })
            }
            Kind::Write => {
                let folder = self.options.folder.join("written");
                empty(&folder)?;
                let outcome = self.program(job.name, job, system, durability, &folder)?;
                fs::remove_dir_all(&folder)?;
                Ok(outcome)
            }
        }
    }

    fn filled(&self, job: &Job, system: &System) -> PathBuf {
        let events = job.events(system.is_peer(), self.options.scale);
        self.options.folder.join(format!("{}-{events}", system.name))
    }

    fn program(
        &self,
        name: &str,
        job: &Job,
        system: &System,
        durability: &str,
        folder: &Path,
    ) -> Result<Outcome, Box<dyn Error>> {
        let (program, arguments) = self.programs[system.name].split_first().ok_or("no program")?;
        let events = job.events(system.is_peer(), self.options.scale);
        let output = Command::new(program)
            .args(arguments)
            .arg(name)
            .arg("--folder")
            .arg(folder)
            .args(["--events", &events.to_string(), "--durability", durability])
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("{name} by {}: {}", system.name, output.status).into());
        }
        let said = String::from_utf8(output.stdout)?;
        let line = said.lines().last().ok_or_else(|| format!("{} said nothing", system.name))?;
        Ok(serde_json::from_str(line)?)
    }
}

/// Beside the folder of a log that was filled: what the program has said of it.
fn said(folder: &Path) -> PathBuf {
    folder.with_extension("json")
}

fn empty(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}
