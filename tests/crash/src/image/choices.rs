//! Which of the changes that were not synced a crash leaves.

use fastrand::Rng;

use super::model::{NOTHING, Sectors, WHOLE};

/// Of up to so many unsynced changes, every subset is tried.
const EXHAUSTIVE: usize = 5;

/// Which changes reach the disk, given how many sectors each has: of a few every subset, of many nothing
/// and everything. Besides these at most `most`, chosen at random: of many each prefix, each alone
/// missing, each alone there, and random subsets; of any number each change torn.
pub(super) fn choices(sizes: &[usize], most: usize, rng: &mut Rng) -> Vec<Vec<Sectors>> {
    let count = sizes.len();
    let pick = |chosen: &dyn Fn(usize) -> bool| -> Vec<Sectors> {
        (0..count).map(|index| if chosen(index) { WHOLE } else { NOTHING }).collect()
    };
    let (mut all, mut others) = (Vec::new(), Vec::new());
    if count <= EXHAUSTIVE {
        all.extend((0..1_usize << count).map(|subset| pick(&|index| subset >> index & 1 == 1)));
    } else {
        all.extend([pick(&|_| false), pick(&|_| true)]);
        for one in 0..count {
            others.push(pick(&|index| index < one));
            others.push(pick(&|index| index != one));
            others.push(pick(&|index| index == one));
            let subset: Vec<_> = (0..count).map(|_| rng.bool()).collect();
            others.push(pick(&|index| subset[index]));
        }
    }
    for (torn, sectors) in sizes.iter().enumerate().filter(|(_, sectors)| **sectors > 1) {
        let half = (1 << (sectors / 2).min(63)) - 1;
        for part in [half, !half, 0x5555_5555_5555_5555, rng.u64(..)] {
            for mut taken in [pick(&|index| index < torn), pick(&|_| true)] {
                taken[torn] = part;
                others.push(taken);
            }
        }
    }
    rng.shuffle(&mut others);
    all.extend(others.into_iter().take(most));
    all
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn of_a_few_changes_every_subset_is_tried_however_many_are_asked_for() {
        for (count, most) in [(0, 0), (1, 1), (EXHAUSTIVE, 0), (EXHAUSTIVE, 24)] {
            let all: HashSet<_> =
                choices(&vec![2; count], most, &mut Rng::with_seed(1)).into_iter().collect();
            let whole =
                |taken: &&Vec<Sectors>| taken.iter().all(|one| [NOTHING, WHOLE].contains(one));
            assert_eq!(all.iter().filter(whole).count(), 1 << count, "{count} changes");
        }
        let many = choices(&[2; EXHAUSTIVE + 1], 7, &mut Rng::with_seed(1));
        assert_eq!(many.len(), 9);
    }
}
