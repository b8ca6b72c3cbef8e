//! A store's file: whatever bytes, or one that was written by a store with some bytes changed.
//! Opened or refused; of events, nothing is shown that was not written.

#![no_main]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use vitae::store::{
    Commit, EventStore, ExpectedVersion, Metadata, NameList, NewEvent, Page, Query, Read,
    RegisteredSchema, RowChange, StreamAppend,
};
use vitae::{CommitId, KindVersion, Name, StreamId, Timestamp};
use vitae_sqlite::{Durability, SqliteStore};

fuzz_target!(|input: (bool, Vec<(u32, u8)>, &[u8])| {
    let (arbitrary, changes, tail) = input;
    let specimen = specimen();
    let mut bytes = if arbitrary { tail.to_vec() } else { specimen.bytes.clone() };
    for (offset, mask) in changes {
        let length = bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(offset as usize % length) {
            *byte ^= mask;
        }
    }
    let path = &specimen.path;
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(path.with_extension(format!("db{suffix}")));
    }
    fs::write(path, bytes).unwrap();
    if let Ok(store) = SqliteStore::open_read_only(path) {
        look(&store, specimen);
    }
    if let Ok(store) = SqliteStore::options().durability(Durability::LostOnPowerFailure).open(path)
    {
        let _ = store.append(commit(99)).wait();
        look(&store, specimen);
    }
});

struct Specimen {
    path: PathBuf,
    bytes: Vec<u8>,
    payloads: HashSet<Vec<u8>>,
}

/// A file of its own for this process, and what a store wrote into it.
fn specimen() -> &'static Specimen {
    static SPECIMEN: OnceLock<Specimen> = OnceLock::new();
    SPECIMEN.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = folder.join(format!("vitae-fuzz-{}.db", std::process::id()));
        let store = SqliteStore::open(&path).unwrap();
        (0..4).for_each(|nth| drop(store.append(commit(nth)).wait().unwrap()));
        drop(store);
        let payloads = (0..4).chain([99]).map(payload).collect();
        Specimen { bytes: fs::read(&path).unwrap(), path, payloads }
    })
}

fn name(text: &'static str) -> Name {
    Name::from_static(text).unwrap()
}

fn payload(nth: u8) -> Vec<u8> {
    vec![nth; 40]
}

fn commit(nth: u8) -> Commit {
    let mut commit = Commit::new(CommitId::from_bytes([nth; 16]));
    let id = StreamId::from_names(name("a"), Name::new(format!("{}", nth % 2)).unwrap());
    commit.streams.push(StreamAppend { id, expected: ExpectedVersion::Any });
    commit.events.push(NewEvent {
        stream: 0,
        kind: name("x"),
        kind_version: KindVersion::FIRST,
        occurred_at: Timestamp::from_micros(0),
        correlation: commit.id,
        causation: None,
        tags: NameList::try_from(vec!["t".to_owned()]).unwrap(),
        metadata: Metadata::default(),
        payload: payload(nth).into(),
    });
    let schema = RegisteredSchema {
        kind: name("x"),
        version: KindVersion::FIRST,
        schema: "\"bytes\"".into(),
    };
    commit.schemas.push(schema);
    let (view, key, value) = (name("v"), vec![nth], Some(vec![nth; 9]));
    commit.rows.push(RowChange { view, key, expected: None, value });
    commit
}

fn look(store: &SqliteStore, specimen: &Specimen) {
    let mut page = Page::new();
    let stream = StreamId::from_names(name("a"), name("1"));
    let reads = [Read::log(Query::all()), Read::log(Query::tag(name("t"))), Read::stream(stream)];
    for read in reads.into_iter().flat_map(|read| [read.clone(), read.backwards()]) {
        let _ = store.read(&read, &mut page);
        for event in page.iter() {
            let shown = event.payload().unwrap();
            assert!(specimen.payloads.contains(shown), "shown, but never written: {shown:?}");
        }
    }
    let _ = (store.verify(), store.head(), store.schemas(), store.checkpoint(&name("c")));
    let _ = store.streams(&name("a"), None, usize::MAX);
    let _ = (store.row(&name("v"), &[1]), store.rows(&name("v"), &[], None, usize::MAX));
    let _ = store.receipt(CommitId::from_bytes([1; 16]));
}
