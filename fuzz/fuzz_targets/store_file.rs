//! A store's file: whatever bytes, or what a store has written, of this format or of the one before,
//! with some bytes changed. Opened or refused; of events, nothing is shown that was not written.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use libfuzzer_sys::fuzz_target;
use vitae::store::{Checkpoint, EventStore, Metadata, Page, Query, Read, Snapshot};
use vitae::testing::store::{Draft, name, position, stream, version};
use vitae::{CommitId, EventId, ManualClock, Timestamp};
use vitae_sqlite::{Durability, Options, SqliteStore};

fuzz_target!(|input: (u8, Vec<(u32, u8)>, &[u8])| {
    let (choice, changes, tail) = input;
    let bases = bases();
    let base = &bases[usize::from(choice) % bases.len()];
    let mut bytes = if base.bytes.is_empty() { tail.to_vec() } else { base.bytes.clone() };
    for (offset, mask) in changes {
        let length = bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(offset as usize % length) {
            *byte ^= mask;
        }
    }
    let path = path();
    write(&path, &bytes);
    if let Ok(store) = options().open_read_only(&path) {
        look(&store, base);
    }
    if let Ok(store) = options().open(&path) {
        let _ = later().try_on(&store);
        look(&store, base);
    }
});

/// What is written before bytes are changed, and what may be shown of it afterwards.
#[derive(Default)]
struct Base {
    bytes: Vec<u8>,
    /// From position 1 on; `None` where it is erased.
    payloads: Vec<Option<Vec<u8>>>,
    states: Vec<Vec<u8>>,
}

/// A file of this format, one of format 1, and nothing.
fn bases() -> &'static [Base; 3] {
    static BASES: OnceLock<[Base; 3]> = OnceLock::new();
    BASES.get_or_init(|| {
        let format_1 = include_bytes!("../../tests/compat/format_1.db");
        [Base::of(specimen()), Base::of(format_1.to_vec()), Base::default()]
    })
}

impl Base {
    fn of(bytes: Vec<u8>) -> Self {
        write(&path(), &bytes);
        let store = options().open(path()).unwrap();
        let mut page = Page::new();
        store.read(&Read::log(Query::all()), &mut page).unwrap();
        assert!(page.is_last());
        let payload = |event: vitae::store::EventRef<'_>| event.payload().ok().map(<[u8]>::to_vec);
        let payloads = page.iter().map(payload).collect();
        let snapshots = STREAMS.iter().filter_map(|id| store.snapshot(&stream(id)).unwrap());
        let states: Vec<_> = snapshots.map(|snapshot| snapshot.state).collect();
        assert!(!states.is_empty());
        Self { bytes, payloads, states }
    }

    fn has_written(&self, position: u64, payload: Option<&[u8]>) -> bool {
        let written = self.payloads.get(position as usize - 1);
        written.is_some_and(|written| written.as_deref() == payload) || payload == Some(LATER)
    }
}

/// A file of its own for this process.
fn path() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    folder.join(format!("vitae-fuzz-{}.db", std::process::id()))
}

fn write(path: &Path, bytes: &[u8]) {
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(path.with_extension(format!("db{suffix}")));
    }
    fs::write(path, bytes).unwrap();
}

/// With an index, chunks and bundles of few events.
fn options() -> Options {
    SqliteStore::options()
        .durability(Durability::LostOnPowerFailure)
        .clock(Arc::new(ManualClock::new(Timestamp::from_micros(1_760_000_000_000_000))))
        .index_every(8)
        .bundles(3, 2)
        .follow(None)
}

/// The streams of both files.
const STREAMS: [&str; 2] = ["long/1", "short/1"];

/// The payload of what is committed to a changed file.
const LATER: &[u8] = b"later";

fn later() -> Draft {
    numbered(99).on("long/1").event("x", LATER).tag("t")
}

/// An empty commit.
fn numbered(nth: u8) -> Draft {
    let mut draft = Draft::new();
    draft.0.id = CommitId::from_bytes([nth; 16]);
    draft
}

/// A file with something of everything.
fn specimen() -> Vec<u8> {
    let path = path();
    let store = options().open(&path).unwrap();
    for nth in 1..=20 {
        let long = numbered(nth).on("long/1").event("x", &[nth; 40]).tag("t");
        long.row("v", &[nth], None, Some(&[nth; 9])).must(&store);
    }
    let mut two = numbered(21).on("long/1").event("x", b"one").on("short/1").event("y", b"two");
    let [_, caused] = two.0.events.as_mut_slice() else { panic!("not two events") };
    caused.causation = Some(EventId { commit: two.0.id, index: 0 });
    caused.correlation = CommitId::from_bytes([1; 16]);
    caused.metadata = Metadata::new(&[("key".to_owned(), "value".to_owned())].into()).unwrap();
    two.must(&store);
    numbered(22).row("v", b"k", None, Some(b"bare")).must(&store);
    let mut page = Page::new();
    store.read(&Read::log(Query::all()).from_position(position(3)).page_of(1), &mut page).unwrap();
    let checksum = page.iter().next().map(|event| event.checksum());
    let to = Checkpoint { position: Some(position(3)), checksum, cursor: b"cursor".to_vec() };
    let mut kept = numbered(23).moving("c", None, to);
    kept.0.snapshots.push(Snapshot {
        stream: stream("long/1"),
        version: version(9),
        event: EventId { commit: CommitId::from_bytes([9; 16]), index: 0 },
        revision: 1,
        schema: "\"bytes\"".into(),
        state: b"state".to_vec(),
    });
    kept.must(&store);
    // Of another stream than the snapshot's, which it would drop.
    let mut act = numbered(24).on("act/1").event("act", b"");
    act.0.erasures.push(position(22));
    act.must(&store);
    drop(store);
    fs::read(path).unwrap()
}

fn look(store: &SqliteStore, base: &Base) {
    let mut page = Page::new();
    let mut reads = vec![
        Read::log(Query::all()),
        Read::log(Query::tag(name("t"))),
        Read::log(Query::category(name("long"))),
        Read::log(Query::kinds([name("y")])),
    ];
    reads.extend(STREAMS.map(|id| Read::stream(stream(id))));
    for read in reads.into_iter().flat_map(|read| [read.clone(), read.backwards()]) {
        let _ = store.read(&read, &mut page);
        for event in page.iter() {
            let (position, shown) = (event.position().get(), event.payload().ok());
            assert!(base.has_written(position, shown), "{position}: never written: {shown:?}");
        }
    }
    for id in STREAMS {
        if let Ok(Some(snapshot)) = store.snapshot(&stream(id)) {
            assert!(base.states.contains(&snapshot.state), "never written: {snapshot:?}");
        }
    }
    let _ = (store.verify(), store.head(), store.schemas(), store.checkpoint(&name("c")));
    let _ = store.streams(&name("long"), None, usize::MAX);
    let _ = (store.row(&name("v"), &[1]), store.rows(&name("v"), &[], None, usize::MAX));
    for nth in [1, 21, 22] {
        let _ = store.receipt(CommitId::from_bytes([nth; 16]));
    }
    let _ = vitae::transfer::export(store, &mut Vec::new());
}
