//! What comes back from a commit that policies had a part in.

use vitae::store::AppendError;
use vitae::{Bus, CommitReason, Policy};
use vitae_tests::{Subject, version};

use crate::support::*;

on_every_store! {
    untyped_it_is_as_new_as_the_log
    typed_and_in_the_same_state_it_is_as_new_as_the_log
    typed_and_moved_on_it_is_where_its_own_events_led
    an_aggregate_without_events_is_moved_too
    each_commit_has_an_id_of_its_own
}

/// Seals a note in which somebody writes "enough", and answers a "question".
fn sealing(log: &Subject) -> Bus {
    let seal = Policy::new("seal").on(|event: &Wrote, context, then| {
        let id = context.stream().id().as_str();
        match event.text.as_str() {
            "enough" => then.record::<Note>(id, Sealed)?,
            "question" => then.record::<Note>(id, wrote("answer"))?,
            "seal other" => then.record::<Note>("other", Sealed)?,
            _ => {}
        }
        Ok(())
    });
    Bus::builder(log.shared()).policy(seal).open().unwrap()
}

fn untyped_it_is_as_new_as_the_log(log: Subject) {
    let bus = sealing(&log);
    let open = bus.load::<Note>("a").unwrap();
    let (closed, _) = bus.commit(open.record(wrote("enough")).unwrap()).unwrap();
    assert_eq!(closed.state().texts(), ["enough", "sealed"]);
    assert_eq!(closed.version(), Some(version(2)));
    assert_eq!(closed.state(), &note(&self::bus(&log), "a"));
}

fn typed_and_in_the_same_state_it_is_as_new_as_the_log(log: Subject) {
    let bus = sealing(&log);
    let open = bus.load::<Note>("a").unwrap().at::<Blank>().unwrap();
    let (open, _) = bus.commit(open.record(wrote("question")).unwrap()).unwrap();
    assert_eq!(open.version(), Some(version(2)));
    let (closed, _) = bus.commit(open.record(Sealed).unwrap()).unwrap();
    assert_eq!(closed.version(), Some(version(3)));
}

fn typed_and_moved_on_it_is_where_its_own_events_led(log: Subject) {
    let bus = sealing(&log);
    let first = bus.load::<Note>("first").unwrap().record(wrote("x")).unwrap();
    let open = bus.load::<Note>("a").unwrap().at::<Blank>().unwrap();
    let open = open.record(wrote("y")).unwrap().record(wrote("enough")).unwrap();
    let ((_, open), _) = bus.commit((first, open)).unwrap();
    assert_eq!((open.version(), open.recorded()), (Some(version(2)), 0));
    // What its bodies were told is what the log says, though it stood second in the commit.
    let closed = note(&self::bus(&log), "a");
    assert_eq!(open.state().lines, closed.lines()[..2]);
    let error = bus.commit(open.record(wrote("z")).unwrap()).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::Append(AppendError::Conflict { .. })));
    assert_eq!(note(&bus, "a").texts(), ["y", "enough", "sealed"]);
}

fn an_aggregate_without_events_is_moved_too(log: Subject) {
    let bus = sealing(&log);
    write(&bus, "other", "x");
    let other = bus.load::<Note>("other").unwrap();
    let a = bus.load::<Note>("a").unwrap().record(wrote("seal other")).unwrap();
    let ((_, other), _) = bus.commit((a, other)).unwrap();
    assert_eq!(other.state().texts(), ["x", "sealed"]);
    assert_eq!(other.version(), Some(version(2)));
}

fn each_commit_has_an_id_of_its_own(log: Subject) {
    let bus = sealing(&log);
    let open = bus.load::<Note>("a").unwrap().record(wrote("x")).unwrap();
    let id = open.commit_id();
    let (open, _) = bus.commit(open).unwrap();
    assert_ne!(open.commit_id(), id);
    let (open, second) = bus.commit(open.record(wrote("y")).unwrap()).unwrap();
    assert_ne!(second.commit, id);
    let ids: Vec<_> = open.state().lines().iter().map(|line| line.event_id.commit).collect();
    assert_eq!(ids, [id, second.commit]);
}
