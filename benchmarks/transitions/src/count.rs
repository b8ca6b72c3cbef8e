//! Instructions instead of time: the same on every run, however busy the machine is.
//!
//! `count` runs this program under valgrind once for each contestant, and once with none, whose
//! count is taken off.

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::process::Command;

use crate::{Input, contestants};

const EVENTS: u32 = 300_000;

pub fn all() -> Result<(), Box<dyn Error>> {
    println!("instructions an event, over by hand");
    for (title, random) in [("a random walk", true), ("a cycle of three events", false)] {
        println!("\n{title}");
        let nobody = instructions(title, random, "nobody")?;
        let mut by_hand = None;
        for contestant in contestants(random) {
            let counted = instructions(title, random, contestant.name)? - nobody;
            let first = *by_hand.get_or_insert(counted);
            let each = counted / f64::from(EVENTS);
            println!("{:<18} {each:>6.2}  {:.2}", contestant.name, counted / first);
        }
    }
    Ok(())
}

fn instructions(title: &str, random: bool, name: &str) -> Result<f64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["fold", if random { "random" } else { "cycle" }, name])
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let said = String::from_utf8(output.stderr)?;
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    match collected {
        Some((_, count)) if output.status.success() => Ok(count.trim().parse()?),
        _ => Err(format!("{name} in {title} was not counted:\n{said}").into()),
    }
}

/// What valgrind runs: `fold random|cycle NAME`.
pub fn one() -> Result<(), Box<dyn Error>> {
    let random = env::args().nth(2).is_some_and(|sequence| sequence == "random");
    let name = env::args().nth(3).ok_or("fold random|cycle NAME")?;
    let input = Input::new(random, EVENTS)?;
    if let Some(found) = contestants(random).into_iter().find(|it| it.name == name) {
        black_box((found.fold)(black_box(&input)));
    }
    Ok(())
}
