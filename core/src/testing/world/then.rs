//! What a test says of a world: of its lives, its last commit and its views.

use std::fmt::Debug;

use serde::de::DeserializeOwned;

use super::World;
use super::failure::listed;
use crate::lifecycle::{Lifecycle, State};
use crate::testing::{fail, told};

impl World {
    /// A life is in this state, read back from its events.
    #[track_caller]
    pub fn then<L>(self, id: impl AsRef<str>, state: L) -> Self
    where
        L: Lifecycle + PartialEq + Debug,
    {
        let life = self.load::<L>(id);
        if *life.state() != state {
            let (expected, got) = (format!("state {state:?}"), format!("state {:?}", life.state()));
            self.failed(format!("`{}`", life.stream()), expected, got);
        }
        self
    }

    /// A life is in a state of this type.
    #[track_caller]
    pub fn then_in<S: State>(self, id: impl AsRef<str>) -> Self {
        let life = self.load::<S::Lifecycle>(id);
        if life.state().state().name != S::NAME {
            let expected = format!("state `{}`", S::DEFINITION.name);
            let got = format!("state `{}`", life.state().state().name);
            self.failed(format!("`{}`", life.stream()), expected, got);
        }
        self
    }

    /// A life's state is looked at by a function that panics if it is not as it should be.
    #[track_caller]
    pub fn then_state<L: Lifecycle>(self, id: impl AsRef<str>, look: impl FnOnce(&L)) -> Self {
        look(self.load::<L>(id).state());
        self
    }

    /// The last `when` put exactly these events on the log, in this order: each as the stream and
    /// the stored name, `parcel/7 parcel.requested`.
    #[track_caller]
    pub fn then_events<E: AsRef<str>>(self, events: impl IntoIterator<Item = E>) -> Self {
        let expected: Vec<_> = events.into_iter().map(|event| event.as_ref().to_owned()).collect();
        let got = match self.last {
            Some((first, last)) => self.events(first, last, false),
            None => Vec::new(),
        };
        if got != expected {
            let list = |events: &[String]| match events {
                [] => "no events".to_owned(),
                events => events.join(", "),
            };
            self.failed("the last commit".to_owned(), list(&expected), list(&got));
        }
        self
    }

    /// A view has exactly these rows, in bytewise order of their keys.
    #[track_caller]
    pub fn then_rows<K, T>(self, view: &str, rows: impl IntoIterator<Item = (K, T)>) -> Self
    where
        K: AsRef<[u8]>,
        T: DeserializeOwned + PartialEq + Debug,
    {
        let expected: Vec<_> =
            rows.into_iter().map(|(key, row)| (key.as_ref().to_vec(), row)).collect();
        let view_read = match self.bus.view::<T>(view) {
            Ok(read) => read,
            Err(error) => fail(&format!("`{view}` is not the name of a view: {error}")),
        };
        let got: Vec<_> = match view_read.scan("").collect::<Result<_, _>>() {
            Ok(rows) => rows,
            Err(error) => fail(&format!("view `{view}`: {}", told(&error))),
        };
        if got != expected {
            self.failed(format!("view `{view}`"), listed(&expected), listed(&got));
        }
        self
    }
}
