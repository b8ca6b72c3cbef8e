//! Taking an aggregate apart by its state, for what the derive emits.

use super::{Aggregate, Draft};
use crate::lifecycle::{Lifecycle, State};

/// An aggregate without its state.
pub struct Parts<L: Lifecycle>(Box<Draft<L>>);

/// Takes the state out.
pub fn split<L: Lifecycle>(aggregate: Aggregate<L>) -> (Parts<L>, L) {
    (Parts(aggregate.draft), aggregate.state)
}

/// Puts a state in.
pub fn join<L: Lifecycle, S: State<Lifecycle = L>>(parts: Parts<L>, state: S) -> Aggregate<L, S> {
    Aggregate { draft: parts.0, state }
}
