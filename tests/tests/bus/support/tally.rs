//! A lifecycle whose states can be kept: it adds up, and remembers what and when.

use serde::{Deserialize, Serialize};
use vitae::store::{Commit, EventStore, Snapshot};
use vitae::{Bus, CommitId, Context, Lifecycle, Schema, Snapshots};
use vitae_tests::stream;

use super::{Added, Ended, bus};

#[derive(Lifecycle, Schema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[lifecycle(name = "tally")]
pub enum Tally {
    #[state(initial)]
    #[on(Added => Sum)]
    Zero,

    #[on(Added => Sum, Ended => Total)]
    Sum(Sum),

    #[state(terminal)]
    Total(Total),
}

#[derive(Schema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Sum {
    pub total: u64,
    pub ids: Vec<String>,
}

#[derive(Schema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Total {
    pub total: u64,
}

impl TallyTransitions for Tally {
    fn zero_on_added(_: Zero, event: &Added, context: &Context) -> Sum {
        Sum { total: event.by, ids: vec![context.event_id().to_string()] }
    }

    fn sum_on_added(mut from: Sum, event: &Added, context: &Context) -> Sum {
        from.total = from.total.saturating_add(event.by);
        from.ids.push(context.event_id().to_string());
        from
    }

    fn sum_on_ended(from: Sum, _: &Ended, _: &Context) -> Total {
        Total { total: from.total }
    }
}

impl Tally {
    pub(crate) fn total(&self) -> u64 {
        match self {
            Self::Zero => 0,
            Self::Sum(Sum { total, .. }) | Self::Total(Total { total }) => *total,
        }
    }
}

/// A bus that takes and uses snapshots of tallies.
pub(crate) fn keeping(store: std::sync::Arc<dyn EventStore>, every: u64) -> Bus {
    Bus::builder(store).snapshots(Snapshots::of::<Tally>().every(every)).open().unwrap()
}

/// Adds numbers to a tally, in one commit.
pub(crate) fn tally(bus: &Bus, id: &str, numbers: impl IntoIterator<Item = u64>) {
    let tally = bus.load::<Tally>(id).unwrap();
    let add = |tally: vitae::Aggregate<Tally>, by| tally.record(Added { by }).unwrap();
    bus.commit(numbers.into_iter().fold(tally, add)).unwrap();
}

/// A tally as every event of it says.
pub(crate) fn replayed(log: &vitae_tests::Subject, id: &str) -> Tally {
    bus(log).load::<Tally>(id).unwrap().state().clone()
}

/// The snapshot of a tally.
pub(crate) fn kept(store: &dyn EventStore, id: &str) -> Option<Snapshot> {
    store.snapshot(&stream(&format!("tally/{id}"))).unwrap()
}

/// Puts another snapshot in the place of that of a tally.
pub(crate) fn plant(store: &dyn EventStore, id: &str, change: impl FnOnce(&mut Snapshot)) {
    let mut snapshot = kept(store, id).unwrap();
    change(&mut snapshot);
    let mut commit = Commit::new(CommitId::generate());
    commit.snapshots.push(snapshot);
    store.append(commit).wait().unwrap();
}

/// A state that no events lead to.
pub(crate) fn forged(total: u64) -> Vec<u8> {
    postcard::to_allocvec(&Tally::Sum(Sum { total, ids: Vec::new() })).unwrap()
}
