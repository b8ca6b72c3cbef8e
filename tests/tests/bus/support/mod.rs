//! The stores under test, a double that interferes, and the lives they hold.

mod double;
mod lives;
mod outside;
mod stores;
mod tally;

use std::time::{Duration, Instant};

use vitae::store::{Commit, EventStore, NewEvent, StreamAppend};
use vitae::{Bus, CommitId, KindVersion, Lifecycle, Timestamp};
use vitae_tests::{Subject, name, stream};

pub(crate) use double::Double;
pub(crate) use lives::*;
#[allow(unused_imports, reason = "not every test that shares this folder has effects")]
pub(crate) use outside::*;
pub(crate) use stores::*;
#[allow(unused_imports, reason = "not every test that shares this folder has tallies")]
pub(crate) use tally::*;

/// A bus with nothing registered.
pub(crate) fn bus(log: &Subject) -> Bus {
    Bus::open(log.shared()).unwrap()
}

/// Waits for something that another thread does.
#[allow(dead_code, reason = "not every test that shares this folder has threads")]
pub(crate) fn until(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it did not come");
        std::thread::yield_now();
    }
}

/// The kinds in the log, in order, each with its stream.
pub(crate) fn log_of(store: &dyn EventStore) -> Vec<String> {
    let seen = vitae_tests::read_all(store).into_iter();
    seen.map(|event| format!("{} {}", event.stream, event.kind)).collect()
}

/// Puts an event into a stream behind the back of its lifecycle: whatever its kind, its version and
/// its bytes, with the schema that the lifecycle has for it or another text.
pub(crate) fn smuggle<L: Lifecycle>(
    store: &dyn EventStore,
    id: &str,
    (kind, version): (&str, u32),
    payload: &[u8],
) {
    let mut commit = Commit::new(CommitId::generate());
    let version = KindVersion::new(version).unwrap();
    let known = L::DEFINITION
        .events
        .iter()
        .flat_map(|event| (event.schemas)().unwrap())
        .find(|schema| schema.kind.as_str() == kind && schema.version == version);
    commit.schemas.push(known.unwrap_or_else(|| {
        let mut schema = vitae_tests::schema(kind, "\"bytes\"");
        schema.version = version;
        schema
    }));
    commit.streams.push(StreamAppend {
        id: stream(&format!("{}/{id}", L::DEFINITION.name)),
        expected: vitae::store::ExpectedVersion::Any,
    });
    commit.events.push(NewEvent {
        stream: 0,
        kind: name(kind),
        kind_version: version,
        occurred_at: Timestamp::from_micros(7),
        correlation: commit.id,
        causation: None,
        tags: vitae::store::NameList::default(),
        metadata: vitae::store::Metadata::default(),
        payload: payload.to_vec().into(),
    });
    store.append(commit).wait().unwrap();
}
