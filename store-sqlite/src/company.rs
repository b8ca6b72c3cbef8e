//! Whether the writer waits for more commits before it begins a transaction.
//!
//! A transaction costs about the same for one commit and for all that are there. Callers who were just
//! answered often come back at once; if nobody waits for them, they are always a moment too late for the
//! transaction that is being written, and each holds half of what it could. But where it takes them long
//! to come back, it is better to write meanwhile. Which of the two it is depends on the disk and on the
//! callers, so both are tried and the faster one is kept.
//!
//! Owns that choice. Never makes a commit wait longer than half of what a transaction takes.

use std::time::{Duration, Instant};

use crate::queue::Queue;

/// For how many transactions a way is tried, and the faster one kept.
const TRIED: u32 = 16;
const KEPT: u32 = 512;

#[derive(Default)]
pub(crate) struct Company {
    waits: bool,
    /// Whether the present way is kept, or only tried.
    kept: bool,
    now: Span,
    /// How many nanoseconds a commit took when nobody was waited for, and when somebody was.
    alone: Option<u128>,
    together: Option<u128>,
}

/// What was done since the way was chosen.
#[derive(Default)]
struct Span {
    transactions: u32,
    commits: u32,
    time: Duration,
}

impl Company {
    /// Waits after a transaction that was begun at a moment, if that is the present way. `answered`: how
    /// many commits it was of, `ready`: how many more there were when they were answered.
    pub(crate) fn wait_for(
        &mut self,
        queue: &Queue,
        answered: usize,
        ready: usize,
        begun: Instant,
    ) {
        if self.waits {
            queue.gather(answered.saturating_add(ready), begun.elapsed() / 2);
        }
        self.note(u32::try_from(answered).unwrap_or(u32::MAX), begun.elapsed());
    }

    fn note(&mut self, commits: u32, time: Duration) {
        self.now.transactions += 1;
        self.now.commits = self.now.commits.saturating_add(commits);
        self.now.time = self.now.time.saturating_add(time);
        if self.now.transactions == if self.kept { KEPT } else { TRIED } {
            self.choose();
        }
    }

    fn choose(&mut self) {
        let span = std::mem::take(&mut self.now);
        let cost = span.time.as_nanos() / u128::from(span.commits.max(1));
        *if self.waits { &mut self.together } else { &mut self.alone } = Some(cost);
        (self.waits, self.kept) = match (self.alone, self.together) {
            (Some(alone), Some(together)) if !self.kept => (together < alone, true),
            _ => (!self.waits, false),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which ways are gone over a number of transactions, each with how often in a row.
    fn ways(transactions: u32, micros: impl Fn(bool) -> u64) -> Vec<(bool, u32)> {
        let mut company = Company::default();
        let mut ways: Vec<(bool, u32)> = Vec::new();
        for _ in 0..transactions {
            match ways.last_mut() {
                Some((waits, times)) if *waits == company.waits => *times += 1,
                _ => ways.push((company.waits, 1)),
            }
            let time = Duration::from_micros(micros(company.waits));
            company.note(1, time);
        }
        ways
    }

    #[test]
    fn both_ways_are_tried_and_the_faster_one_is_kept() {
        let waiting_pays = ways(3 * TRIED + 2 * KEPT, |waits| if waits { 300 } else { 500 });
        // Tried alone and together, kept, and tried again after a while.
        assert_eq!(
            waiting_pays,
            [(false, TRIED), (true, TRIED + KEPT), (false, TRIED), (true, KEPT)]
        );
        let it_does_not = ways(3 * TRIED + 2 * KEPT, |waits| if waits { 500 } else { 300 });
        assert_eq!(
            it_does_not,
            [(false, TRIED), (true, TRIED), (false, KEPT), (true, TRIED), (false, KEPT)]
        );
    }
}
