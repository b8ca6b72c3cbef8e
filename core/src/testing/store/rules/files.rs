//! R11, R14 and R18: what a store finds at its path.

#![allow(missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::store::{EventStore, Page, Query, Read, ReadError};
use crate::testing::store::backend::Backend;
use crate::testing::store::place::Place;
use crate::testing::store::{Draft, Seen, Subject, read_all};

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What is at a place does not open, and is as it was afterwards.
#[track_caller]
fn refused(backend: &Backend, place: &Place, what: &str) {
    let before = place.files();
    if backend.try_open(&place.path()).is_ok() {
        panic!("{what} was opened");
    }
    assert_eq!(place.files(), before, "{what} was not left as it was");
}

/// The files of a closed log with fifty events, and those events. `None`, and said so, if the log is
/// no file.
fn written(store: &mut Subject) -> Option<(Files, Vec<Seen>)> {
    for number in 0..50_u8 {
        let draft = Draft::new().on(&format!("a/{}", number % 7)).event("x", &[number; 40]);
        draft.tag("t").row("v", &[number], None, Some(b"w")).must(&**store);
    }
    let events = read_all(&**store);
    drop(store.close());
    if store.place().path().is_file() {
        return Some((store.place().files(), events));
    }
    store.skip("the log is not a file");
    None
}

pub fn r14_what_is_no_store_is_refused_and_left_alone(store: Subject) {
    if !store.persists() {
        return;
    }
    let text = "What is written here is somebody else's. ".repeat(500);
    for (what, bytes) in [
        ("an empty file", Vec::new()),
        ("a short text", b"hello".to_vec()),
        ("a long text", text.into_bytes()),
        ("a file of zeros", vec![0; 1 << 16]),
    ] {
        let place = Place::new();
        fs::write(place.path(), bytes).unwrap();
        refused(store.backend(), &place, what);
    }
    for (what, write) in &store.backend().foreign {
        let place = Place::new();
        write(&place.path());
        refused(store.backend(), &place, what);
    }
}

pub fn r14_a_file_cut_short_is_refused_and_left_alone(mut store: Subject) {
    if !store.persists() {
        return;
    }
    let Some((files, _)) = written(&mut store) else {
        return;
    };
    let log = store.place().path();
    let whole = &files[Path::new(log.file_name().unwrap())];
    let eighths = (1..8).map(|part| whole.len() * part / 8);
    for length in eighths.chain([1, whole.len() - 1]) {
        let place = Place::new();
        place.fill(&files);
        fs::write(place.path(), &whole[..length]).unwrap();
        refused(store.backend(), &place, &format!("a file cut to {length} of {}", whole.len()));
    }
}

pub fn r11_damage_is_never_shown(mut store: Subject) {
    const FLIPS: usize = 150;
    if !store.persists() {
        return;
    }
    let Some((files, events)) = written(&mut store) else {
        return;
    };
    let log = store.place().path();
    let whole = &files[Path::new(log.file_name().unwrap())];
    let mut noticed = 0;
    for flip in 0..FLIPS {
        let mut damaged = whole.clone();
        // Spread over the file, and over the bits of a byte.
        let offset = flip * whole.len() / FLIPS + flip % 13;
        damaged[offset % whole.len()] ^= 1 << (flip % 8);
        let place = Place::new();
        place.fill(&files);
        fs::write(place.path(), damaged).unwrap();
        let Ok(store) = store.backend().try_open(&place.path()) else {
            noticed += 1;
            continue;
        };
        let verified = store.verify();
        noticed += usize::from(verified.is_err());
        let (seen, read) = read_on(&*store);
        assert!(events.starts_with(&seen), "a flipped bit at {offset} is shown");
        let whole = read.is_ok() && seen.len() == events.len();
        assert!(whole || read.is_err(), "a flipped bit at {offset}: events are left out");
        assert!(read.is_ok() || verified.is_err(), "`verify` misses a flipped bit at {offset}");
    }
    assert!(noticed > 0, "nothing of {FLIPS} flipped bits was noticed");
}

/// The log up to the first error.
fn read_on(store: &dyn EventStore) -> (Vec<Seen>, Result<(), ReadError>) {
    let mut seen = Vec::new();
    let mut page = Page::new();
    let mut next = Some(Read::log(Query::all()).page_of(10));
    while let Some(read) = next {
        let result = store.read(&read, &mut page);
        seen.extend(page.iter().map(Seen::from));
        if result.is_err() {
            return (seen, result);
        }
        next = page.next_read(&read);
    }
    (seen, Ok(()))
}

pub fn r18_old_formats_open(store: Subject) {
    if !store.persists() {
        return;
    }
    if store.backend().old.is_empty() {
        return store.skip("the backend has no hook `opens`");
    }
    for (what, write) in &store.backend().old {
        let place = Place::new();
        write(&place.path());
        let old = store.backend().try_open(&place.path());
        let old = old.unwrap_or_else(|error| panic!("{what} does not open: {error}"));
        let events = read_all(&*old);
        assert!(!events.is_empty(), "{what} has no events: they are lost, or it tests nothing");
        assert_eq!(old.verify().unwrap(), events.len() as u64, "{what}");
        let draft = Draft::new().on("a/new").event("new", b"");
        let receipt = draft.must(&*old);
        drop(old);
        let again = store.backend().open(&place.path());
        assert_eq!(again.receipt(draft.0.id).unwrap(), Some(receipt));
        let now = read_all(&*again);
        assert!(now.starts_with(&events) && now.len() == events.len() + 1, "{what}");
    }
}
