//! Projections: read models over view rows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::view::decode_row;
use super::{HandlerError, OpenError};
use crate::event::{self, Event, decode};
use crate::lifecycle::Context;
use crate::name::Name;
use crate::number::RowVersion;
use crate::store::{EventStore, ReadError, RowChange};

type Handler =
    Box<dyn Fn(u32, &[u8], &Context, &mut Rows<'_>) -> Result<(), HandlerError> + Send + Sync>;

/// An inline projection: rows of one view that change in the commit of the events they are computed
/// from.
///
/// A handler sees one event and the rows of its own view. It may be asked several times for one
/// event (when a row turns out to be stale, when the view is rebuilt), so it must depend on nothing
/// else. Its error rejects the commit.
///
/// ```
/// # use std::sync::Arc;
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Bus, Event, Lifecycle, MemoryStore, Projection};
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "order.paid")]
/// # struct Paid { cents: u64 }
/// # #[derive(Lifecycle, Clone)]
/// # #[lifecycle(name = "order")]
/// # enum Order {
/// #     #[state(initial)]
/// #     #[on(Paid => Settled)]
/// #     Open,
/// #     #[state(terminal)]
/// #     Settled,
/// # }
/// # impl OrderTransitions for Order {}
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let takings = Projection::new("takings").on(|event: &Paid, _, rows| {
///     let so_far: u64 = rows.get("all")?.unwrap_or(0);
///     rows.put("all", &(so_far + event.cents))
/// });
/// let bus = Bus::builder(Arc::new(MemoryStore::new())).projection(takings).open()?;
///
/// bus.commit(bus.load::<Order>("7")?.record(Paid { cents: 4_200 })?)?;
/// assert_eq!(bus.view::<u64>("takings")?.get("all")?, Some(4_200));
/// # Ok(())
/// # }
/// ```
pub struct Projection {
    view: String,
    handlers: HashMap<&'static str, Handler>,
    /// The schemas of the events it handles.
    pub(super) events: Vec<event::Schemas>,
}

impl fmt::Debug for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projection").field("view", &self.view).finish_non_exhaustive()
    }
}

impl Projection {
    /// A projection into a view that handles no event yet. The view's name is checked when the bus
    /// opens: no other projection of the bus may have it.
    #[must_use]
    pub fn new(view: impl Into<String>) -> Self {
        Self { view: view.into(), handlers: HashMap::new(), events: Vec::new() }
    }

    /// What an event of a kind does to the rows. A kind has one handler: the last one given.
    #[must_use]
    pub fn on<E: Event>(
        mut self,
        handler: impl Fn(&E, &Context, &mut Rows<'_>) -> Result<(), HandlerError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        let handler: Handler = Box::new(move |version, payload, context, rows| {
            handler(&decode::<E>(version, payload)?, context, rows)
        });
        self.handlers.insert(E::KIND, handler);
        self.events.push(event::schemas::<E>);
        self
    }
}

/// A projection that was checked.
pub(super) struct Checked {
    pub(super) view: Name,
    handlers: HashMap<&'static str, Handler>,
}

impl Checked {
    pub(super) fn kinds(&self) -> impl Iterator<Item = Name> {
        self.handlers.keys().filter_map(|kind| Name::from_static(kind).ok())
    }

    pub(super) fn apply(
        &self,
        kind: &str,
        version: u32,
        payload: &[u8],
        context: &Context,
        rows: &mut Rows<'_>,
    ) -> Result<(), HandlerError> {
        match self.handlers.get(kind) {
            Some(handler) => handler(version, payload, context, rows),
            None => Ok(()),
        }
    }
}

/// The projections of a bus.
pub(super) struct Projections(pub(super) Vec<Checked>);

impl Projections {
    pub(super) fn new(projections: Vec<Projection>) -> Result<Self, OpenError> {
        let mut names = HashSet::new();
        let mut checked = Vec::new();
        for Projection { view, handlers, .. } in projections {
            let view = Name::new(view)?;
            if !names.insert(view.clone()) {
                return Err(OpenError::Repeated { what: "projections", name: view });
            }
            checked.push(Checked { view, handlers });
        }
        Ok(Self(checked))
    }

    pub(super) fn find(&self, view: &str) -> Option<&Checked> {
        self.0.iter().find(|projection| projection.view.as_str() == view)
    }
}

/// The rows of a view, as a handler sees them: those in the store, with what the commit under way
/// has changed.
pub struct Rows<'a> {
    view: &'a Name,
    store: Option<&'a dyn EventStore>,
    seen: BTreeMap<Vec<u8>, Row>,
}

/// A row that was read or written.
#[derive(Default)]
struct Row {
    version: Option<RowVersion>,
    value: Option<Vec<u8>>,
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("view", self.view).finish_non_exhaustive()
    }
}

impl<'a> Rows<'a> {
    /// The rows of the store's view.
    pub(super) const fn of_store(view: &'a Name, store: &'a dyn EventStore) -> Self {
        Self { view, store: Some(store), seen: BTreeMap::new() }
    }

    /// A view that is empty at first, whatever the store has.
    pub(super) const fn empty(view: &'a Name) -> Self {
        Self { view, store: None, seen: BTreeMap::new() }
    }

    /// Reads a row.
    ///
    /// # Errors
    /// If the store cannot be read, or the row is not a `T`.
    pub fn get<T: DeserializeOwned>(
        &mut self,
        key: impl AsRef<[u8]>,
    ) -> Result<Option<T>, HandlerError> {
        match &self.row(key.as_ref())?.value {
            Some(value) => Ok(Some(decode_row(value)?)),
            None => Ok(None),
        }
    }

    /// Writes a row. The same value should always be the same bytes: a `BTreeMap` is, a `HashMap` is
    /// not, and a rebuild would find it changed.
    ///
    /// # Errors
    /// If the store cannot be read, or serde refuses the value.
    pub fn put<T: Serialize>(
        &mut self,
        key: impl AsRef<[u8]>,
        value: &T,
    ) -> Result<(), HandlerError> {
        let value = postcard::to_allocvec(value)?;
        self.set(key.as_ref(), Some(value))
    }

    /// Deletes a row. One that is not there stays so.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn delete(&mut self, key: impl AsRef<[u8]>) -> Result<(), HandlerError> {
        self.set(key.as_ref(), None)
    }

    fn set(&mut self, key: &[u8], value: Option<Vec<u8>>) -> Result<(), HandlerError> {
        self.row(key)?.value = value;
        Ok(())
    }

    fn row(&mut self, key: &[u8]) -> Result<&mut Row, ReadError> {
        let stored = match self.store {
            Some(store) if !self.seen.contains_key(key) => store.row(self.view, key)?,
            _ => None,
        };
        let row = self.seen.entry(key.to_vec()).or_default();
        if let Some(stored) = stored {
            row.version = Some(stored.version);
            row.value = Some(stored.value);
        }
        Ok(row)
    }

    /// What the commit has to change.
    ///
    /// Every row that was looked at is among it, changed or not: the others were computed from it,
    /// so the commit must not be taken if somebody else has changed it meanwhile.
    pub(super) fn into_changes(self) -> impl Iterator<Item = RowChange> {
        let view = self.view.clone();
        self.seen.into_iter().map(move |(key, row)| RowChange {
            view: view.clone(),
            key,
            expected: row.version,
            value: row.value,
        })
    }

    /// The rows themselves, ordered by key.
    pub(super) fn into_values(self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let present = |(key, row): (Vec<u8>, Row)| row.value.map(|value| (key, value));
        self.seen.into_iter().filter_map(present).collect()
    }
}
