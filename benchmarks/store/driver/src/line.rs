//! What came out of all rounds of one job by one system.

use figures::Samples;
use serde::Serialize;
use store_jobs::{Outcome, plan};

use crate::job::{Job, Kind};
use crate::options::Options;
use crate::rounds::Figures;

/// What the others are held against.
const OURS: &str = "vitae";

/// A line of JSON.
#[derive(Serialize)]
pub struct Line {
    pub job: String,
    pub system: &'static str,
    pub durability: &'static str,
    /// The median over the rounds; `null` if the system has no notion of the job.
    pub value: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub unit: String,
    /// The median of the ratios within the rounds.
    pub ratio_to_vitae: Option<f64>,
    pub ratio_min: Option<f64>,
    pub ratio_max: Option<f64>,
    pub more_is_better: bool,
    pub rounds: usize,
    pub events: u64,
    pub unsupported: Option<String>,
}

/// What is taken from an outcome.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    Value,
    /// The peak of the process.
    Memory,
    /// Bytes an event of what a job has written. Of the log that is read, `disk` tells.
    Disk,
}

impl Line {
    /// Those of all systems.
    pub fn all(
        options: &Options,
        figures: &Figures,
        (place, job): (usize, &Job),
        what: What,
    ) -> Vec<Self> {
        let of = |index: usize| options.systems[index].name;
        let ours = figures.iter().find_map(|((found, index, durability), outcomes)| {
            let same = *found == place && of(*index) == OURS && *durability == "full";
            same.then(|| what.samples(outcomes))?
        });
        let of_job = figures.iter().filter(|((found, ..), _)| *found == place);
        of_job
            .filter(|_| what.is_measured_by(job))
            .filter_map(|((_, index, durability), outcomes)| {
                Some(Self {
                    system: of(*index),
                    durability,
                    ..Self::of(job, what, outcomes, ours.as_ref())?
                })
            })
            .collect()
    }

    fn of(job: &Job, what: What, outcomes: &[Outcome], ours: Option<&Samples>) -> Option<Self> {
        let last = outcomes.last()?;
        let samples = what.samples(outcomes);
        let ratio = samples.as_ref().zip(ours).map(|(samples, ours)| samples.over(ours));
        let (value, min, max) = spread(samples.as_ref());
        let (ratio_to_vitae, ratio_min, ratio_max) = spread(ratio.as_ref());
        Some(Self {
            job: what.name(job),
            system: "",
            durability: "",
            value,
            min,
            max,
            unit: what.unit(last).to_owned(),
            ratio_to_vitae,
            ratio_min,
            ratio_max,
            more_is_better: what == What::Value && job.more_is_better(),
            rounds: outcomes.len(),
            events: last.events,
            unsupported: outcomes.iter().find_map(|outcome| outcome.unsupported.clone()),
        })
    }
}

fn spread(samples: Option<&Samples>) -> (Option<f64>, Option<f64>, Option<f64>) {
    let range = samples.and_then(Samples::range);
    (samples.map(Samples::median), range.map(|range| range.0), range.map(|range| range.1))
}

impl What {
    fn name(self, job: &Job) -> String {
        match self {
            Self::Value => job.name.to_owned(),
            Self::Memory => format!("memory/{}", job.name),
            Self::Disk => format!("disk/{}", job.name),
        }
    }

    fn is_measured_by(self, job: &Job) -> bool {
        match self {
            Self::Value => true,
            Self::Memory => job.kind != Kind::Filled,
            Self::Disk => job.kind == Kind::Write,
        }
    }

    fn unit(self, outcome: &Outcome) -> &str {
        match self {
            Self::Value => &outcome.unit,
            Self::Memory => "MiB",
            Self::Disk => "bytes/event",
        }
    }

    /// `None` if the system has no notion of the job.
    fn samples(self, outcomes: &[Outcome]) -> Option<Samples> {
        outcomes.iter().map(|outcome| self.figure(outcome)).collect()
    }

    fn figure(self, outcome: &Outcome) -> Option<f64> {
        if outcome.unsupported.is_some() {
            return None;
        }
        match self {
            Self::Value => outcome.value,
            Self::Memory => Some(outcome.peak_memory_bytes as f64 / 1_048_576.0),
            // The events that an append job finds are on the disk too.
            Self::Disk => {
                let events = outcome.events as f64 + f64::from(plan::STREAMS);
                Some(outcome.disk_bytes as f64 / events)
            }
        }
    }
}
