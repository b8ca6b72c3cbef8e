//! What is not an export, or not of this log, is refused with its line, and leaves the log alone.

use std::error::Error;

use vitae::store::AppendError;
use vitae::transfer::{ImportReason, import_bounded};
use vitae::{Bus, MemoryStore};
use vitae_tests::{Draft, Subject, position};

use super::{everything, export, import, of_specimen};
use crate::support::*;

on_every_store! {
    a_log_that_has_moved_on_is_left_alone
    another_log_is_left_alone
    a_log_with_other_content_at_a_position_is_left_alone
    another_shape_is_refused
}

fn a_log_that_has_moved_on_is_left_alone(log: Subject) {
    let (source, early) = of_specimen();
    import(&early, &*log).unwrap();
    Draft::new().on("own/1").event("x", b"own").must(&*log);
    let before = everything(&*log);
    Draft::new().on("a/1").event("x", b"later").must(&source);
    let error = import(&export(&source), &*log).unwrap_err();
    assert!(
        matches!(error.reason, ImportReason::Differs { position: at } if at == position(7)),
        "{error:?}"
    );
    assert_eq!(error.line, 9);
    assert_eq!(error.to_string(), "the export was not imported from line 9 on");
    assert_eq!(
        error.source().unwrap().to_string(),
        "the log has another event at position 7: it is not the exported one, or has moved on; \
         import into an empty store"
    );
    assert_eq!(everything(&*log), before);
}

fn another_log_is_left_alone(log: Subject) {
    let (_, lines) = of_specimen();
    // Shorter than the first commit, and longer than all.
    for _ in 0..2 {
        for _ in 0..4 {
            Draft::new().on("own/1").event("x", b"own").must(&*log);
        }
        let before = everything(&*log);
        let error = import(&lines, &*log).unwrap_err();
        assert!(matches!(error.reason, ImportReason::Differs { position: at } if at.get() == 1));
        assert_eq!(everything(&*log), before);
    }
}

fn a_log_with_other_content_at_a_position_is_left_alone(log: Subject) {
    let (_, lines) = of_specimen();
    import(&lines, &*log).unwrap();
    let changed = lines.replacen("\"tags\":[\"t\",\"u\"]", "\"tags\":[\"t\"]", 1);
    assert_ne!(changed, lines);
    let before = everything(&*log);
    let error = import(&changed, &*log).unwrap_err();
    assert!(matches!(error.reason, ImportReason::Differs { position: at } if at.get() == 1));
    assert_eq!(error.line, 3);
    assert_eq!(everything(&*log), before);
}

fn another_shape_is_refused(log: Subject) {
    let (_, lines) = of_specimen();
    let changed = lines.replacen("\\\"bytes\\\"", "\\\"u8\\\"", 1);
    assert_ne!(changed, lines);
    import(&lines[..lines.find("\n{\"schema\":{\"kind\":\"y\"").unwrap() + 1], &*log).unwrap_err();
    assert_eq!(everything(&*log).len(), 1);
    let error = import(&changed, &*log).unwrap_err();
    assert!(
        matches!(&error.reason, ImportReason::Append(AppendError::SchemaMismatch { .. })),
        "{error:?}"
    );
    assert_eq!(everything(&*log).len(), 1);
}

/// The line and the message that an import of these lines ends with.
fn refusal(lines: &str) -> (u64, String) {
    let error = import(lines, &MemoryStore::new()).unwrap_err();
    (error.line, error.reason.to_string())
}

#[test]
fn a_bad_line_is_named() {
    let (_, lines) = of_specimen();
    let not_there = |member: &str| format!("its `{member}` is not what an export has there");
    let long = format!("\"category\":\"{}\"", "a".repeat(513));
    for (from, to, line, reason) in [
        ("vitae-log", "other-log", 1, "the file is not an export of a vitae log".to_owned()),
        (
            "\"version\":1,\"id\"",
            "\"version\":2,\"new\":{},\"id\"",
            1,
            "the export has version 2, which this program does not know; update it".to_owned(),
        ),
        ("{\"schema\"", "{\"shape\"", 2, "it is not a line of an export".to_owned()),
        ("\"occurred_at\"", "\"occured_at\"", 3, "it is not a line of an export".to_owned()),
        ("{\"schema\"", "\n{\"schema\"", 2, "it is not a line of an export".to_owned()),
        ("\"kind\":\"x\"", "\"kind\":\"\"", 2, not_there("kind")),
        ("\"digest\":\"", "\"digest\":\"0", 3, not_there("digest")),
        ("{\"commit\":{\"id\":\"0", "{\"commit\":{\"id\":\"g", 3, not_there("id")),
        ("\"position\":1", "\"position\":0", 3, not_there("position")),
        (
            "\"position\":1",
            "\"position\":2",
            3,
            "it cannot stand here: its events do not follow those of the line before".to_owned(),
        ),
        ("\"category\":\"a\"", &long, 3, not_there("stream")),
        (
            "\"stream\":\"1\",\"version\":1",
            "\"stream\":\"1\",\"version\":2",
            3,
            "the store did not acknowledge the commit".to_owned(),
        ),
        ("\"payload\":\"A29uZQ==\"", "\"payload\":\"A29uZQ=\"", 3, not_there("payload")),
        ("\"payload\":\"A29uZQ==\",", "", 3, not_there("payload")),
        ("\"payload\":\"A29uZQ==\",", "\"erased\":\"12\",", 3, not_there("erased")),
        ("\"tags\":[\"t\"", "\"tags\":[\"t\\u0000\"", 3, not_there("tags")),
        (
            "\"stream\":\"é\",\"version\":1",
            "\"stream\":\"é\",\"version\":0",
            5,
            not_there("version"),
        ),
        (
            "\"stream\":\"é\",\"version\":3",
            "\"stream\":\"é\",\"version\":4",
            6,
            not_there("version"),
        ),
        ("\"correlation\":\"0", "\"correlation\":\"", 5, not_there("correlation")),
        (
            "\"causation\":{\"commit\":\"0",
            "\"causation\":{\"commit\":\"",
            5,
            not_there("causation"),
        ),
    ] {
        let changed = lines.replacen(from, to, 1);
        assert_ne!(changed, lines, "{from}");
        assert_eq!(refusal(&changed), (line, reason), "{from} -> {to}");
    }
}

#[test]
fn a_line_out_of_its_place_is_named() {
    let (_, lines) = of_specimen();
    let all: Vec<&str> = lines.lines().collect();
    let of = |order: &[usize]| {
        refusal(&order.iter().map(|index| format!("{}\n", all[*index])).collect::<String>())
    };
    let (line, reason) = of(&[0, 1, 2, 0]);
    assert_eq!((line, &*reason), (4, "it cannot stand here: the log is named already"));
    let (line, reason) = of(&[0, 1, 2, 1]);
    assert_eq!((line, &*reason), (4, "the schema of `x` version 1 stands there twice"));
    let (line, reason) = of(&[0, 2]);
    assert_eq!((line, &*reason), (2, "the store did not acknowledge the commit"));
    let (line, reason) = of(&[1, 2]);
    assert_eq!((line, &*reason), (1, "the file is not an export of a vitae log"));
    let (line, _) = of(&[0, 1, 2, 5]);
    assert_eq!(line, 4);
    let (line, reason) = of(&[0, 1, 2]);
    assert_eq!((line, &*reason), (4, "the export is cut short; get it whole and import it again"));
}

#[test]
fn a_commit_that_stands_there_twice_is_named() {
    let source = MemoryStore::new();
    Draft::new().on("a/1").event("x", b"1").must(&source);
    let lines = export(&source);
    let again = lines.lines().nth(2).unwrap().replacen("\"position\":1", "\"position\":2", 1);
    let again =
        again.replacen("\"stream\":\"1\",\"version\":1", "\"stream\":\"1\",\"version\":2", 1);
    let error = import(&format!("{lines}{again}\n"), &MemoryStore::new()).unwrap_err();
    assert!(matches!(error.reason, ImportReason::Differs { position: at } if at == position(2)));
    assert_eq!(error.line, 4);
}

#[test]
fn a_line_is_bounded_inclusively_and_so_are_the_schemas() {
    let (_, lines) = of_specimen();
    let longest = lines.lines().map(str::len).max().unwrap();
    let of = |limit| import_bounded(&mut lines.as_bytes(), &MemoryStore::new(), limit);
    of(longest).unwrap();
    let error = of(longest - 1).unwrap_err();
    assert!(matches!(error.reason, ImportReason::TooLong { limit } if limit == longest - 1));
    // A line without an end is not read to its end.
    let mut endless = std::io::BufReader::new(std::io::repeat(b'['));
    let error = import_bounded(&mut endless, &MemoryStore::new(), 1_000).unwrap_err();
    assert!(matches!(error.reason, ImportReason::TooLong { limit: 1_000 }));
    let mut schemas = lines.lines().next().unwrap().to_owned() + "\n";
    for number in 0..100 {
        let schema = format!(r#"{{"kind":"kind {number}","version":1,"text":"0123456789"}}"#);
        schemas += &format!("{{\"schema\":{schema}}}\n");
    }
    let error = import_bounded(&mut schemas.as_bytes(), &MemoryStore::new(), 500).unwrap_err();
    assert!(matches!(error.reason, ImportReason::TooLong { limit: 500 }), "{error:?}");
}

#[test]
fn what_is_shown_may_be_of_any_depth_and_is_not_looked_at() {
    let (source, lines) = of_specimen();
    let deep = format!("\"shown\":{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let changed = lines.replacen("\"shown\":[111,110,101]", &deep, 1);
    assert_ne!(changed, lines);
    let target = MemoryStore::new();
    import(&changed, &target).unwrap();
    assert_eq!(everything(&target), everything(&source));
}

#[test]
fn an_import_beside_somebody_who_writes_stops_where_they_begin() {
    let target = std::sync::Arc::new(MemoryStore::new());
    let (_, lines) = of_specimen();
    // Somebody writes between two lines.
    let bus = Bus::open(target.clone()).unwrap();
    let second = lines.match_indices('\n').nth(3).unwrap().0 + 1;
    let mut input = Interrupted {
        rest: lines.as_bytes(),
        at: lines.len() - second,
        then: Some(move || call(&bus, "1", "ada")),
    };
    let error = vitae::transfer::import(&mut input, &*target).unwrap_err();
    assert!(matches!(error.reason, ImportReason::Differs { position: at } if at == position(2)));
    assert_eq!(error.line, 5);
    assert_eq!(everything(&*target).len(), 2);
}

/// An input that does something once it has so many bytes left.
struct Interrupted<'a, F> {
    rest: &'a [u8],
    at: usize,
    then: Option<F>,
}

impl<F: FnOnce()> std::io::Read for Interrupted<'_, F> {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        unreachable!("an import reads lines")
    }
}

impl<F: FnOnce()> std::io::BufRead for Interrupted<'_, F> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.rest.len() <= self.at
            && let Some(then) = self.then.take()
        {
            then();
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        Ok(&self.rest[..end])
    }

    fn consume(&mut self, amount: usize) {
        self.rest = &self.rest[amount..];
    }
}
