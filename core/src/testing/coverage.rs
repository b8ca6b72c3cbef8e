//! Which edges of a lifecycle no test has taken.

use std::fmt;
use std::fmt::Write;
use std::marker::PhantomData;

use super::{Scenario, World, fail, told};
use crate::bus::Bus;
use crate::lifecycle::{Definition, EdgeCounts, EdgeDefinition, Lifecycle};

/// The edges of a lifecycle that tests have taken.
///
/// Tests return what they went through, a [`Scenario`] or a [`World`]; one more test runs them again
/// and lists what none of them has taken. A log that a test left behind tells the same, see
/// [`with`](Self::with). An edge counts however it was taken, by a given event or by one that was
/// recorded: what its body made of it stands in the state that the test compares.
///
/// ```
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Event, Lifecycle};
/// use vitae::testing::{Coverage, Scenario};
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "lamp.on")]
/// # struct On;
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "lamp.off")]
/// # struct Off;
/// # #[derive(Lifecycle, Debug, PartialEq)]
/// # #[lifecycle(name = "lamp")]
/// # enum Lamp {
/// #     #[state(initial)]
/// #     #[on(On => Bright)]
/// #     Dark,
/// #     #[on(Off => Dark)]
/// #     Bright,
/// # }
/// # impl LampTransitions for Lamp {}
///
/// fn it_is_switched_on() -> Scenario<Lamp> {
///     Scenario::new().when(On).then(Lamp::Bright)
/// }
///
/// let coverage = Coverage::of([it_is_switched_on]);
/// let untaken: Vec<_> = coverage.untaken().collect();
/// assert_eq!(untaken, ["Bright --Off--> Dark"]);
/// ```
pub struct Coverage<L: Lifecycle> {
    taken: EdgeCounts,
    refused: EdgeCounts,
    lifecycle: PhantomData<fn() -> L>,
}

impl<L: Lifecycle> Coverage<L> {
    /// Nothing was taken yet.
    #[must_use]
    pub fn new() -> Self {
        let (taken, refused) = (EdgeCounts::new(L::DEFINITION), EdgeCounts::new(L::DEFINITION));
        Self { taken, refused, lifecycle: PhantomData }
    }

    /// What some tests take.
    // Not an array of functions: whether different ones may be written in a place where an array of
    // one type is expected depends on the version of the compiler.
    #[must_use]
    #[track_caller]
    pub fn of<F: Fn() -> T, T: Covers<L>>(tests: impl IntoIterator<Item = F>) -> Self {
        Self::new().tests(tests)
    }

    /// Adds what some more tests take, of another type maybe.
    #[must_use]
    #[track_caller]
    pub fn tests<F: Fn() -> T, T: Covers<L>>(self, tests: impl IntoIterator<Item = F>) -> Self {
        let mut coverage = self;
        for test in tests {
            coverage = coverage.with(&test());
        }
        coverage
    }

    /// Adds the edges that were taken somewhere: in a [`Scenario`], a [`World`], a `History`, or on
    /// the log of a [`Bus`]. A log does not tell which guards have refused.
    #[must_use]
    #[track_caller]
    pub fn with(mut self, somewhere: &impl Covers<L>) -> Self {
        somewhere.add_to(&mut self.taken, &mut self.refused);
        self
    }

    /// How often each edge was taken.
    #[must_use]
    pub const fn taken(&self) -> &EdgeCounts {
        &self.taken
    }

    /// The edges that were never taken, in the order of the declaration.
    pub fn untaken(&self) -> impl Iterator<Item = String> {
        missing(&self.taken, |_| true)
    }

    /// The edges whose guards have never refused, in the order of the declaration.
    pub fn unrefused(&self) -> impl Iterator<Item = String> {
        missing(&self.refused, |edge| edge.guard.is_some())
    }

    /// Every edge was taken.
    #[track_caller]
    pub fn assert_complete(&self) {
        none(self.untaken(), L::DEFINITION.name, "was taken by no test");
    }

    /// Every guard has refused an event.
    #[track_caller]
    pub fn assert_guards_refused(&self) {
        none(self.unrefused(), L::DEFINITION.name, "has a guard that refused in no test");
    }
}

/// The edges with a count of 0, shown.
fn missing(
    counts: &EdgeCounts,
    wanted: impl Fn(&EdgeDefinition) -> bool,
) -> impl Iterator<Item = String> {
    let definition = counts.definition();
    let edges = definition.edges.iter().zip(counts.as_slice());
    edges
        .filter(move |(edge, count)| **count == 0 && wanted(edge))
        .map(|(edge, _)| shown(definition, edge))
}

fn shown(definition: &Definition, edge: &EdgeDefinition) -> String {
    let state = |index: usize| definition.states.get(index).map_or("?", |state| state.name);
    let event = definition.events.get(edge.event).map_or("?", |event| event.name);
    let guard = edge.guard.map(|guard| format!(" if {guard}")).unwrap_or_default();
    format!("{} --{event}{guard}--> {}", state(edge.from), state(edge.to))
}

#[track_caller]
fn none(edges: impl Iterator<Item = String>, lifecycle: &str, what: &str) {
    let mut list = String::new();
    let mut count = 0_usize;
    for edge in edges {
        // Writing into a `String` does not fail.
        let _ = write!(list, "\n  {edge}");
        count = count.saturating_add(1);
    }
    match count {
        0 => {}
        1 => fail(&format!("1 edge of `{lifecycle}` {what}:{list}")),
        _ => fail(&format!("{count} edges of `{lifecycle}`, each {what}:{list}")),
    }
}

impl<L: Lifecycle> Default for Coverage<L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: Lifecycle> fmt::Debug for Coverage<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coverage")
            .field("taken", &self.taken)
            .field("refused", &self.refused)
            .finish()
    }
}

/// What tells which edges of a lifecycle were taken. Sealed.
pub trait Covers<L: Lifecycle>: sealed::AddTo<L> {}

impl<L: Lifecycle, T: sealed::AddTo<L>> Covers<L> for T {}

pub(super) mod sealed {
    use super::EdgeCounts;

    pub trait AddTo<L> {
        fn add_to(&self, taken: &mut EdgeCounts, refused: &mut EdgeCounts);
    }
}

impl<L: Lifecycle> sealed::AddTo<L> for Scenario<L> {
    fn add_to(&self, taken: &mut EdgeCounts, refused: &mut EdgeCounts) {
        taken.add(&self.life.taken);
        refused.add(&self.life.refused);
    }
}

impl<L: Lifecycle> sealed::AddTo<L> for Bus {
    #[track_caller]
    fn add_to(&self, taken: &mut EdgeCounts, _: &mut EdgeCounts) {
        match self.edges_taken::<L>() {
            Ok(counts) => taken.add(&counts),
            Err(error) => fail(&told(&error)),
        }
    }
}

impl<L: Lifecycle> sealed::AddTo<L> for World {
    #[track_caller]
    fn add_to(&self, taken: &mut EdgeCounts, refused: &mut EdgeCounts) {
        sealed::AddTo::<L>::add_to(self.bus(), taken, refused);
        if let Some(counts) = self.refused::<L>() {
            refused.add(counts);
        }
    }
}
