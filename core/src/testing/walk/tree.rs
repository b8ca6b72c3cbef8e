//! Making a walk smaller.

use proptest::strategy::ValueTree;

use super::{History, Payload};
use crate::lifecycle::Lifecycle;

/// A walk that can be made smaller. What it stands for is always a history that could have happened:
/// a step that is no longer legal, or no longer accepted, because an earlier one has changed is left
/// out, and is gone for good once that has turned out to break the property too.
pub struct WalkTree<L: Lifecycle> {
    steps: Vec<Step<L>>,
    next: Attempt,
    /// What was tried last, to be undone.
    tried: Option<Tried>,
}

/// One step of a walk.
pub(super) struct Step<L: Lifecycle> {
    pub(super) payload: Payload<L::Event>,
    pub(super) included: bool,
}

/// What to try next.
#[derive(Clone, Copy)]
enum Attempt {
    /// To drop so many steps, the last of them before this one. Steps are counted without those that
    /// are gone.
    Drop { many: usize, before: usize },
    /// To simplify the payload of the step before this one. The last comes first: what is recorded
    /// later often needs something of what was recorded earlier, seldom the other way round. Once all
    /// had their turn and some became simpler, fewer steps may be needed, so dropping begins anew.
    Simplify { before: usize, some: bool },
}

/// What was tried, in steps counted with those that are gone.
enum Tried {
    Dropped(Vec<usize>),
    Simplified(usize),
}

impl<L: Lifecycle> WalkTree<L> {
    pub(super) fn new(steps: Vec<Step<L>>) -> Self {
        let before = steps.len();
        let next = Attempt::Drop { many: before.div_ceil(2), before };
        Self { steps, next, tried: None }
    }

    /// Goes through the steps that are included. Says of each of them whether it was possible.
    fn replay(&self) -> (History<L>, Vec<(usize, bool)>) {
        let mut history = History::new();
        let mut possible = Vec::new();
        for (index, step) in self.steps.iter().enumerate().filter(|(_, step)| step.included) {
            possible.push((index, history.go_on(step.payload.current().0)));
        }
        (history, possible)
    }

    /// Drops for good what is not possible any more. Returns the steps that are left.
    fn settle(&mut self) -> Vec<usize> {
        let (_, steps) = self.replay();
        let (possible, gone): (Vec<_>, Vec<_>) = steps.into_iter().partition(|(_, it)| *it);
        self.include(gone.into_iter().map(|(index, _)| index), false);
        possible.into_iter().map(|(index, _)| index).collect()
    }

    fn include(&mut self, steps: impl IntoIterator<Item = usize>, included: bool) {
        for index in steps {
            if let Some(step) = self.steps.get_mut(index) {
                step.included = included;
            }
        }
    }

    fn drop_steps(&mut self, left: &[usize], many: usize, before: usize) {
        let before = before.min(left.len());
        let first = before.saturating_sub(many);
        let dropped = left.get(first..before).unwrap_or_default().to_vec();
        self.include(dropped.iter().copied(), false);
        self.tried = Some(Tried::Dropped(dropped));
        self.next = match (first, many) {
            (0, 0 | 1) => Attempt::Simplify { before: self.steps.len(), some: false },
            // All of them were tried: half as many at a time, from the end again.
            (0, _) => Attempt::Drop { many: many.div_ceil(2), before: self.steps.len() },
            _ => Attempt::Drop { many, before: first },
        };
    }
}

impl<L: Lifecycle> ValueTree for WalkTree<L> {
    type Value = History<L>;

    fn current(&self) -> History<L> {
        self.replay().0
    }

    fn simplify(&mut self) -> bool {
        // What was tried last has turned out to break the property too.
        let left = self.settle();
        loop {
            match self.next {
                Attempt::Drop { .. } if left.is_empty() => return false,
                Attempt::Drop { many, before } => {
                    self.drop_steps(&left, many, before);
                    return true;
                }
                Attempt::Simplify { before, some } => {
                    let nth = before.min(left.len()).saturating_sub(1);
                    let Some(step) = left.get(nth).filter(|_| before > 0) else {
                        if !some {
                            return false;
                        }
                        self.next = Attempt::Drop { many: 1, before: left.len() };
                        continue;
                    };
                    if self.steps.get_mut(*step).is_some_and(|step| step.payload.simplify()) {
                        self.next = Attempt::Simplify { before, some: true };
                        self.tried = Some(Tried::Simplified(*step));
                        return true;
                    }
                    self.next = Attempt::Simplify { before: nth, some };
                }
            }
        }
    }

    fn complicate(&mut self) -> bool {
        match self.tried.take() {
            None => false,
            Some(Tried::Dropped(steps)) => {
                self.include(steps, true);
                true
            }
            Some(Tried::Simplified(index)) => {
                let more = |step: &mut Step<L>| step.payload.complicate();
                if self.steps.get_mut(index).is_some_and(more) {
                    self.tried = Some(Tried::Simplified(index));
                }
                true
            }
        }
    }
}
