//! How a world tells what went otherwise than a test says.

use std::fmt::Debug;
use std::ops::ControlFlow;

use super::World;
use crate::aggregate::Aggregate;
use crate::catalog::Catalog;
use crate::lifecycle::Lifecycle;
use crate::number::GlobalPosition;
use crate::store::{Query, Read, ReadError};
use crate::testing::{Failure, fail, told};

impl World {
    #[track_caller]
    pub(super) fn failed(&self, what: String, expected: String, got: String) -> ! {
        self.failed_with(what, expected, got, Vec::new())
    }

    #[track_caller]
    pub(super) fn failed_with(
        &self,
        what: String,
        expected: String,
        got: String,
        notes: Vec<String>,
    ) -> ! {
        let head = self.bus.store().head().ok().flatten();
        let history = match head {
            Some(head) => self.events(GlobalPosition::FIRST, head, true),
            None => Vec::new(),
        };
        fail(&Failure { what, expected, got, notes, history: &history })
    }

    /// The events of the log between two positions, inclusive, as stream and kind, with what they
    /// say if asked for.
    #[track_caller]
    pub(super) fn events(
        &self,
        first: GlobalPosition,
        last: GlobalPosition,
        full: bool,
    ) -> Vec<String> {
        let store = self.bus.store();
        let mut events = Vec::new();
        let read = Catalog::load(store.as_ref()).and_then(|catalog| {
            store.visit(Read::log(Query::all()).from_position(first), |event| {
                if event.position() > last {
                    return Ok::<_, ReadError>(ControlFlow::Break(()));
                }
                let mut line = format!("{}/{} {}", event.category(), event.stream(), event.kind());
                if let (true, Ok(value)) = (full, catalog.render(event)) {
                    line = format!("{line} {value}");
                }
                events.push(line);
                Ok(ControlFlow::Continue(()))
            })
        });
        match read {
            Ok(()) => events,
            Err(error) => fail(&told(&error)),
        }
    }
}

pub(super) fn what<L: Lifecycle>(step: &str, event: &str, life: &Aggregate<L>) -> String {
    format!("{step} {event} in `{}`, state `{}`", life.stream(), life.state().state().name)
}

pub(super) fn listed<T: Debug>(rows: &[(Vec<u8>, T)]) -> String {
    let row = |(key, row): &(Vec<u8>, T)| format!("{}: {row:?}", key.escape_ascii());
    match rows {
        [] => "no rows".to_owned(),
        rows => rows.iter().map(row).collect::<Vec<_>>().join(", "),
    }
}
