//! Random commands.
//!
//! Owns how likely what is. Most commits can be taken, or the log would stay empty.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Just, any};
use proptest::prop_oneof;
use proptest::sample::{Index, subsequence};
use proptest::strategy::Strategy;
use vitae::store::{ExpectedVersion, Payload, Query, QueryItem, Read};
use vitae::{GlobalPosition, KindVersion, StreamVersion};
use vitae_tests::{name, stream};

use crate::act::{Act, ROOMY};
use crate::alphabet::{
    CATEGORIES, CHECKPOINTS, KEYS, KINDS, STREAMS, TAGS, VIEWS, keys, one_of, some_of, streams,
};
use crate::flaw::flaws;
use crate::plan::{Computed, Event, Expect, Keep, Move, Place, Plan, Row};

/// A command, and the handle that it goes to.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) handle: usize,
    pub(crate) command: Command,
}

#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// Handed over one after the other, without waiting.
    Append(Vec<Attempt>),
    Ask(Act),
    /// Asks for the receipt of a commit that was tried.
    AskReceipt(Index),
    Reopen,
    /// Sets the clocks, also back.
    SetClock(i64),
}

#[derive(Clone, Debug)]
pub(crate) enum Attempt {
    New(Plan),
    /// One that was tried before, as it was or with other content.
    Again {
        nth: Index,
        changed: bool,
    },
}

pub(crate) fn steps() -> impl Strategy<Value = Step> {
    let command = prop_oneof![
        10 => vec(attempts(), 1..=4).prop_map(Command::Append),
        6 => questions().prop_map(Command::Ask),
        1 => any::<Index>().prop_map(Command::AskReceipt),
        1 => Just(Command::Reopen),
        1 => any::<i64>().prop_map(Command::SetClock),
    ];
    (0..12_usize, command).prop_map(|(handle, command)| Step { handle, command })
}

fn attempts() -> impl Strategy<Value = Attempt> {
    prop_oneof![
        5 => plans().prop_map(Attempt::New),
        1 => (any::<Index>(), any::<bool>())
            .prop_map(|(nth, changed)| Attempt::Again { nth, changed }),
    ]
}

fn plans() -> impl Strategy<Value = Plan> {
    let streams = subsequence(&STREAMS[..], 1..=3).prop_shuffle().prop_flat_map(|ids| {
        let expects = vec(expects(), ids.len());
        expects.prop_map(move |expects| {
            ids.iter().map(|id| stream(id)).zip(expects).collect::<Vec<_>>()
        })
    });
    let rows = subsequence(&KEYS[..], 0..=2).prop_flat_map(|keys| {
        keys.into_iter().map(|key| rows(Just(key.to_vec()))).collect::<Vec<_>>()
    });
    let checkpoints = subsequence(&CHECKPOINTS[..], 0..=2)
        .prop_flat_map(|names| names.into_iter().map(moves).collect::<Vec<_>>());
    let snapshots = subsequence(&STREAMS[..], 1..=2)
        .prop_flat_map(|ids| ids.into_iter().map(keeps).collect::<Vec<_>>());
    (
        streams,
        prop_oneof![1 => Just(Vec::new()), 9 => vec(events(), 1..=4)],
        prop_oneof![3 => Just(Vec::new()), 1 => vec((queries(), places()), 1..=2)],
        prop_oneof![2 => Just(Vec::new()), 1 => checkpoints],
        prop_oneof![1 => Just(Vec::new()), 1 => rows],
        prop_oneof![1 => Just(Vec::new()), 1 => snapshots],
        prop_oneof![5 => Just(Vec::new()), 1 => vec(erasures(), 1..=3)],
        option::weighted(0.1, flaws()),
    )
        .prop_map(
            |(streams, events, conditions, checkpoints, rows, snapshots, erasures, flaw)| Plan {
                streams,
                events,
                conditions,
                checkpoints,
                rows,
                snapshots,
                erasures,
                flaw,
            },
        )
}

fn expects() -> impl Strategy<Value = Expect> {
    let version = || (1..6_u64).prop_map(|version| StreamVersion::new(version).unwrap());
    prop_oneof![
        6 => Just(Expect::Right),
        4 => Just(Expect::Perhaps(ExpectedVersion::Any)),
        1 => Just(Expect::Perhaps(ExpectedVersion::NoStream)),
        1 => Just(Expect::Perhaps(ExpectedVersion::StreamExists)),
        1 => version().prop_map(|version| Expect::Perhaps(ExpectedVersion::Exact(version))),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    (
        0..3_usize,
        one_of(&KINDS),
        1..3_u32,
        any::<i64>(),
        any::<bool>(),
        some_of(&TAGS, 3),
        btree_map("[km]", "v{0,3}", 0..2),
        payloads(),
    )
        .prop_map(|(stream, kind, version, occurred_at, caused, tags, metadata, payload)| {
            Event {
                stream,
                kind,
                kind_version: KindVersion::new(version).unwrap(),
                occurred_at,
                caused,
                tags,
                metadata,
                payload,
            }
        })
}

/// Some of them come erased.
fn payloads() -> impl Strategy<Value = Payload> {
    (vec(any::<u8>(), 0..=8), proptest::bool::weighted(0.02)).prop_map(|(bytes, erased)| {
        let payload = Payload::from(bytes);
        if erased { Payload::erased(payload.digest()) } else { payload }
    })
}

fn places() -> impl Strategy<Value = Place> {
    prop_oneof![
        1 => Just(Place::Nowhere),
        6 => (0..5_u64).prop_map(Place::Back),
        1 => prop_oneof![0..5_u64, Just(u64::MAX)].prop_map(Place::Beyond),
    ]
}

fn moves(to: &'static str) -> impl Strategy<Value = Move> {
    (proptest::bool::weighted(0.9), places(), option::of(proptest::bool::weighted(0.8)), cursors())
        .prop_map(move |(right, place, checksum, cursor)| Move {
            name: name(to),
            right,
            to: place,
            checksum,
            cursor,
        })
}

fn cursors() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=2)
}

fn rows(keys: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Row> {
    let expected = prop_oneof![
        9 => Just(Computed::Fresh),
        1 => Just(Computed::Stale),
        1 => Just(Computed::Absent),
        1 => Just(Computed::Never),
    ];
    let value = option::weighted(0.7, vec(any::<u8>(), 0..=8));
    (one_of(&VIEWS), keys, expected, value).prop_map(|(view, key, expected, value)| Row {
        view,
        key,
        expected,
        value,
    })
}

fn keeps(of: &'static str) -> impl Strategy<Value = Keep> {
    (places(), vec(any::<u8>(), 0..=8)).prop_map(move |(at, state)| Keep {
        stream: stream(of),
        at,
        state,
    })
}

fn erasures() -> impl Strategy<Value = Place> {
    prop_oneof![
        12 => (0..12_u64).prop_map(Place::Back),
        1 => (0..3_u64).prop_map(Place::Beyond),
    ]
}

/// Questions, with whatever arguments.
pub(crate) fn questions() -> impl Strategy<Value = Act> {
    let limit = || prop_oneof![0..5_usize, Just(usize::MAX)];
    prop_oneof![
        8 => reads().prop_map(Act::Read),
        2 => (one_of(&CATEGORIES), option::of(one_of(&["1", "10", "11", "é"])), limit())
            .prop_map(|(category, after, limit)| Act::Streams { category, after, limit }),
        1 => Just(Act::Schemas),
        1 => one_of(&CHECKPOINTS).prop_map(Act::Checkpoint),
        1 => streams().prop_map(Act::Snapshot),
        1 => (one_of(&VIEWS), keys()).prop_map(|(view, key)| Act::Row { view, key }),
        2 => (one_of(&VIEWS), keys(), option::of(keys()), limit())
            .prop_map(|(view, prefix, after, limit)| Act::Rows { view, prefix, after, limit }),
        1 => Just(Act::Verify),
    ]
}

fn reads() -> impl Strategy<Value = Read> {
    let number = || prop_oneof![9 => 1..40_u64, 1 => Just(u64::MAX)];
    let version = number().prop_map(|number| StreamVersion::new(number).unwrap());
    let position = number().prop_map(|number| GlobalPosition::new(number).unwrap());
    let of_stream = (streams(), option::of(version)).prop_map(|(id, from)| match from {
        Some(from) => Read::stream(id).from_version(from),
        None => Read::stream(id),
    });
    let of_log = (queries(), option::of(position)).prop_map(|(query, from)| match from {
        Some(from) => Read::log(query).from_position(from),
        None => Read::log(query),
    });
    let bytes = prop_oneof![4 => Just(ROOMY), 1 => 0..300_usize];
    let read = prop_oneof![1 => of_stream, 2 => of_log];
    (read, any::<bool>(), prop_oneof![0..4_usize, Just(1_000)], bytes).prop_map(
        |(read, backwards, events, bytes)| {
            let mut read = read.page_of(events);
            read.max_bytes = bytes;
            if backwards { read.backwards() } else { read }
        },
    )
}

fn queries() -> impl Strategy<Value = Query> {
    let item = (some_of(&KINDS, 2), some_of(&CATEGORIES, 2), some_of(&TAGS, 3))
        .prop_map(|(kinds, categories, tags)| QueryItem { kinds, categories, tags });
    vec(item, 0..=3).prop_map(|items| Query { items })
}
