//! Computing a view anew.

use std::sync::Arc;

use vitae::store::{AppendError, EventStore};
use vitae::{Bus, Projection, RebuildError, Rebuilt};
use vitae_tests::{Draft, Subject, name};

use crate::support::*;

on_every_store! {
    damaged_rows_are_put_right
    a_view_that_is_new_is_filled
    others_write_meanwhile
    others_write_all_the_time
    a_failing_handler_leaves_the_rows
    a_view_that_nobody_projects_is_refused
    a_view_of_no_events_is_emptied
    many_rows_and_many_events
}

fn lengths() -> Projection {
    Projection::new("lengths").on(|event: &Wrote, context, rows| {
        let id = context.stream().id().as_str();
        let before: usize = rows.get(id)?.unwrap_or_default();
        match event.text.as_str() {
            "gone" => rows.delete(id),
            text => rows.put(id, &(before + text.len())),
        }
    })
}

fn open(store: Arc<dyn EventStore>) -> Bus {
    Bus::builder(store).projection(lengths()).open().unwrap()
}

fn rows(bus: &Bus) -> Vec<(String, usize)> {
    let view = bus.view::<usize>("lengths").unwrap();
    let rows = view.scan("").map(|row| row.unwrap());
    rows.map(|(key, length)| (String::from_utf8(key).unwrap(), length)).collect()
}

/// Changes a row behind the back of its projection.
fn damage(store: &dyn EventStore, key: &str, value: Option<&[u8]>) {
    let row = store.row(&name("lengths"), key.as_bytes()).unwrap();
    let version = row.map(|row| row.version);
    Draft::new().row("lengths", key.as_bytes(), version, value).must(store);
}

fn damaged_rows_are_put_right(log: Subject) {
    let bus = open(log.shared());
    for (id, text) in [("a", "12345"), ("b", "1"), ("c", "1"), ("a", "67"), ("c", "gone")] {
        write(&bus, id, text);
    }
    let right = [("a".to_owned(), 7), ("b".to_owned(), 1)];
    assert_eq!(rows(&bus), right);
    let untouched = Rebuilt { rows: 2, changed: 0 };
    assert_eq!(bus.rebuild("lengths").unwrap(), untouched);
    damage(&*log, "a", Some(b"\x63"));
    damage(&*log, "b", None);
    damage(&*log, "c", Some(b""));
    damage(&*log, "d", Some(b"\x01"));
    let rebuilt = Rebuilt { rows: 2, changed: 4 };
    assert_eq!(bus.rebuild("lengths").unwrap(), rebuilt);
    assert_eq!(rows(&bus), right);
    assert_eq!(bus.rebuild("lengths").unwrap(), untouched);
    write(&bus, "a", "8");
    assert_eq!(rows(&bus)[0].1, 8);
}

fn a_view_that_is_new_is_filled(log: Subject) {
    let before = bus(&log);
    write(&before, "a", "12");
    write(&before, "b", "1");
    let bus = open(log.shared());
    assert!(rows(&bus).is_empty());
    assert_eq!(bus.rebuild("lengths").unwrap(), Rebuilt { rows: 2, changed: 2 });
    assert_eq!(rows(&bus), [("a".to_owned(), 2), ("b".to_owned(), 1)]);
}

fn others_write_meanwhile(log: Subject) {
    let double = Double::of(&log);
    let bus = open(double.clone());
    write(&bus, "a", "12");
    damage(&*log, "a", Some(b"\x63"));
    // One that the rebuild has not read yet, on another row and then on the damaged one.
    let other = open(log.shared());
    double.sneak(move || write(&other, "b", "1"));
    let other = open(log.shared());
    double.sneak(move || write(&other, "a", "3"));
    assert_eq!(bus.rebuild("lengths").unwrap(), Rebuilt { rows: 2, changed: 1 });
    assert_eq!(rows(&bus), [("a".to_owned(), 3), ("b".to_owned(), 1)]);
    assert_eq!(double.appends(), 4);
    // An event that the projection does not read is in nobody's way.
    damage(&*log, "a", None);
    let other = open(log.shared());
    double.sneak(move || add(&other, "n", 1));
    bus.rebuild("lengths").unwrap();
    assert_eq!(double.appends(), 5);
    assert_eq!(bus.rebuild("lengths").unwrap().changed, 0);
}

fn others_write_all_the_time(log: Subject) {
    let double = Double::of(&log);
    let bus = open(double.clone());
    damage(&*log, "a", Some(b"\x63"));
    for _ in 0..99 {
        let other = open(log.shared());
        double.sneak(move || write(&other, "b", "1"));
    }
    let error = bus.rebuild("lengths").unwrap_err();
    let failed = AppendError::ConditionFailed { condition: 0, position: vitae_tests::position(16) };
    let RebuildError::Append(error) = error else {
        panic!("{error:?}");
    };
    assert_eq!(error.to_string(), failed.to_string());
    assert_eq!(rows(&bus)[0], ("a".to_owned(), 0x63));
}

fn a_failing_handler_leaves_the_rows(log: Subject) {
    write(&bus(&log), "a", "x");
    write(&bus(&log), "a", "y");
    let fussy = Projection::new("lengths").on(|event: &Wrote, _, rows| {
        rows.put("k", &0_usize)?;
        match event.text.as_str() {
            "y" => Err("no y".into()),
            _ => Ok(()),
        }
    });
    let bus = Bus::builder(log.shared()).projection(fussy).open().unwrap();
    let error = bus.rebuild("lengths").unwrap_err();
    assert_eq!(error.to_string(), "the projection of view `lengths` failed at position 2");
    assert!(rows(&bus).is_empty());
}

fn a_view_that_nobody_projects_is_refused(log: Subject) {
    let error = open(log.shared()).rebuild("width").unwrap_err();
    assert!(matches!(&error, RebuildError::NoSuchProjection { view } if view == "width"));
}

fn a_view_of_no_events_is_emptied(log: Subject) {
    let bus = open(log.shared());
    damage(&*log, "a", Some(b"\x01"));
    assert_eq!(bus.rebuild("lengths").unwrap(), Rebuilt { rows: 0, changed: 1 });
    assert!(rows(&bus).is_empty());
    assert_eq!(bus.rebuild("lengths").unwrap(), Rebuilt { rows: 0, changed: 0 });
}

fn many_rows_and_many_events(log: Subject) {
    let before = bus(&log);
    let recorded = (0..1_500).map(|number| {
        let note = before.load::<Note>(number.to_string()).unwrap();
        note.record(wrote("1")).unwrap()
    });
    before.commit(recorded.collect::<Vec<_>>()).unwrap();
    let bus = open(log.shared());
    let rebuilt = bus.rebuild("lengths").unwrap();
    assert_eq!((rebuilt.rows, rebuilt.changed), (1_500, 1_500));
    damage(&*log, "1499", None);
    damage(&*log, "zzz", Some(b"\x01"));
    assert_eq!(bus.rebuild("lengths").unwrap().changed, 2);
    assert_eq!(rows(&bus).len(), 1_500);
}
