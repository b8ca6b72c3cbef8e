//! How long to wait before a further try.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::number::GlobalPosition;

/// How long an effect waits after a try that failed: the first time `first`, then `factor` times as long
/// each time, up to `most`; of that, less a share by chance.
///
/// Unless set: 1 s, twice as long each time, up to 5 min, and down to half of it.
///
/// ```
/// use std::time::Duration;
/// use vitae::BackOff;
///
/// let patient = BackOff { most: Duration::from_secs(3_600), ..BackOff::default() };
/// assert_eq!(patient.first, Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackOff {
    /// The wait after the first try.
    pub first: Duration,
    /// How many times as long each wait is as the one before; 0 is taken as 1.
    pub factor: u32,
    /// The longest wait.
    pub most: Duration,
    /// By how much a wait is shorter at the most, in hundredths of it, so that what failed together does
    /// not come back together; more than 100 is taken as 100. What chance decides follows from the name
    /// of the effect, the event's position and the number of the try: it is the same each time.
    pub jitter: u32,
}

const NANOS_OF_SECOND: u128 = 1_000_000_000;

impl Default for BackOff {
    fn default() -> Self {
        let (first, most) = (Duration::from_secs(1), Duration::from_secs(300));
        Self { first, factor: 2, most, jitter: 50 }
    }
}

impl BackOff {
    /// How long to wait after a try, counted from 1.
    pub(super) fn wait(&self, effect: &str, position: GlobalPosition, attempt: u32) -> Duration {
        let factor = self.factor.max(1).saturating_pow(attempt.saturating_sub(1));
        let longest = self.first.saturating_mul(factor).min(self.most);
        let seed = position.get() ^ u64::from(attempt).rotate_right(16);
        let [low, high, ..] = xxh3_64_with_seed(effect.as_bytes(), seed).to_le_bytes();
        let chance = u128::from(u16::from_le_bytes([low, high]));
        // Less than the whole of it.
        let share = u128::from(self.jitter.min(100)) * chance;
        longest.saturating_sub(of_nanos(longest.as_nanos() * share / (100 << 16)))
    }
}

fn of_nanos(nanos: u128) -> Duration {
    let seconds = u64::try_from(nanos / NANOS_OF_SECOND).unwrap_or(u64::MAX);
    // What is less than so many is a `u32`.
    Duration::new(seconds, u32::try_from(nanos % NANOS_OF_SECOND).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(back_off: BackOff, position: u64) -> Vec<Duration> {
        let position = GlobalPosition::new(position).unwrap();
        let attempts = [1, 2, 3, 9, 10, 40, u32::MAX];
        attempts.map(|attempt| back_off.wait("mail", position, attempt)).to_vec()
    }

    #[test]
    fn waits_grow_up_to_the_longest() {
        let plain = BackOff { jitter: 0, ..BackOff::default() };
        let seconds = [1, 2, 4, 256, 300, 300, 300].map(Duration::from_secs);
        assert_eq!(waits(plain, 1), seconds);
        let level = BackOff { factor: 0, ..plain };
        assert_eq!(waits(level, 1), [Duration::from_secs(1); 7]);
        let endless = BackOff { first: Duration::MAX, most: Duration::MAX, factor: 9, jitter: 999 };
        assert!(waits(endless, 1).into_iter().all(|wait| wait < Duration::MAX));
    }

    #[test]
    fn chance_makes_them_shorter_and_is_the_same_each_time() {
        let half = BackOff { first: Duration::from_secs(60), factor: 1, ..BackOff::default() };
        let mut all: Vec<_> = (1..=1_000).flat_map(|position| waits(half, position)).collect();
        assert_eq!(all, (1..=1_000).flat_map(|position| waits(half, position)).collect::<Vec<_>>());
        all.sort_unstable();
        let (shortest, longest) = (all[0].as_secs_f64(), all[all.len() - 1].as_secs_f64());
        assert!((30.0..30.1).contains(&shortest) && (59.9..=60.0).contains(&longest));
        all.dedup();
        assert!(all.len() > 6_000, "{} of 7,000 differ", all.len());
    }

    #[test]
    fn short_waits_have_their_share_of_chance_too() {
        for micros in [1, 100, 6_000] {
            let first = Duration::from_micros(micros);
            let short = BackOff { first, factor: 1, ..BackOff::default() };
            let all: Vec<_> = (1..=1_000).flat_map(|position| waits(short, position)).collect();
            let (shortest, longest) = (*all.iter().min().unwrap(), *all.iter().max().unwrap());
            assert!((first / 2..first * 51 / 100).contains(&shortest), "{shortest:?}");
            assert!((first * 99 / 100..=first).contains(&longest), "{longest:?}");
        }
    }
}
