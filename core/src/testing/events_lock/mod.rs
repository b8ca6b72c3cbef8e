//! The schemas of an event set in a file beside the code.

mod error;
mod file;

pub use error::{EventsLockError, LockDifference};

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::fail;
use crate::event::{self, Event};
use crate::lifecycle::Lifecycle;
use crate::name::InvalidName;
use crate::store::RegisteredSchema;

/// Set to [`WRITE`], makes [`EventsLock::check`] write the file.
const VARIABLE: &str = "VITAE_EVENTS_LOCK";

/// What [`VARIABLE`] is set to.
const WRITE: &str = "write";

/// Schemas by kind and version.
type Schemas = BTreeMap<(String, u32), String>;

/// The schemas of an event set, to be held against a file that stands under version control: a
/// changed event is then a changed line for somebody to see, and a shape that changes under its
/// version fails a test before it meets a log.
///
/// The file has a line for every version of every event, ordered by stored name and version:
///
/// ```text
/// order.placed 1 {"struct":[["cents","u64"]]}
/// ```
///
/// It is written by running the test with `VITAE_EVENTS_LOCK=write`.
///
/// It holds the events of one build: an event that is there only under a `cfg`, such as a feature, by
/// itself or by its edges, makes the lock differ between builds. Give each build a file of its own,
/// or run the test in one of them only.
///
/// ```no_run
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Event, Lifecycle};
/// use vitae::testing::EventsLock;
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "lamp.on")]
/// # struct On;
/// # #[derive(Lifecycle)]
/// # #[lifecycle(name = "lamp")]
/// # enum Lamp {
/// #     #[state(initial)]
/// #     #[on(On => Bright)]
/// #     Dark,
/// #     #[state(terminal)]
/// #     Bright,
/// # }
/// # impl LampTransitions for Lamp {}
///
/// // With `#[test]` in front.
/// fn the_events_are_as_they_were() {
///     let file = concat!(env!("CARGO_MANIFEST_DIR"), "/events.lock");
///     EventsLock::new().lifecycle::<Lamp>().assert(file);
/// }
/// ```
#[derive(Clone, Default, Debug)]
pub struct EventsLock {
    schemas: Schemas,
    /// What stands in the way of a lock, noticed while events were added.
    faults: Vec<LockDifference>,
    invalid: Option<InvalidName>,
}

impl EventsLock {
    /// No events.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the events of a lifecycle, in every version.
    #[must_use]
    pub fn lifecycle<L: Lifecycle>(self) -> Self {
        L::DEFINITION.events.iter().fold(self, |lock, event| lock.with((event.schemas)()))
    }

    /// Adds an event of no lifecycle, in every version.
    #[must_use]
    pub fn event<E: Event>(self) -> Self {
        self.with(event::schemas::<E>())
    }

    fn with(mut self, schemas: Result<Vec<RegisteredSchema>, InvalidName>) -> Self {
        match schemas {
            Ok(schemas) => schemas.into_iter().for_each(|schema| self.add(&schema)),
            Err(error) => self.invalid = Some(error),
        }
        self
    }

    fn add(&mut self, added: &RegisteredSchema) {
        let event = (added.kind.as_str().to_owned(), added.version.get());
        let here = added.schema.to_string();
        match self.schemas.get(&event) {
            Some(there) if *there != here => self.faults.push(LockDifference::TwoShapes {
                kind: event.0,
                version: event.1,
                shapes: [there.clone(), here],
            }),
            _ => drop(self.schemas.insert(event, here)),
        }
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        file::text(&self.schemas)
    }

    /// Holds the events against a file; or, with `VITAE_EVENTS_LOCK=write` in the environment,
    /// [writes](Self::write) it.
    ///
    /// # Errors
    /// [`EventsLockError`], with all differences at once.
    pub fn check(&self, file: impl AsRef<Path>) -> Result<(), EventsLockError> {
        if std::env::var_os(VARIABLE).is_some_and(|value| value == WRITE) {
            return self.write(file);
        }
        self.valid()?;
        let path = file.as_ref();
        let differences = differences(&file::read(path)?, &self.schemas);
        if differences.is_empty() {
            return Ok(());
        }
        Err(EventsLockError::Differs { path: path.to_owned(), differences })
    }

    /// [`check`](Self::check), for a test: fails it with what is wrong.
    ///
    /// # Panics
    /// If `check` gives an error.
    #[track_caller]
    pub fn assert(&self, file: impl AsRef<Path>) {
        if let Err(error) = self.check(file) {
            fail(&super::told(&error));
        }
    }

    /// Writes the file: as a whole, or not at all.
    ///
    /// # Errors
    /// [`EventsLockError`], if one event has two shapes here, or the file cannot be written.
    pub fn write(&self, file: impl AsRef<Path>) -> Result<(), EventsLockError> {
        self.valid()?;
        file::write(file.as_ref(), &self.text())
    }

    fn valid(&self) -> Result<(), EventsLockError> {
        match (self.invalid, self.faults.as_slice()) {
            (Some(error), _) => Err(EventsLockError::InvalidName(error)),
            (None, []) => Ok(()),
            (None, faults) => Err(EventsLockError::Contradiction(faults.to_vec())),
        }
    }
}

/// What differs, ordered by kind and version.
fn differences(locked: &Schemas, here: &Schemas) -> Vec<LockDifference> {
    let events: BTreeSet<_> = locked.keys().chain(here.keys()).collect();
    let difference = |event: &(String, u32)| {
        let (kind, version) = (event.0.clone(), event.1);
        match (locked.get(event), here.get(event)) {
            (Some(locked), Some(here)) if locked != here => {
                let (locked, here) = (locked.clone(), here.clone());
                Some(LockDifference::Changed { kind, version, locked, here })
            }
            (None, Some(_)) => Some(LockDifference::New { kind, version }),
            (Some(_), None) => Some(LockDifference::Removed { kind, version }),
            _ => None,
        }
    };
    events.into_iter().filter_map(difference).collect()
}
