//! Inline projections: rows in the commit of the events they come from.

use std::sync::Arc;

use vitae::store::ReadError;
use vitae::{Bus, CommitReason, Context, Effect, OpenError, Policy, Projection, Rows, Start};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    rows_change_in_the_commit
    a_handler_sees_what_the_commit_did_to_its_rows
    an_error_rejects_its_commit_only
    a_stale_row_is_computed_again
    a_row_that_was_only_read_may_not_be_stale
    a_row_that_did_not_change_may_not_be_stale
    events_of_policies_are_projected
    rows_are_read_by_prefix_and_in_pages
    a_row_of_another_shape_is_an_error
    two_projections_of_one_view_are_refused
    two_handlers_of_one_kind_are_refused
}

/// For each count what was added to it, and for all of them together.
fn totals() -> Projection {
    Projection::new("totals").on(|event: &Added, context, rows| {
        if event.by == 13 {
            return Err("nobody adds 13".into());
        }
        for key in [context.stream().id().as_str(), "all"] {
            let before: u64 = rows.get(key)?.unwrap_or_default();
            rows.put(key, &(before + event.by))?;
        }
        Ok(())
    })
}

fn open(store: Arc<dyn vitae::store::EventStore>, projection: Projection) -> Bus {
    Bus::builder(store).projection(projection).open().unwrap()
}

fn total(bus: &Bus, key: &str) -> Option<u64> {
    bus.view("totals").unwrap().get(key).unwrap()
}

fn rows_change_in_the_commit(log: Subject) {
    let bus = open(log.shared(), totals());
    let added = |id: &str, by| {
        let count = bus.load::<Count>(id).unwrap();
        count.record(Added { by }).unwrap()
    };
    bus.commit((added("a", 1), added("b", 2))).unwrap();
    add(&bus, "a", 4);
    // Every bus over the log reads them, with or without the projection.
    let other = self::bus(&log);
    for bus in [&bus, &other] {
        let read = ["a", "b", "all", "c"].map(|key| total(bus, key));
        assert_eq!(read, [Some(5), Some(2), Some(7), None]);
    }
}

fn a_handler_sees_what_the_commit_did_to_its_rows(log: Subject) {
    let steps = Projection::new("steps").on(|event: &Wrote, _, rows| {
        let (key, step) = event.text.split_at(1);
        let before = rows.get::<String>(key)?;
        match step {
            "-" => rows.delete(key),
            step => rows.put(key, &format!("{}{step}", before.unwrap_or_default())),
        }
    });
    let bus = open(log.shared(), steps);
    let commit = |texts: &[&str]| {
        let note = bus.load::<Note>("a").unwrap();
        let record = |note: vitae::Aggregate<Note>, text: &&str| note.record(wrote(*text)).unwrap();
        bus.commit(texts.iter().fold(note, record)).unwrap();
    };
    let rows = || -> Vec<String> {
        let rows = bus.view::<String>("steps").unwrap();
        let rows = rows.scan("").map(|row| row.unwrap());
        rows.map(|(key, row)| format!("{}={row}", String::from_utf8(key).unwrap())).collect()
    };
    commit(&["a1", "a2", "b1", "c1", "c-"]);
    assert_eq!(rows(), ["a=12", "b=1"]);
    commit(&["a-", "a3", "b-", "b-", "d-"]);
    assert_eq!(rows(), ["a=3"]);
    commit(&["a-", "a-", "b1", "b-"]);
    assert!(rows().is_empty());
    commit(&["a1"]);
    assert_eq!(rows(), ["a=1"]);
    assert_eq!(bus.rebuild("steps").unwrap().changed, 0);
}

fn an_error_rejects_its_commit_only(log: Subject) {
    let bus = open(log.shared(), totals());
    let added = |id: &str, by| {
        let count = bus.load::<Count>(id).unwrap();
        count.record(Added { by }).unwrap()
    };
    let error = bus.commit((added("a", 1), added("b", 13))).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Projection { .. }));
    assert_eq!(
        error.to_string(),
        "the projection of view `totals` failed on `count.add`; nothing was written"
    );
    assert!(log_of(&*log).is_empty());
    assert_eq!(total(&bus, "all"), None);
    let (a, _) = error.into_aggregates();
    bus.commit(a).unwrap();
    assert_eq!(total(&bus, "all"), Some(1));
}

fn a_stale_row_is_computed_again(log: Subject) {
    let double = Double::of(&log);
    let bus = open(double.clone(), totals());
    for id in ["b", "c", "d"] {
        let other = open(log.shared(), totals());
        double.sneak(move || add(&other, id, 10));
    }
    add(&bus, "a", 1);
    assert_eq!(double.appends(), 4);
    assert_eq!(total(&bus, "all"), Some(31));
    assert_eq!(bus.rebuild("totals").unwrap().changed, 0);
}

/// The text of the last event in each note, as the setting in note "setting" has it shown.
fn shown() -> Projection {
    Projection::new("shown").on(|event: &Wrote, context, rows| {
        let id = context.stream().id().as_str();
        if id == "setting" {
            return rows.put("setting", &event.text);
        }
        let setting = rows.get::<String>("setting")?.unwrap_or_default();
        rows.put(format!("note {id}"), &format!("{setting}{}", event.text))
    })
}

fn a_row_that_was_only_read_may_not_be_stale(log: Subject) {
    for setting in ["first ", "then "] {
        let double = Double::of(&log);
        let bus = open(double.clone(), shown());
        let other = open(log.shared(), shown());
        double.sneak(move || write(&other, "setting", setting));
        write(&bus, "a", "x");
        let rows = bus.view::<String>("shown").unwrap();
        assert_eq!(rows.get("note a").unwrap(), Some(format!("{setting}x")));
        assert_eq!(bus.rebuild("shown").unwrap().changed, 0);
    }
}

fn a_row_that_did_not_change_may_not_be_stale(log: Subject) {
    let last = || {
        Projection::new("last").on(|event: &Wrote, _, rows| match event.text.as_str() {
            "nothing" => rows.delete("last"),
            text => rows.put("last", &text),
        })
    };
    let pairs = [("nothing", "x"), ("same", "same"), ("same", "other")];
    for (index, (mine, theirs)) in pairs.into_iter().enumerate() {
        let double = Double::of(&log);
        let bus = open(double.clone(), last());
        let other = open(log.shared(), last());
        double.sneak(move || write(&other, "theirs", theirs));
        write(&bus, "mine", mine);
        let view = bus.view::<String>("last").unwrap();
        let expected = Some(mine.to_owned()).filter(|mine| mine != "nothing");
        assert_eq!(view.get("last").unwrap(), expected, "pair {index}");
        assert_eq!(bus.rebuild("last").unwrap().changed, 0, "pair {index}");
    }
}

fn events_of_policies_are_projected(log: Subject) {
    let double = Policy::new("double").on(|event: &Wrote, _, then| {
        let by = u64::try_from(event.text.len())?;
        then.record::<Count>("letters", Added { by })?;
        Ok(())
    });
    let builder = Bus::builder(log.shared()).policy(double);
    let bus = builder.projection(totals()).open().unwrap();
    write(&bus, "a", "four");
    assert_eq!(total(&bus, "letters"), Some(4));
}

fn rows_are_read_by_prefix_and_in_pages(log: Subject) {
    let keys = Projection::new("keys").on(|event: &Added, _, rows| {
        for number in 0..event.by {
            rows.put(format!("k{number:04}"), &number)?;
            rows.put(format!("l{number:04}"), &number)?;
        }
        Ok(())
    });
    let bus = open(log.shared(), keys);
    // Two pages that are full, so that the end is seen only by looking behind it.
    add(&bus, "n", 512);
    let view = bus.view::<u64>("keys").unwrap();
    let scan = |prefix: &str| -> Vec<(Vec<u8>, u64)> {
        view.scan(prefix).map(|row| row.unwrap()).collect()
    };
    let k = scan("k");
    assert_eq!(k.len(), 512);
    assert!(k.iter().zip(0..).all(|((_, number), index)| *number == index));
    assert!(k.is_sorted_by(|one, next| one.0 < next.0));
    assert_eq!(scan("").len(), 1_024);
    assert_eq!(scan("k01").len(), 100);
    assert_eq!(scan("k0511"), [(b"k0511".to_vec(), 511)]);
    assert!(scan("m").is_empty());
    assert_eq!(view.get("l0300").unwrap(), Some(300));
    assert_eq!(bus.view::<u64>("empty").unwrap().scan("").count(), 0);
}

fn a_row_of_another_shape_is_an_error(log: Subject) {
    let bus = open(log.shared(), totals());
    add(&bus, "a", 300);
    // Two bytes: too few for a text of this length, too many for one byte.
    let text = bus.view::<String>("totals").unwrap().get("a").unwrap_err();
    assert!(matches!(text, ReadError::Backend(_)));
    let byte = bus.view::<bool>("totals").unwrap();
    assert!(byte.get("a").is_err());
    assert!(bus.view::<()>("totals").unwrap().get("a").is_err());
    assert!(byte.scan("").all(|row| row.is_err()));
    assert!(bus.view::<u64>("").is_err());
}

fn two_projections_of_one_view_are_refused(log: Subject) {
    let builder = Bus::builder(log.shared()).projection(totals());
    let error = builder.projection(totals()).open().err().unwrap();
    assert!(matches!(error, OpenError::Repeated { .. }));
}

fn two_handlers_of_one_kind_are_refused(log: Subject) {
    let puts =
        |key: &'static str| move |_: &Added, _: &Context, rows: &mut Rows<'_>| rows.put(key, &1);
    let view = || Projection::new("twice").on(puts("a")).on(|_: &Wrote, _, _| Ok(())).on(puts("b"));
    let builder = || Bus::builder(log.shared());
    let mail = Effect::new("twice", Start::Beginning).on(|_: &Added, _, _| Ok(()));
    let refused = [
        (builder().projection(view()), "projection"),
        (builder().projection(view().catch_up(1)), "projection"),
        (builder().effect(mail.on(|_: &Added, _, _| Ok(()))), "effect"),
    ];
    for (builder, what) in refused {
        let error = builder.open().unwrap_err().to_string();
        let said =
            format!("the {what} `twice` has two handlers for `count.add`, and would ask only one");
        assert!(error.starts_with(&said), "{error}");
    }
    // A policy asks both.
    let both = Policy::new("twice").on(|_: &Added, _, _| Ok(())).on(|_: &Added, _, _| Ok(()));
    builder().policy(both).open().unwrap();
}
