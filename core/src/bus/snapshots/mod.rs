//! Snapshots of lives: which lifecycles have them, and how a state becomes bytes and a state again.
//!
//! Owns the taking of snapshots, the judging of those that are there, and what is told of them. Never
//! lets one be the truth: whatever speaks against a snapshot, the events are read instead.

mod report;
mod resume;
mod take;

pub use report::{PassedOver, PassedOverReason, SnapshotUse};
pub use take::SnapshotError;

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::OpenError;
use crate::lifecycle::Lifecycle;
use crate::name::Name;
use crate::schema::Schema;

/// Snapshots of the lives of a lifecycle, so that loading a long one need not read all its events.
///
/// The lifecycle derives serde's traits and [`Schema`](derive@crate::Schema) beside
/// [`Lifecycle`](derive@crate::Lifecycle), and so do its states. A snapshot is taken in the commit
/// that carries a life over a multiple of [`every`](Self::every), or when
/// [`Bus::take_snapshot`](crate::Bus::take_snapshot) asks for one; of each life the newest is kept.
///
/// A snapshot is never the truth. One is used only if it is undamaged, its state has the schema and
/// the [`revision`](Self::revision) of this program, all of it decodes, and the event that it was
/// taken after stands in the log, and its state can take those behind it. Else it is passed over, every event of the life is read, and
/// [`Bus::snapshots`](crate::Bus::snapshots) and a warning (through [`tracing`]) say so. The next one
/// that is due takes its place.
///
/// # When a snapshot is out of date
/// A state that has another shape is noticed. What a shape does not show is not: if the bodies of the
/// lifecycle, or the upcast of one of its events, now lead from the same events to another state,
/// **raise the revision**. So does, once and for all, each choice of parameters of a generic
/// lifecycle, if several choices share a log: give each a revision of its own.
///
/// ```
/// # use std::sync::Arc;
/// use serde::{Deserialize, Serialize};
/// # use vitae::{Bus, Context, Event, MemoryStore};
/// use vitae::{Lifecycle, Schema, Snapshots};
/// # #[derive(Event, Serialize, Deserialize)]
/// # #[event(name = "account.deposit")]
/// # struct Deposited { cents: u64 }
///
/// #[derive(Lifecycle, Schema, Serialize, Deserialize)]
/// #[lifecycle(name = "account")]
/// enum Account {
///     #[state(initial)]
///     #[on(Deposited => Open)]
///     Open(Open),
/// }
///
/// #[derive(Schema, Serialize, Deserialize, Clone, Default)]
/// struct Open {
///     cents: u64,
/// }
/// # impl AccountTransitions for Account {
/// #     fn open_on_deposited(from: Open, event: &Deposited, _: &Context) -> Open {
/// #         Open { cents: from.cents + event.cents }
/// #     }
/// # }
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let store = Arc::new(MemoryStore::new());
///
/// let snapshots = Snapshots::of::<Account>().every(100).revision(2);
/// let bus = Bus::builder(store).snapshots(snapshots).open()?;
/// # bus.commit(bus.load::<Account>("7")?.record(Deposited { cents: 1 })?)?;
/// # assert_eq!(bus.take_snapshot::<Account>("7")?.get(), 1);
/// # Ok(())
/// # }
/// ```
#[must_use = "add it to a bus with `BusBuilder::snapshots`"]
pub struct Snapshots {
    lifecycle: TypeId,
    name: &'static str,
    every: Option<NonZeroU64>,
    revision: u32,
    schema: Arc<str>,
    /// The [`Codec`] of the lifecycle.
    codec: Box<dyn Any + Send + Sync>,
}

/// How a state becomes bytes, and bytes a state: what is known of a lifecycle where it is set up, and
/// not where it is loaded.
struct Codec<L> {
    encode: fn(&L) -> Result<Vec<u8>, postcard::Error>,
    decode: fn(&[u8]) -> Option<L>,
}

impl Snapshots {
    /// Snapshots of a lifecycle, taken on demand only and of revision 0 unless said otherwise.
    pub fn of<L: Lifecycle + Schema + Serialize + DeserializeOwned>() -> Self {
        Self {
            lifecycle: TypeId::of::<L>(),
            name: L::DEFINITION.name,
            every: None,
            revision: 0,
            schema: L::SHAPE.to_json().into(),
            codec: Box::new(Codec::<L> {
                encode: |state| postcard::to_allocvec(state),
                decode: |bytes| match postcard::take_from_bytes(bytes) {
                    Ok((state, [])) => Some(state),
                    _ => None,
                },
            }),
        }
    }

    /// Takes one each time a life comes to a multiple of so many events, or goes over it: in the
    /// commit that does it, of the state after that commit. 0 is never.
    pub const fn every(mut self, events: u64) -> Self {
        self.every = NonZeroU64::new(events);
        self
    }

    /// Says which rules lead to the states. Snapshots of another revision, higher or lower, are passed
    /// over. Raise it when a body or an upcast has changed so that the same events lead to another
    /// state.
    pub const fn revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    fn codec<L: Lifecycle>(&self) -> Option<&Codec<L>> {
        self.codec.downcast_ref()
    }
}

impl fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshots")
            .field("lifecycle", &self.name)
            .field("every", &self.every)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// The snapshots of a bus.
pub(super) struct Registry {
    by_lifecycle: HashMap<TypeId, Snapshots>,
    /// The largest that the store takes, as far as it has said.
    max_bytes: AtomicUsize,
    seen: Mutex<SnapshotUse>,
}

impl Registry {
    pub(super) fn new(snapshots: Vec<Snapshots>) -> Result<Self, OpenError> {
        let mut names = HashSet::new();
        for Snapshots { name, .. } in &snapshots {
            if !names.insert(*name) {
                let name = Name::from_static(name)?;
                return Err(OpenError::Repeated { what: "lifecycles with snapshots", name });
            }
        }
        let by_lifecycle = snapshots.into_iter().map(|it| (it.lifecycle, it)).collect();
        let max_bytes = AtomicUsize::new(usize::MAX);
        Ok(Self { by_lifecycle, max_bytes, seen: Mutex::default() })
    }

    /// What was set up for a lifecycle.
    fn of<L: Lifecycle>(&self) -> Option<&Snapshots> {
        self.by_lifecycle.get(&TypeId::of::<L>())
    }
}
