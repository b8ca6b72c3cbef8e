//! What is to be measured.

use std::error::Error;
use std::path::PathBuf;

use crate::job::{JOBS, Job};
use crate::system::{SYSTEMS, System};

pub struct Options {
    pub jobs: Vec<&'static Job>,
    pub systems: Vec<&'static System>,
    pub rounds: usize,
    /// All numbers of events are multiplied by it.
    pub scale: f64,
    /// Where the stores lie: on the disk that is to be measured.
    pub folder: PathBuf,
    /// Where the lines of JSON go: unless said, `figures.jsonl` in the folder.
    pub json: PathBuf,
    /// Whether logs that were filled by an earlier run are read again.
    pub keep: bool,
}

impl Options {
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut options = Self {
            jobs: JOBS.iter().collect(),
            systems: SYSTEMS.iter().collect(),
            rounds: 5,
            scale: 1.0,
            folder: std::env::current_exe()?.with_file_name("store-files"),
            json: PathBuf::new(),
            keep: false,
        };
        while let Some(option) = arguments.next() {
            if option == "--keep" {
                options.keep = true;
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("`{option}` has no value"))?;
            match option.as_str() {
                "--jobs" => options.jobs = chosen(&value, &JOBS, |job| job.name)?,
                "--systems" => options.systems = chosen(&value, &SYSTEMS, |it| it.name)?,
                "--rounds" => options.rounds = value.parse()?,
                "--scale" => options.scale = value.parse()?,
                "--folder" => options.folder = value.into(),
                "--json" => options.json = value.into(),
                _ => return Err(format!("`{option}` is not an option").into()),
            }
        }
        std::fs::create_dir_all(&options.folder)?;
        if options.json.as_os_str().is_empty() {
            options.json = options.folder.join("figures.jsonl");
        }
        Ok(options)
    }
}

fn chosen<T>(
    names: &str,
    all: &'static [T],
    name: fn(&T) -> &'static str,
) -> Result<Vec<&'static T>, String> {
    let known = || all.iter().map(name).collect::<Vec<_>>().join(", ");
    let find = |wanted: &str| {
        let found = all.iter().find(|it| name(it) == wanted);
        found.ok_or_else(|| format!("`{wanted}` is none of {}", known()))
    };
    names.split(',').map(find).collect()
}
