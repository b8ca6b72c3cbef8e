//! The schemas of an event set in a file.

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use vitae::testing::{EventsLock, EventsLockError, LockDifference};
use vitae::{Bus, Event, MemoryStore, Projection};

use crate::failure;
use crate::lives::*;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "news heard")]
pub struct HeardV1 {}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "news heard", version = 2, upcast = HeardV1)]
pub struct Heard {
    pub words: String,
}

impl From<HeardV1> for Heard {
    fn from(_: HeardV1) -> Self {
        Self { words: String::new() }
    }
}

/// [`Requested`] with another shape.
#[derive(Event, Serialize, Deserialize)]
#[event(name = "parcel.requested")]
pub struct RequestedOtherwise {
    pub by: String,
}

const TEXT: &str = r#"# The shapes of every event, kept by vitae: VITAE_EVENTS_LOCK=write rewrites this file.
"news heard" 1 {"struct":[]}
"news heard" 2 {"struct":[["words","string"]]}
parcel.requested 1 {"struct":[]}
parcel.sent 1 {"struct":[]}
"#;

fn lock() -> EventsLock {
    EventsLock::new().lifecycle::<Parcel>().event::<Heard>()
}

/// A file with this text.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.lock");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn differences(lock: &EventsLock, text: &str) -> Vec<LockDifference> {
    let (_folder, path) = file(text);
    match lock.check(&path) {
        Ok(()) => Vec::new(),
        Err(EventsLockError::Differs { path: named, differences }) => {
            assert_eq!(named, path);
            differences
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_text_has_a_line_for_every_version() {
    assert_eq!(lock().text(), TEXT);
    // In whatever order, and however often they are added.
    let again = EventsLock::new().event::<Heard>().event::<Sent>().lifecycle::<Parcel>();
    assert_eq!(again.text(), TEXT);
}

#[test]
fn the_same_events_fit() {
    assert_eq!(differences(&lock(), TEXT), []);
    // However a version control system has put it.
    assert_eq!(differences(&lock(), &TEXT.replace('\n', "\r\n")), []);
    let (_folder, path) = file("");
    lock().write(&path).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), TEXT);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    lock().assert(&path);
}

#[test]
fn every_difference_is_told_at_once() {
    let text = TEXT
        .replace("\"news heard\" 1 {\"struct\":[]}\n", "")
        .replace("\"string\"", "\"u8\"")
        .replace("parcel.sent", "parcel.lost");
    let (_folder, path) = file(&text);
    assert_eq!(
        failure::of(|| lock().assert(&path)),
        format!(
            "the events differ from `{}`:\n  \
             `news heard` version 1 is new; write the lock with `VITAE_EVENTS_LOCK=write`\n  \
             `news heard` version 2 has another shape than in the lock; raise the version of the \
             event and give it an upcaster (lock: {{\"struct\":[[\"words\",\"u8\"]]}}; here: \
             {{\"struct\":[[\"words\",\"string\"]]}})\n  \
             `parcel.lost` version 1 is in the lock and not here; logs that hold it can no longer be \
             read: give it back, or, if no log holds it, write the lock with \
             `VITAE_EVENTS_LOCK=write`\n  \
             `parcel.sent` version 1 is new; write the lock with `VITAE_EVENTS_LOCK=write`",
            path.display()
        )
    );
    // The file is as it was.
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

/// What the bus says when it opens over a log with another shape.
#[test]
fn the_advice_is_that_of_the_bus() {
    let bus = Bus::open(Arc::new(MemoryStore::new())).unwrap();
    bus.commit(bus.load::<Parcel>("7").unwrap().record(Requested {}).unwrap()).unwrap();
    let projection = Projection::new("view").on(|_: &RequestedOtherwise, _, _| Ok(()));
    let opened = Bus::builder(bus.store().clone()).projection(projection).open();
    let said = opened.err().unwrap().to_string();
    let advice = said.split("; ").nth(1).unwrap().split(" (").next().unwrap();
    let here = EventsLock::new().event::<RequestedOtherwise>();
    let difference = &differences(&here, "parcel.requested 1 {\"struct\":[]}\n")[0];
    assert!(matches!(difference, LockDifference::Changed { .. }), "{difference}");
    assert!(difference.to_string().contains(advice), "{advice}; {difference}");
}

#[test]
fn two_shapes_of_one_event_are_never_locked() {
    let lock = lock().event::<RequestedOtherwise>();
    let (_folder, path) = file(TEXT);
    for error in [lock.check(&path).unwrap_err(), lock.write(&path).unwrap_err()] {
        assert_eq!(
            error.to_string(),
            "the events differ from each other:\n  \
             `parcel.requested` version 1 has two shapes here; raise the version of the event and \
             give it an upcaster, or give one of them another name (one: {\"struct\":[]}; other: \
             {\"struct\":[[\"by\",\"string\"]]})"
        );
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), TEXT);
}

#[test]
fn a_file_that_is_no_lock_is_an_error_with_a_line() {
    let repeated = TEXT.lines().last().unwrap();
    for (line, text, reason) in [
        (1, "parcel.sent".to_owned(), "not a stored name, a version and a shape"),
        (2, "\nparcel.sent 0x1 \"unit\"".to_owned(), "not a stored name, a version and a shape"),
        (6, format!("{TEXT}\"news\" heard"), "not a stored name, a version and a shape"),
        (1, "<<<<<<< ours 1 2".to_owned(), "not a stored name, a version and a shape"),
        (6, format!("{TEXT}{repeated}"), "the event stands here a second time"),
    ] {
        let (_folder, path) = file(&text);
        let error = lock().check(&path).unwrap_err();
        let said = error.to_string();
        assert!(
            matches!(error, EventsLockError::Malformed { line: at, .. } if at == line),
            "{said}"
        );
        assert!(said.contains(reason), "{said}");
    }
}

#[test]
fn what_the_disk_says_is_told() {
    let (_folder, path) = file("");
    let missing = path.with_file_name("none.lock");
    let error = lock().check(&missing).unwrap_err();
    assert!(matches!(error, EventsLockError::Missing { .. }), "{error}");
    assert!(error.to_string().ends_with("write it with `VITAE_EVENTS_LOCK=write`"), "{error}");
    // A folder is neither read nor replaced.
    let folder = path.parent().unwrap();
    let error = lock().check(folder).unwrap_err();
    assert!(matches!(error, EventsLockError::Read { .. }) && error.source().is_some(), "{error}");
    let error = lock().write(folder).unwrap_err();
    assert!(matches!(error, EventsLockError::Write { .. }) && error.source().is_some(), "{error}");
    assert_eq!(
        std::fs::read_dir(folder.parent().unwrap())
            .unwrap()
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().starts_with(&*folder.file_name().unwrap().to_string_lossy())
            })
            .count(),
        1
    );
}

/// Tests that share a lock run beside each other, and each of them may be the one that writes it.
#[test]
fn threads_that_write_one_file_do_not_disturb_each_other() {
    let (_folder, path) = file(TEXT);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..25 {
                    lock().write(&path).unwrap();
                    lock().check(&path).unwrap();
                }
            });
        }
    });
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

/// The variable holds for a whole process, so this one is asked to check a file in another.
#[test]
fn the_variable_rewrites_the_file() {
    let asked = "events_lock::asked_by_the_variable";
    for (value, rewritten) in [("write", true), ("", false), ("no", false)] {
        let (_folder, path) = file("");
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", asked, "--ignored"])
            .env("VITAE_EVENTS_LOCK", value)
            .env("VITAE_TESTS_LOCK_FILE", &path)
            .output()
            .unwrap()
            .status;
        assert_eq!(status.success(), rewritten);
        let text = if rewritten { TEXT } else { "" };
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
#[ignore = "asked for by another test, in a process of its own"]
fn asked_by_the_variable() {
    if let Some(file) = std::env::var_os("VITAE_TESTS_LOCK_FILE") {
        lock().assert(file);
    }
}
