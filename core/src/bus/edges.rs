//! Counting the edges that the lives of a log have taken.

use std::ops::ControlFlow;

use super::{Bus, LoadError};
use crate::aggregate::Fold;
use crate::lifecycle::{EdgeCounts, Lifecycle};
use crate::store::{Page, Read};

impl Bus {
    /// How often each edge of a lifecycle was taken on this log.
    ///
    /// Folds every stream of the lifecycle from its first event, one after the other: one read for
    /// each stream, every event decoded, and in memory no more than a page and one state. What is
    /// committed meanwhile may be counted or not.
    ///
    /// # Errors
    /// As [`load`](Self::load). A retry is safe.
    pub fn edges_taken<L: Lifecycle>(&self) -> Result<EdgeCounts, LoadError> {
        let store = self.store();
        self.inner.schemas.ensure::<L>(store.as_ref())?;
        let mut counts = EdgeCounts::new(L::DEFINITION);
        let mut page = Page::new();
        for stream in self.streams::<L>() {
            let stream = stream?;
            let mut fold = Fold::<L>::new(stream.clone());
            store.visit_in(&mut page, Read::stream(stream), |event| {
                let from = fold.standing();
                fold.push(event)?;
                if let Some(event) = L::DEFINITION.event(event.kind()) {
                    counts.count(from, event);
                }
                Ok::<_, LoadError>(ControlFlow::Continue(()))
            })?;
        }
        Ok(counts)
    }
}
