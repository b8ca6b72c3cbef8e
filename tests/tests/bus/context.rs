//! A body is told the same when an event is recorded and when it is read.

use std::sync::Arc;

use vitae::{Bus, CommitId, EventId, ManualClock, Policy, Timestamp};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    of_one_aggregate
    of_every_aggregate_of_a_tuple
    of_events_of_policies
    of_an_aggregate_that_a_policy_moves_too
    what_is_said_of_events_holds_until_the_commit
    what_a_caller_says_of_its_events_is_not_said_of_those_of_policies
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// The note as a bus reads it that has never seen it.
fn read_anew(log: &Subject, id: &str) -> Note {
    note(&bus(log), id)
}

fn of_one_aggregate(log: Subject) {
    let clock = Arc::new(ManualClock::new(at(5)));
    let bus = Bus::builder(log.shared()).clock(clock.clone()).open();
    let bus = bus.unwrap();
    let open = bus.load::<Note>("a").unwrap().record(wrote("x")).unwrap();
    clock.set(at(3));
    let open = open.record(wrote("y")).unwrap();
    let (id, recorded) = (open.commit_id(), open.state().clone());
    let (open, receipt) = bus.commit(open).unwrap();
    assert_eq!(receipt.commit, id);
    assert_eq!(open.state(), &recorded);
    assert_eq!(read_anew(&log, "a"), recorded);
    let lines = recorded.lines();
    for (index, line) in (0..).zip(lines) {
        assert_eq!(line.event_id, EventId { commit: id, index });
        assert_eq!((line.correlation, line.causation), (id, None));
        assert_eq!(line.version.get(), u64::from(index) + 1);
        assert_eq!(line.stream.to_string(), "note/a");
    }
    assert_eq!((lines[0].occurred_at, lines[1].occurred_at), (at(5), at(3)));
}

fn of_every_aggregate_of_a_tuple(log: Subject) {
    let bus = bus(&log);
    write(&bus, "b", "before");
    let cause = EventId { commit: CommitId::generate(), index: 9 };
    let correlation = CommitId::generate();
    let a = bus.load::<Note>("a").unwrap().record(wrote("a1")).unwrap();
    let b = bus.load::<Note>("b").unwrap().record(wrote("b1")).unwrap();
    let b = b.caused_by(cause, correlation).occurring_at(at(-1));
    let b = b.record(wrote("b2")).unwrap();
    let c = bus.load::<Note>("c").unwrap().at::<Blank>().unwrap();
    let c = c.record(wrote("c1")).unwrap().record(Sealed).unwrap();
    let id = a.commit_id();
    let ((a, b, c), _) = bus.commit((a, b, c)).unwrap();
    assert_eq!(a.state(), &read_anew(&log, "a"));
    assert_eq!(b.state(), &read_anew(&log, "b"));
    assert_eq!(Note::Closed(c.state().clone()), read_anew(&log, "c"));
    let b = b.state().lines();
    let event = |index| EventId { commit: id, index };
    assert_eq!((b[1].event_id, b[1].correlation), (event(1), id));
    assert_eq!((b[2].event_id, b[2].correlation), (event(2), correlation));
    assert_eq!((b[2].causation, b[2].occurred_at), (Some(cause), at(-1)));
    assert_eq!(c.state().lines[1].event_id, event(4));
}

fn of_events_of_policies(log: Subject) {
    let copy = Policy::new("copy").on(|event: &Added, _, then| {
        then.record::<Note>("copy", wrote(event.by.to_string()))?;
        Ok(())
    });
    let again = Policy::new("again").on(|event: &Wrote, _, then| {
        if event.text == "7" {
            then.record::<Note>("again", wrote("seven"))?;
        }
        Ok(())
    });
    let builder = Bus::builder(log.shared()).policy(copy).policy(again);
    let bus = builder.open().unwrap();
    let source = EventId { commit: CommitId::generate(), index: 0 };
    let correlation = CommitId::generate();
    let count = bus.load::<Count>("n").unwrap().occurring_at(at(11));
    let count = count.caused_by(source, correlation);
    let count = count.record(Added { by: 6 }).unwrap();
    let count = count.record(Added { by: 7 }).unwrap();
    let (_, receipt) = bus.commit(count).unwrap();
    let event = |index| EventId { commit: receipt.commit, index };
    let copies = read_anew(&log, "copy");
    assert_eq!(copies, note(&bus, "copy"));
    let ids = |note: &Note| -> Vec<_> {
        let lines = note.lines().iter();
        lines.map(|line| (line.event_id, line.causation)).collect()
    };
    assert_eq!(ids(&copies), [(event(2), Some(event(0))), (event(3), Some(event(1)))]);
    let again = read_anew(&log, "again");
    assert_eq!(again, note(&bus, "again"));
    assert_eq!(ids(&again), [(event(4), Some(event(3)))]);
    for line in copies.lines().iter().chain(again.lines()) {
        assert_eq!((line.correlation, line.occurred_at), (correlation, at(11)));
    }
}

fn of_an_aggregate_that_a_policy_moves_too(log: Subject) {
    let answer = Policy::new("answer").on(|event: &Wrote, context, then| {
        if event.text == "question" {
            then.record::<Note>(context.stream().id().as_str(), wrote("answer"))?;
        }
        Ok(())
    });
    let bus = Bus::builder(log.shared()).policy(answer).open().unwrap();
    let a = bus.load::<Note>("a").unwrap().record(wrote("x")).unwrap();
    let b = bus.load::<Note>("b").unwrap().at::<Blank>().unwrap();
    let b = b.record(wrote("question")).unwrap();
    let ((a, b), _) = bus.commit((a, b)).unwrap();
    assert_eq!(Note::Open(b.state().clone()), read_anew(&log, "b"));
    assert_eq!(read_anew(&log, "b").texts(), ["question", "answer"]);
    // Both are as new as the log, so they can go on.
    let a = a.record(wrote("question")).unwrap();
    let b = b.record(wrote("question")).unwrap();
    let ((a, b), _) = bus.commit((a, b)).unwrap();
    assert_eq!(a.state(), &read_anew(&log, "a"));
    assert_eq!(Note::Open(b.state().clone()), read_anew(&log, "b"));
    assert_eq!(a.state().texts(), ["x", "question", "answer"]);
}

fn what_is_said_of_events_holds_until_the_commit(log: Subject) {
    let clock = Arc::new(ManualClock::new(at(1)));
    let bus = Bus::builder(log.shared()).clock(clock).open().unwrap();
    let cause = EventId { commit: CommitId::generate(), index: 0 };
    let open = bus.load::<Note>("a").unwrap().occurring_at(at(50));
    let open = open.caused_by(cause, cause.commit).with_metadata(by("me"));
    let (open, _) = bus.commit(open.record(wrote("x")).unwrap()).unwrap();
    let (open, _) = bus.commit(open.record(wrote("y")).unwrap()).unwrap();
    let [x, y] = open.state().lines() else {
        panic!("{open:?}");
    };
    assert_eq!((x.occurred_at, x.causation), (at(50), Some(cause)));
    assert_eq!((y.occurred_at, y.causation), (at(1), None));
    assert_eq!(authors(&log), [Some("me".to_owned()), None]);
}

fn what_a_caller_says_of_its_events_is_not_said_of_those_of_policies(log: Subject) {
    let answer = Policy::new("answer").on(|event: &Wrote, _, then| {
        for id in ["a", "b"] {
            if event.text == "question" {
                then.record::<Note>(id, wrote("answer"))?;
            }
        }
        Ok(())
    });
    let bus = Bus::builder(log.shared()).policy(answer).open().unwrap();
    let open = bus.load::<Note>("a").unwrap().with_metadata(by("me"));
    bus.commit(open.record(wrote("question")).unwrap()).unwrap();
    assert_eq!(authors(&log), [Some("me".to_owned()), None, None]);
}

fn by(author: &str) -> vitae::store::Metadata {
    vitae::store::Metadata::new(&[("by".to_owned(), author.to_owned())].into()).unwrap()
}

/// What the metadata of each event says of its author.
fn authors(log: &Subject) -> Vec<Option<String>> {
    use vitae::store::{Page, Query, Read};
    let mut page = Page::new();
    log.read(&Read::log(Query::all()), &mut page).unwrap();
    let events = page.iter();
    events.map(|event| event.metadata().next().map(|(_, author)| author.to_owned())).collect()
}
