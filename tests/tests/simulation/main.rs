//! A world from a seed: many lives, policies, projections, effects, timers, consumers and processes, and
//! a store with faults.
//!
//! Safety is looked at after every step, liveness once the faults have stopped. Everything follows from
//! the seed, so that a world that went wrong can be had again:
//!
//! ```sh
//! VITAE_SEEDS=10000 cargo test -p vitae-tests --release --test simulation
//! VITAE_SEED=4711 cargo test -p vitae-tests --test simulation
//! ```

#![allow(unreachable_pub, reason = "a derive wants what it is put on to be as visible as its enum")]

mod clerks;
mod faults;
mod lives;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How many worlds there are unless the environment says otherwise.
const SEEDS: u64 = 200;

/// How much happens in a world.
const STEPS: u32 = 120;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[test]
fn worlds_hold_together_and_come_to_rest() {
    let seeds = match number("VITAE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("VITAE_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let world = catch_unwind(AssertUnwindSafe(|| world::World::new(seed).run(STEPS)));
        if let Err(panic) = world {
            eprintln!(
                "to see it again: VITAE_SEED={seed} cargo test -p vitae-tests --test simulation"
            );
            resume_unwind(panic);
        }
    }
}
