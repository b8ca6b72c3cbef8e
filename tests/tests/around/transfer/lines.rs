//! What the lines look like.

use std::sync::Arc;

use vitae::store::EventStore;
use vitae::{CommitId, EventId, ManualClock, MemoryStore, Metadata, Timestamp};
use vitae_tests::{Draft, position};

use super::export;

#[test]
fn the_lines_of_a_known_log_never_change() {
    let clock = ManualClock::new(Timestamp::from_micros(1_763_900_000_000_000));
    let store = MemoryStore::new().with_clock(Arc::new(clock));
    let mut first = Draft::new().on("guest/1").event("named", b"\x03ada").tag("room:7");
    first.0.id = CommitId::from_bytes([1; 16]);
    first.0.events[0].correlation = first.0.id;
    let metadata = [("by".to_owned(), "desk".to_owned())].into();
    first.0.events[0].metadata = Metadata::new(&metadata).unwrap();
    first.must(&store);
    let mut second = Draft::new().on("guest/2").event("named", b"not a text");
    second = second.on("act/1").event("erased", b"\x00");
    second.0.id = CommitId::from_bytes([2; 16]);
    second.0.events[1].correlation = second.0.id;
    second.0.events[0].correlation = first.0.id;
    second.0.events[0].causation = Some(EventId { commit: first.0.id, index: 0 });
    second.0.erasures.push(position(1));
    second.must(&store);

    let id = store.log_id();
    let expected = format!(
        r#"{{"log":{{"format":"vitae-log","version":1,"id":"{id}","events":3}}}}
{{"schema":{{"kind":"named","version":1,"text":"\"bytes\""}}}}
{{"commit":{{"id":"01010101-0101-0101-0101-010101010101","position":1,"recorded_at":1763900000000000,"digest":"{first:016x}","events":[{{"category":"guest","stream":"1","version":1,"kind":"named","kind_version":1,"occurred_at":1760000000000000,"tags":["room:7"],"metadata":{{"by":"desk"}},"erased":"{digest:016x}"}}]}}}}
{{"schema":{{"kind":"erased","version":1,"text":"\"bytes\""}}}}
{{"commit":{{"id":"02020202-0202-0202-0202-020202020202","position":2,"recorded_at":1763900000000000,"digest":"{second:016x}","events":[{{"category":"guest","stream":"2","version":1,"kind":"named","kind_version":1,"occurred_at":1760000000000000,"correlation":"01010101-0101-0101-0101-010101010101","causation":{{"commit":"01010101-0101-0101-0101-010101010101","index":0}},"payload":"bm90IGEgdGV4dA=="}},{{"category":"act","stream":"1","version":1,"kind":"erased","kind_version":1,"occurred_at":1760000000000000,"payload":"AA==","shown":[]}}]}}}}
"#,
        first = first.0.digest().0,
        second = second.0.digest().0,
        digest = vitae::store::PayloadDigest::of(b"\x03ada").0,
    );
    assert_eq!(export(&store), expected);
}

#[test]
fn a_large_payload_is_not_shown() {
    let store = MemoryStore::new();
    for length in [65_533_u32, 65_534] {
        let payload = postcard::to_allocvec(&vec![7_u8; length as usize]).unwrap();
        Draft::new().on("a/1").event("x", &payload).must(&store);
    }
    let lines = export(&store);
    let shown: Vec<bool> =
        lines.lines().skip(2).map(|line| line.contains("\"shown\":[7,7,")).collect();
    assert_eq!(shown, [true, false]);
}

#[test]
fn an_export_says_what_it_wrote_and_what_it_could_not() {
    let (store, lines) = super::of_specimen();
    let exported = vitae::transfer::export(&store, &mut std::io::sink()).unwrap();
    assert_eq!((exported.commits, exported.events), (4, 6));
    assert_eq!(lines.lines().filter(|line| line.starts_with("{\"commit\"")).count(), 4);
    // A disk that is full in the midst of it.
    let mut little = vec![0; lines.len() / 2];
    let error = vitae::transfer::export(&store, &mut &mut little[..]).unwrap_err();
    assert!(matches!(error, vitae::transfer::ExportError::Write(_)), "{error:?}");
}
