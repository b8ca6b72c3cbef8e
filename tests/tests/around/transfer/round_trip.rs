//! Any log, exported from one backend and imported into another, is the same log.

use proptest::collection::vec;
use proptest::prelude::*;
use vitae::store::{EventStore, ExpectedVersion};
use vitae::{CommitId, EventId, KindVersion, MemoryStore, Metadata, Timestamp};
use vitae_tests::{Draft, Subject, name, position};

use super::{body, everything, export, import, of_specimen};
use crate::support::{memory, sqlite};

/// An event: stream, kind, version of the kind, time, payload, tags, metadata, cause.
type Drawn = (u8, u8, u32, i64, Vec<u8>, Vec<String>, Vec<(String, String)>, Option<(u8, u32)>);

fn event() -> impl Strategy<Value = Drawn> {
    (
        0..4_u8,
        0..3_u8,
        prop_oneof![1..3_u32, Just(u32::MAX)],
        any::<i64>(),
        vec(prop_oneof![0..4_u8, any::<u8>()], 0..20),
        vec("[a-c\u{e9}\"\\\\]{1,3}", 0..3),
        vec((".{0,3}", ".{0,3}"), 0..3),
        proptest::option::of((any::<u8>(), any::<u32>())),
    )
}

/// Commits: their events, and how far back from the head the payloads stand that they erase. One
/// without events changes a row.
fn commits() -> impl Strategy<Value = Vec<(Vec<Drawn>, Vec<u64>)>> {
    vec((vec(event(), 0..4), vec(0..6_u64, 0..2)), 0..8)
}

fn write(store: &dyn EventStore, commits: &[(Vec<Drawn>, Vec<u64>)]) {
    for (number, (events, erasures)) in commits.iter().enumerate() {
        let mut draft = Draft::new();
        if events.is_empty() {
            let key = number.to_be_bytes();
            draft.row("v", &key, None, Some(b"row")).must(store);
            continue;
        }
        for (stream, kind, kind_version, at, payload, tags, metadata, cause) in events {
            let stream = format!("{}/\u{2603} {stream}", stream % 2);
            let id = vitae_tests::stream(&stream);
            let known = draft.0.streams.iter().position(|known| known.id == id);
            if known.is_none() {
                draft = draft.expecting(&stream, ExpectedVersion::Any);
            }
            draft = draft.event(&format!("kind {kind}"), payload);
            let event = draft.0.events.last_mut().unwrap();
            event.stream = known.unwrap_or(event.stream);
            event.kind_version = KindVersion::new(*kind_version).unwrap();
            event.occurred_at = Timestamp::from_micros(*at);
            tags.iter().for_each(|tag| event.tags.insert(&name(tag)));
            event.metadata = Metadata::new(&metadata.iter().cloned().collect()).unwrap();
            if let Some((cause, index)) = cause {
                event.correlation = CommitId::from_bytes([*cause; 16]);
                event.causation = Some(EventId { commit: event.correlation, index: *index });
            }
            let mut schema = vitae_tests::schema(&format!("kind {kind}"), "\"bytes\"");
            schema.version = event.kind_version;
            draft.0.schemas.push(schema);
        }
        let head = store.head().unwrap().map_or(0, |head| head.get());
        let back = erasures.iter().filter_map(|back| head.checked_sub(*back));
        draft.0.erasures = back.filter(|at| *at > 0).map(position).collect();
        draft.must(store);
    }
}

fn round_trip(source: &Subject, target: &Subject, commits: &[(Vec<Drawn>, Vec<u64>)]) {
    write(&**source, commits);
    let lines = export(&**source);
    let done = import(&lines, &**target).unwrap();
    let with_events = commits.iter().filter(|(events, _)| !events.is_empty()).count();
    assert_eq!((done.commits, done.known), (with_events as u64, 0));
    assert_eq!(everything(&**target), everything(&**source));
    assert_eq!(body(&export(&**target)), body(&lines));
    assert_eq!(target.verify().unwrap(), source.verify().unwrap());
    assert_eq!(import(&lines, &**target).unwrap().known, with_events as u64);
    assert_eq!(import(&lines, &**source).unwrap().known, with_events as u64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn in_memory(commits in commits()) {
        round_trip(&memory(), &memory(), &commits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn from_memory_to_a_file(commits in commits()) {
        round_trip(&memory(), &sqlite(), &commits);
    }

    #[test]
    fn from_a_file_to_memory(commits in commits()) {
        round_trip(&sqlite(), &memory(), &commits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever stands in the lines, the answer is typed and the log whole.
    #[test]
    fn a_changed_export_is_imported_or_refused(
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..4),
    ) {
        let (_, lines) = of_specimen();
        let mut bytes = lines.into_bytes();
        for (place, byte, how) in changes {
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let target = MemoryStore::new();
        let done = vitae::transfer::import(&mut bytes.as_slice(), &target);
        let events = target.verify().unwrap();
        prop_assert!(events == 6 || done.is_err());
    }
}
