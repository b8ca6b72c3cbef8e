//! The command line that all programs have.

use std::path::PathBuf;
use std::str::FromStr;

use crate::jobs::perform;
use crate::{Failure, Grouping, System};

/// What is to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Makes the log that is read; not timed.
    Fill,
    /// `append-N`: one event a commit by so many writers; threads up to 8, else tasks.
    Append { writers: u32 },
    /// 1,000 events a commit.
    Bulk,
    /// `load-N`: streams of so many events, spread over the whole log; `load-1000-together`: such that
    /// stand together in it.
    Load { length: u64, together: bool },
    /// All events in order.
    Scan,
    /// `catch-up`, `catch-up-streams`: a projection with a row for each region, or for each stream; with
    /// `-tables`, into SQL tables.
    CatchUp { by: Grouping, in_tables: bool },
    /// The rows of a projection once more, beside those that there are.
    Rebuild,
}

impl FromStr for Job {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let unknown = |_| format!("`{name}` is not a job");
        let catch_up = |by, in_tables| Self::CatchUp { by, in_tables };
        match (name, name.split_once('-')) {
            ("fill", _) => Ok(Self::Fill),
            ("bulk", _) => Ok(Self::Bulk),
            ("scan", _) => Ok(Self::Scan),
            ("catch-up", _) => Ok(catch_up(Grouping::Region, false)),
            ("catch-up-tables", _) => Ok(catch_up(Grouping::Region, true)),
            ("catch-up-streams", _) => Ok(catch_up(Grouping::Stream, false)),
            ("catch-up-streams-tables", _) => Ok(catch_up(Grouping::Stream, true)),
            ("rebuild", _) => Ok(Self::Rebuild),
            (_, Some(("append", n))) => Ok(Self::Append { writers: n.parse().map_err(unknown)? }),
            ("load-1000-together", _) => Ok(Self::Load { length: 1_000, together: true }),
            (_, Some(("load", n))) => {
                Ok(Self::Load { length: n.parse().map_err(unknown)?, together: false })
            }
            _ => Err(format!("`{name}` is not a job")),
        }
    }
}

/// What an acknowledged commit has outlived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The power going: an fsync for every commit, or for a group of them.
    Full,
    /// What the system does unless told otherwise.
    Default,
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "full" => Ok(Self::Full),
            "default" => Ok(Self::Default),
            _ => Err(format!("the durability is `full` or `default`, not `{name}`")),
        }
    }
}

pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) job: Job,
    pub(crate) folder: PathBuf,
    pub(crate) events: u64,
    pub(crate) durability: Durability,
}

impl Command {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let name = arguments.next().ok_or("which job?")?;
        let mut command = Self {
            job: name.parse()?,
            name,
            folder: PathBuf::new(),
            events: 100_000,
            durability: Durability::Full,
        };
        while let Some(option) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("`{option}` has no value"))?;
            match option.as_str() {
                "--folder" => command.folder = value.into(),
                "--events" => command.events = value.parse()?,
                "--durability" => command.durability = value.parse()?,
                _ => return Err(format!("`{option}` is not an option").into()),
            }
        }
        if command.folder.as_os_str().is_empty() {
            return Err("in which `--folder`?".into());
        }
        Ok(command)
    }
}

/// Does what the command line asks of a system, and prints the outcome.
pub fn run<S: System>() -> Result<(), Failure> {
    let command = Command::parse(std::env::args().skip(1))?;
    std::fs::create_dir_all(&command.folder)?;
    println!("{}", serde_json::to_string(&perform::<S>(&command)?)?);
    Ok(())
}
