//! Which of the changes that were not synced a crash leaves.

use fastrand::Rng;

use super::model::{NOTHING, Sectors, WHOLE};

/// Of up to so many unsynced changes, every subset is tried.
const EXHAUSTIVE: usize = 5;

/// Which changes reach the disk, given how many sectors each has: every subset of a few; of many
/// each prefix, each alone missing, each alone there, and some at random; then each torn. At most
/// `most`, chosen at random, and always nothing and everything.
pub(super) fn choices(sizes: &[usize], most: usize, rng: &mut Rng) -> Vec<Vec<Sectors>> {
    let count = sizes.len();
    let pick = |chosen: &dyn Fn(usize) -> bool| -> Vec<Sectors> {
        (0..count).map(|index| if chosen(index) { WHOLE } else { NOTHING }).collect()
    };
    let mut all = vec![pick(&|_| false), pick(&|_| true)];
    if count <= EXHAUSTIVE {
        all.extend((0..1_usize << count).map(|subset| pick(&|index| subset >> index & 1 == 1)));
    } else {
        for one in 0..count {
            all.push(pick(&|index| index < one));
            all.push(pick(&|index| index != one));
            all.push(pick(&|index| index == one));
            let subset: Vec<_> = (0..count).map(|_| rng.bool()).collect();
            all.push(pick(&|index| subset[index]));
        }
    }
    for (torn, sectors) in sizes.iter().enumerate().filter(|(_, sectors)| **sectors > 1) {
        let half = (1 << (sectors / 2).min(63)) - 1;
        for part in [half, !half, 0x5555_5555_5555_5555, rng.u64(..)] {
            for mut taken in [pick(&|index| index < torn), pick(&|_| true)] {
                taken[torn] = part;
                all.push(taken);
            }
        }
    }
    all.dedup();
    let fixed = all.len().min(2);
    rng.shuffle(&mut all[fixed..]);
    all.truncate(most.max(2));
    all
}
