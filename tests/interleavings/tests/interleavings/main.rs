//! What threads share, under a scheduler that chooses which of them goes on at each lock, wait and
//! wake-up: random ones, such that preempt seldom and at a bad moment (PCT), and all there are where
//! they are few.
//!
//! ```sh
//! cargo test -p vitae-interleavings
//! VITAE_INTERLEAVINGS=100000 cargo test --release -p vitae-interleavings
//! ```
//!
//! The files under test are those of the crates. They are compiled here once more, against a `std`
//! whose locks and clock the scheduler holds: [`vitae_interleavings`].

extern crate self as vitae;
extern crate vitae as real;
extern crate vitae_interleavings as std;

mod bells;
mod changes;
mod groups;
mod tickets;

/// What the included files find where they look.
mod id {
    pub(crate) use real::CommitId;
}
mod number {
    pub(crate) use real::GlobalPosition;
}
#[path = "../../../../core/src/bus/parts/bell.rs"]
mod bell;
#[expect(dead_code, reason = "the store needs more of it")]
#[path = "../../../../store-sqlite/src/queue.rs"]
mod queue;
#[expect(dead_code, reason = "the store needs more of it")]
mod store;

use std::time::Duration;

use real::store::{AppendError, Commit, Digest, Receipt};
use real::{CommitId, Name, Timestamp};
use shuttle::scheduler::{DfsScheduler, PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// How long a wait with an end is. What the clock says is not what a clock on the wall says.
const A_WHILE: Duration = Duration::from_secs(10);

/// Tries so many interleavings of each kind, always the same; others with `SHUTTLE_RANDOM_SEED`.
fn check(body: impl Fn() + Copy + Send + Sync + 'static) {
    let some = std::env::var("VITAE_INTERLEAVINGS").map_or(1_000, |some| some.parse().unwrap());
    run(RandomScheduler::new_from_seed(1, some), body);
    run(PctScheduler::new_from_seed(1, 3, some), body);
}

/// Tries all interleavings.
fn check_all(body: impl Fn() + Send + Sync + 'static) {
    run(DfsScheduler::new(None, false), body);
}

fn run(scheduler: impl Scheduler + 'static, body: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    // A commit's id and an error's text take more than a task has by default.
    config.stack_size = 1 << 18;
    let tried = Runner::new(scheduler, config).run(body);
    println!("{tried} interleavings");
}

fn receipt(commit: CommitId) -> Receipt {
    Receipt::new(commit, None, Timestamp::from_micros(0), Digest(1))
}

fn is_unknown(answer: &Result<Receipt, AppendError>, commit: CommitId) -> bool {
    matches!(answer, Err(AppendError::OutcomeUnknown { commit: of, .. }) if *of == commit)
}
