//! How many partitions a member may have.
//!
//! Owns the arithmetic of sharing. Never says which partitions.

/// The share of one of several members, all of whom know the same others: as many partitions as any
/// other member, or one more if they do not come out even. Those that joined first have the one more.
pub(super) fn share<T: Ord>(partitions: u16, members: impl Iterator<Item = T>, me: &T) -> usize {
    let (mut count, mut before) = (0_usize, 0_usize);
    for member in members {
        count += 1;
        before += usize::from(member < *me);
    }
    let (partitions, count) = (usize::from(partitions), count.max(1));
    partitions / count + usize::from(before < partitions % count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_leave_nothing_over() {
        for partitions in [1, 2, 7, 16] {
            for members in 1..20 {
                let shares: Vec<_> =
                    (0..members).map(|me| share(partitions, 0..members, &me)).collect();
                assert_eq!(shares.iter().sum::<usize>(), usize::from(partitions));
                assert!(shares.is_sorted_by(|one, next| *next <= *one && one - next <= 1));
            }
        }
    }
}
