//! What goes into a row comes out, and how much that is.

use rusqlite::Connection;
use vitae::EventId;
use vitae::store::{Digest, Payload};

use super::builder::{PAGE, ROW};
use super::*;
use crate::body::{Opening, Place};
use crate::sql;

/// The body of an event of a commit, with a payload of so many bytes.
fn body(commit: CommitId, index: u32, payload: usize) -> Vec<u8> {
    let header = vitae::store::EventHeader {
        position: 1,
        category: "a",
        stream: "b",
        version: 1,
        kind: "k",
        kind_version: 1,
        id: EventId { commit, index },
        occurred_at: 0,
        recorded_at: 0,
        correlation: commit.as_bytes(),
        causation: None,
        tags: &[],
        metadata: &[],
    };
    let place = match index {
        0 => Place::First(Opening { commit, digest: Digest(7), events: 9 }),
        later => Place::Later(later),
    };
    let mut bytes = Vec::new();
    body::encode(&mut bytes, &header, place, &Payload::from(vec![9; payload]));
    bytes
}

fn with_block(builder: &mut Builder, look: impl FnOnce(&Block<'_>)) {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql::FORMAT_1).unwrap();
    connection.execute(sql::INSERT_BLOCK, builder.columns()).unwrap();
    let mut select = connection.prepare(sql::LOG_FORWARDS).unwrap();
    let mut rows = select.query((1,)).unwrap();
    look(&Block::of(rows.next().unwrap().unwrap()).unwrap());
}

#[test]
fn what_was_put_in_comes_out() {
    let [one, other] = [CommitId::from_bytes([1; 16]), CommitId::from_bytes([2; 16])];
    // The end of a commit, and the beginning of the next.
    let ids = [(one, 3), (one, 4), (other, 0), (other, 1)];
    let most =
        Head { stream: u32::MAX.into(), version: MAX_VERSION, kind: 0xff_ffff, lag: i64::MIN };
    let least = Head { stream: 1, version: 1, kind: 1, lag: 0 };
    let mut builder = Builder::default();
    for (at, (commit, index)) in ids.into_iter().enumerate() {
        let head = if at == 1 { most } else { least };
        let bytes = body(commit, index, at * 100);
        let (id, position) = (EventId { commit, index }, 10 + at as u64);
        assert_eq!(builder.push(id, position, -5, head, &bytes), Some(10));
    }
    with_block(&mut builder, |block| {
        for (at, (commit, index)) in ids.into_iter().enumerate() {
            let event = block.at_position(10 + at as u64).unwrap().unwrap();
            let head = if at == 1 { most } else { least };
            assert_eq!((event.commit, event.body.place.index()), (commit, index));
            assert_eq!((event.stream, event.version), (head.stream, head.version));
            assert_eq!((event.kind, event.recorded_at), (head.kind, -5));
            assert_eq!(event.occurred_at, (-5_i64).wrapping_sub(head.lag));
            assert_eq!(event.bytes, body(commit, index, at * 100));
        }
        assert!(block.at_position(9).unwrap().is_none());
        assert!(block.at_position(14).unwrap().is_none());
        let found = block.of_stream(most.stream, MAX_VERSION).unwrap().unwrap();
        assert_eq!(found.position, 11);
        assert!(block.of_stream(most.stream, 1).unwrap().is_none());
    });
}

#[test]
fn a_number_for_which_there_is_no_room_is_not_taken() {
    let id = EventId { commit: CommitId::from_bytes([1; 16]), index: 0 };
    let fits = Head { stream: 1, version: 1, kind: 1, lag: 0 };
    for head in [
        Head { stream: i64::from(u32::MAX) + 1, ..fits },
        Head { stream: -1, ..fits },
        Head { version: MAX_VERSION + 1, ..fits },
        Head { kind: 0x100_0000, ..fits },
    ] {
        assert_eq!(Builder::default().push(id, 1, 0, head, &[]), None, "{head:?}");
    }
}

#[test]
fn a_number_takes_as_many_bytes_as_the_largest_of_its_row() {
    let id = EventId { commit: CommitId::from_bytes([1; 16]), index: 1 };
    for (number, lag) in [(1_u64, 0_i64), (255, -128), (256, 127), (65_535, -70_000), (1 << 24, 1)]
    {
        let small = Head { stream: 1, version: 1, kind: 1, lag: 0 };
        let large = Head { stream: number.cast_signed(), version: number, kind: 1, lag };
        let bytes = body(id.commit, 1, 10);
        let mut builder = Builder::default();
        for (position, head) in [(1, small), (2, large), (3, small)] {
            builder.push(id, position, 0, head, &bytes).unwrap();
        }
        let (_, _, row) = builder.columns();
        let width = |number: u64| (u64::BITS - number.leading_zeros()).div_ceil(8) as usize;
        let lag_bits = lag.unsigned_abs() * 2 - u64::from(lag < 0);
        let head = 2 + 2 * width(number) + 1 + width(lag_bits);
        assert_eq!(row.len(), 28 + 3 * (head + bytes.len()), "{number}, {lag}");
        with_block(&mut builder, |block| {
            for (position, head) in [(1, small), (2, large), (3, small)] {
                let event = block.at_position(position).unwrap().unwrap();
                assert_eq!((event.stream, event.version), (head.stream, head.version));
                assert_eq!((event.kind, event.occurred_at), (1, -head.lag));
            }
            let found = block.of_stream(large.stream, large.version).unwrap().unwrap();
            assert_eq!(found.version, large.version);
            assert!(block.of_stream(large.stream, large.version + 1).unwrap().is_none());
            assert!(block.of_stream(large.stream + (1 << 32), large.version).unwrap().is_none());
        });
    }
}

#[test]
fn events_share_a_row_until_the_page_is_full() {
    let (commit, head) =
        (CommitId::from_bytes([1; 16]), Head { stream: 1, version: 1, kind: 1, lag: 0 });
    let bytes = body(commit, 1, 100);
    let mut builder = Builder::default();
    let mut rows = Vec::new();
    for position in 1..=120 {
        // Between two transactions a row ends, wherever the page does.
        if !builder.takes(0, &head, bytes.len()) || position == 21 {
            rows.push(position);
            builder.columns();
            builder.clear();
        }
        builder.push(EventId { commit, index: 1 }, position, 0, head, &bytes).unwrap();
    }
    // The end, and a byte each for stream, version and kind.
    let event = 5 + bytes.len();
    let in_page = ((PAGE - ROW) / event) as u64;
    // The page that the first transaction has begun is filled by the second.
    let rest = ((PAGE - ROW - 20 * event - ROW) / event) as u64;
    assert!(rest > 0 && in_page > 20);
    assert_eq!(rows, [21, 21 + rest, 21 + rest + in_page, 21 + rest + 2 * in_page]);
    assert!(!builder.takes(1, &head, 0), "another time needs another row");
}
