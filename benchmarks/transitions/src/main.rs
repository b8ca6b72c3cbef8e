//! Ten million events through one machine, written in several ways. See the README beside this
//! folder.
//!
//! `transitions [rounds]` times; `transitions count` has valgrind count instructions.

mod by_hand;
mod count;
mod in_smlang;
mod in_statig;
mod machine;
mod ours;
mod sequence;

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use figures::Samples;
use vitae::Context;

use crate::by_hand::Event;
use crate::machine::{End, Finished, Started, Stepped};
use crate::ours::WorkerEvent;

const EVENTS: u32 = 10_000_000;

/// The events, in the form that each contestant reads.
struct Input {
    events: Vec<Event>,
    ours: Vec<WorkerEvent>,
    smlang: Vec<in_smlang::Events>,
    /// For those who know what comes next; empty where nobody does.
    typed: Vec<(Started, Stepped, Finished)>,
    context: Context,
}

struct Contestant {
    name: &'static str,
    fold: fn(&Input) -> End,
}

/// The first is what the others are held against.
const CONTESTANTS: [Contestant; 5] = [
    Contestant { name: "by hand", fold: |it| by_hand::fold(black_box(&it.events)) },
    Contestant {
        name: "by hand, in place",
        fold: |it| by_hand::fold_in_place(black_box(&it.events)),
    },
    Contestant { name: "vitae, untyped", fold: |it| ours::fold(black_box(&it.ours), &it.context) },
    Contestant { name: "statig", fold: |it| in_statig::fold(black_box(&it.events)) },
    Contestant { name: "smlang", fold: |it| in_smlang::fold(black_box(&it.smlang)) },
];

/// Those who join where the sequence is known.
const TYPED: [Contestant; 2] = [
    Contestant { name: "by hand, typed", fold: |it| by_hand::fold_typed(black_box(&it.typed)) },
    Contestant {
        name: "vitae, typed",
        fold: |it| ours::fold_typed(black_box(&it.typed), &it.context),
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let argument = std::env::args().nth(1);
    match argument.as_deref() {
        Some("count") => count::all(),
        Some("fold") => count::one(),
        rounds => time(rounds.map_or(Ok(15), str::parse)?),
    }
}

fn time(rounds: usize) -> Result<(), Box<dyn Error>> {
    println!("ns an event: medians and [ranges] of {rounds} rounds; ratios round by round");
    for (title, random) in [("a random walk", true), ("a cycle of three events", false)] {
        let input = Input::new(random, EVENTS)?;
        let contestants = contestants(random);
        let mut times = vec![Samples::default(); contestants.len()];
        for round in 0..rounds {
            let mut ends = Vec::new();
            for turn in 0..contestants.len() {
                // Each begins a round equally often.
                let index = (turn + round) % contestants.len();
                let started = Instant::now();
                let end = black_box((contestants[index].fold)(black_box(&input)));
                times[index].push(started.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS));
                ends.push(end);
            }
            assert!(ends.windows(2).all(|two| two[0] == two[1]), "all end alike: {ends:?}");
        }
        println!("\n{title}");
        for (contestant, time) in contestants.iter().zip(&times) {
            let ratio = time.over(&times[0]);
            println!("{:<18} {time:.2}   over by hand {ratio:.2}", contestant.name);
        }
    }
    Ok(())
}

fn contestants(random: bool) -> Vec<&'static Contestant> {
    let typed = if random { [].iter() } else { TYPED.iter() };
    CONTESTANTS.iter().chain(typed).collect()
}

impl Input {
    fn new(random: bool, events: u32) -> Result<Self, Box<dyn Error>> {
        let typed = if random { Vec::new() } else { sequence::jobs(events) };
        let events = if random { sequence::walk(events) } else { sequence::in_turn(&typed) };
        let ours = events.iter().map(|event| (*event).into()).collect();
        let smlang = events.iter().map(|event| (*event).into()).collect();
        let context = vitae::__private::context("worker", "1")?;
        Ok(Self { events, ours, smlang, typed, context })
    }
}
