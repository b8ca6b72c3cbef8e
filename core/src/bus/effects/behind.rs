//! The events that wait behind one that was set aside.
//!
//! Owns that all copies of a life share one list of them, however long it is: a life is copied with each
//! commit. Never shows a copy what another one has added.

use std::sync::{Arc, Mutex};

use crate::bus::parts::lock;
use crate::number::GlobalPosition;

/// Positions in the order in which they are to be delivered: some of those in a list.
#[derive(Clone, Default, Debug)]
pub(super) struct Behind {
    list: Arc<Mutex<Vec<GlobalPosition>>>,
    from: usize,
    /// Exclusive.
    to: usize,
}

impl Behind {
    pub(super) const fn len(&self) -> usize {
        self.to.saturating_sub(self.from)
    }

    pub(super) fn push(&mut self, position: GlobalPosition) {
        let mut list = lock(&self.list);
        match list.get(self.to) {
            // A copy that was not committed has added the same.
            Some(next) if *next == position => {}
            None if self.from <= self.len() => list.push(position),
            // Another copy has gone on differently, or most of the list is delivered.
            _ => {
                let mut own = list.get(self.from..self.to).unwrap_or_default().to_vec();
                own.push(position);
                drop(list);
                (self.from, self.to) = (0, self.len());
                self.list = Arc::new(Mutex::new(own));
            }
        }
        self.to += 1;
    }

    pub(super) fn pop(&mut self) -> Option<GlobalPosition> {
        let here = self.len() > 0;
        let first = lock(&self.list).get(self.from).copied().filter(|_| here)?;
        self.from += 1;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(position: u64) -> GlobalPosition {
        GlobalPosition::new(position).unwrap()
    }

    fn drained(mut behind: Behind) -> Vec<u64> {
        std::iter::from_fn(|| behind.pop()).map(GlobalPosition::get).collect()
    }

    #[test]
    fn copies_share_one_list() {
        let first = Behind::default();
        let mut last = first.clone();
        for position in 1..=10_000 {
            last = last.clone();
            last.push(at(position));
            // One whose commit was not taken, and that was tried again.
            last.clone().push(at(position + 1));
        }
        assert!(Arc::ptr_eq(&first.list, &last.list));
        assert_eq!((first.len(), last.len()), (0, 10_000));
        assert_eq!(drained(last), (1..=10_000).collect::<Vec<_>>());
    }

    #[test]
    fn no_copy_sees_what_another_has_added() {
        let mut one = Behind::default();
        one.push(at(1));
        one.push(at(2));
        let (mut other, before) = (one.clone(), one.clone());
        one.push(at(3));
        assert_eq!(other.pop(), Some(at(1)));
        other.push(at(4));
        other.push(at(5));
        one.push(at(6));
        assert_eq!(drained(before), [1, 2]);
        assert_eq!(drained(one), [1, 2, 3, 6]);
        assert_eq!(drained(other), [2, 4, 5]);
    }

    #[test]
    fn what_was_delivered_is_forgotten() {
        let mut behind = Behind::default();
        for position in 1..=10_000 {
            behind.push(at(position));
            if position > 3 {
                behind.pop();
            }
        }
        assert!(lock(&behind.list).len() < 10);
        assert_eq!(drained(behind), [9_998, 9_999, 10_000]);
    }
}
