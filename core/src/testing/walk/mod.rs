//! Random walks through a lifecycle, along legal edges.

mod history;
mod tree;

pub use history::History;

use std::fmt;

use proptest::collection::SizeRange;
use proptest::strategy::{BoxedStrategy, NewTree, Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};

use self::tree::{Step, WalkTree};
use super::fail;
use super::life::Life;
use crate::event::Event;
use crate::lifecycle::{EventDefinition, Lifecycle, LifecycleEvent};

/// How many payloads are tried on an edge before its guard is believed.
const PAYLOADS: usize = 16;

/// A proptest strategy for histories of a lifecycle: every event is legal where it stands, and
/// accepted by its guard.
///
/// From each state, one of its edges is chosen, each as likely as the others, and a payload for its
/// event; where a guard refuses 16 payloads, another edge is. A walk ends at the length that was drawn
/// for it, or before, where nothing is possible any more: in a terminal state, or where every guard
/// refuses. Events occur at 1970-01-01T00:00:00Z, in the stream `walk`.
///
/// A history that breaks a property is made smaller: steps are dropped, as long as they are and then
/// one by one, with those that were legal only because of them; then payloads are simplified. What
/// is left is a history that could have happened.
///
/// ```
/// # use proptest::prelude::*;
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Context, Event, Lifecycle};
/// use vitae::testing::Walk;
/// # #[derive(Event, Serialize, Deserialize, Debug)]
/// # #[event(name = "count.added")]
/// # struct Added { by: u32 }
/// # #[derive(Event, Serialize, Deserialize, Debug)]
/// # #[event(name = "count.ended")]
/// # struct Ended;
/// # #[derive(Lifecycle, Debug)]
/// # #[lifecycle(name = "count")]
/// # enum Count {
/// #     #[state(initial)]
/// #     #[on(Added => Counting, Ended => Counted)]
/// #     Counting(Counting),
/// #     #[state(terminal)]
/// #     Counted,
/// # }
/// # #[derive(Clone, Debug, Default)]
/// # struct Counting { value: u64 }
/// # impl CountTransitions for Count {
/// #     fn counting_on_added(from: Counting, event: &Added, _: &Context) -> Counting {
/// #         Counting { value: from.value + u64::from(event.by) }
/// #     }
/// # }
///
/// fn any_count() -> Walk<Count> {
///     Walk::new(0..50)
///         .event(any::<u32>().prop_map(|by| Added { by }))
///         .event(Just(()).prop_map(|()| Ended))
/// }
///
/// proptest! {
///     // With `#[test]` in front.
///     fn a_count_never_goes_down(history in any_count()) {
///         for states in history.states().windows(2) {
///             if let [Count::Counting(before), Count::Counting(after)] = states {
///                 prop_assert!(before.value <= after.value);
///             }
///         }
///     }
/// }
/// # a_count_never_goes_down();
/// ```
pub struct Walk<L: Lifecycle> {
    length: SizeRange,
    /// The payloads of each event, by its stored name.
    events: Vec<(&'static str, BoxedStrategy<Drawn<L::Event>>)>,
}

/// A payload that can be made simpler.
type Payload<E> = Box<dyn ValueTree<Value = Drawn<E>>>;

impl<L: Lifecycle> Walk<L> {
    /// A walk of so many events, unless it ends before.
    ///
    /// # Panics
    /// If the range of lengths is empty, as `0..0` is.
    #[track_caller]
    pub fn new(length: impl Into<SizeRange>) -> Self {
        let length = length.into();
        // Asked before all else: an empty range from 0 has no last length that could be computed.
        if length.start() >= length.end_excl() {
            fail(&"a walk needs a range of lengths that is not empty");
        }
        Self { length, events: Vec::new() }
    }

    /// The payloads of an event. Every event of the lifecycle needs them; the last ones given hold.
    #[must_use]
    pub fn event<S>(mut self, payloads: S) -> Self
    where
        S: Strategy + 'static,
        S::Value: Event + Into<L::Event>,
    {
        let drawn = payloads.prop_map(|event| Drawn(event.into()));
        self.events.retain(|(kind, _)| *kind != S::Value::KIND);
        self.events.push((S::Value::KIND, drawn.boxed()));
        self
    }

    fn payloads(&self, event: &EventDefinition) -> &BoxedStrategy<Drawn<L::Event>> {
        match self.events.iter().find(|(kind, _)| *kind == event.kind) {
            Some((_, payloads)) => payloads,
            None => fail(&format!(
                "a walk through `{}` needs payloads for `{}`: `.event(…)` with a strategy for it",
                L::DEFINITION.name,
                event.name
            )),
        }
    }

    /// Goes one step on, if one is possible.
    fn step(&self, life: &mut Life<L>, runner: &mut TestRunner) -> Result<Option<Step<L>>, Reason> {
        let mut legal: Vec<_> = L::DEFINITION.legal_in(life.state().state()).collect();
        while !legal.is_empty() {
            let event = legal.swap_remove((0..legal.len()).new_tree(runner)?.current());
            for _ in 0..PAYLOADS {
                let payload = self.payloads(event).new_tree(runner)?;
                if life.record(payload.current().0).is_ok() {
                    return Ok(Some(Step { payload, included: true }));
                }
            }
        }
        Ok(None)
    }
}

impl<L: Lifecycle> Strategy for Walk<L> {
    type Tree = WalkTree<L>;
    type Value = History<L>;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        for event in L::DEFINITION.events {
            self.payloads(event);
        }
        let (least, most) = self.length.start_end_incl();
        let length = (least..=most).new_tree(runner)?.current();
        let mut life = Life::<L>::new("walk");
        let mut steps = Vec::new();
        while steps.len() < length {
            match self.step(&mut life, runner)? {
                Some(step) => steps.push(step),
                None => break,
            }
        }
        Ok(WalkTree::new(steps))
    }
}

impl<L: Lifecycle> fmt::Debug for Walk<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("lifecycle", &L::DEFINITION.name)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// An event, for proptest to show: a lifecycle's events need not be `Debug`.
struct Drawn<E>(E);

impl<E: LifecycleEvent> fmt::Debug for Drawn<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.definition().name)
    }
}
