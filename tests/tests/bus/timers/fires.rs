//! A timer that nothing comes before fires: once, at its time, in order.

use vitae::store::{Commit, Query, RowChange};
use vitae::{CommitId, EventId, PartKind, Policy, Projection};
use vitae_tests::{Subject, name};

use super::*;

on_every_store! {
    at_its_time_and_not_before_and_once
    in_one_commit_with_the_end_of_its_timer
    what_fires_is_caused_by_what_set_it
    what_fires_is_found_by_the_tags_of_what_set_it
    the_duration_is_a_field_or_a_constant
    a_day_of_events_goes_by_in_order
    late_ones_fire_in_the_order_in_which_they_were_due
    policies_and_projections_take_part
    more_than_a_page_of_them
    names_as_long_as_names_may_be
    on_a_thread_of_its_own
    the_status_knows_of_them
}

fn at_its_time_and_not_before_and_once(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    assert_eq!(pending(&watch.bus), owned([("a", 10)]));
    watch.clock.set(Timestamp::from_micros(9_999_999));
    watch.bus.catch_up().unwrap();
    assert_eq!(watch.over_since("a"), None);
    watch.at(10);
    assert_eq!(watch.over_since("a"), Some(10));
    assert_eq!(pending(&watch.bus), []);
    watch.at(20);
    assert_eq!(log_of(&*log), ["run/a run.begun", "run/a run.expired"]);
}

fn in_one_commit_with_the_end_of_its_timer(log: Subject) {
    let double = Double::of(&log);
    let watch = Watch::over(double.clone());
    watch.record("a", Begun { seconds: 10 });
    watch.at(10);
    assert_eq!(double.appends(), 2);
    assert_eq!(pending(&watch.bus), []);
}

fn what_fires_is_caused_by_what_set_it(log: Subject) {
    let watch = Watch::over(log.shared());
    let cause = EventId { commit: CommitId::generate(), index: 0 };
    let run = watch.bus.load::<Run>("a").unwrap().caused_by(cause, CommitId::generate());
    watch.bus.commit(run.record(Begun { seconds: 10 }).unwrap()).unwrap();
    let timer = watch.bus.timers().next().unwrap().unwrap();
    watch.at(25);
    let mut events = Vec::new();
    log.visit::<vitae::store::ReadError>(vitae::store::Read::log(Query::all()), |event| {
        let known = (event.id(), event.causation(), event.correlation(), event.occurred_at());
        events.push(known);
        Ok(std::ops::ControlFlow::Continue(()))
    })
    .unwrap();
    let [begun, expired] = events[..] else { panic!("{events:?}") };
    assert_eq!((timer.set_by, timer.kind.as_str()), (begun.0, "run.expired"));
    assert_eq!((expired.1, expired.2), (Some(begun.0), begun.2));
    assert_eq!(expired.3, seconds(25), "when it fires, not when it was due");
}

fn what_fires_is_found_by_the_tags_of_what_set_it(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    watch.record("a", Said);
    watch.record("b", Begun { seconds: 20 });
    watch.record("c", Begun { seconds: 10 });
    watch.record("c", Paused);
    watch.at(100);
    let found = |tag: &str| {
        let mut events = Vec::new();
        let read = vitae::store::Read::log(Query::tag(name(tag)));
        log.visit::<vitae::store::ReadError>(read, |event| {
            events.push(format!("{} {}", event.stream(), event.kind()));
            Ok(std::ops::ControlFlow::Continue(()))
        })
        .unwrap();
        events
    };
    // What `c` paused with has no tags, and it is in the pause that time was over.
    assert_eq!(found("seconds:10"), ["a run.begun", "c run.begun", "a run.expired"]);
    assert_eq!(found("seconds:20"), ["b run.begun", "b run.expired"]);
    // Its own fields say nothing: nobody has put anything into them.
    assert_eq!(found("note:"), [""; 0]);
    // The second of what is recorded by hand does.
    watch.record("d", Begun { seconds: 30 });
    watch.record("d", Expired { note: "by hand".into() });
    assert_eq!(found("note:by hand"), ["d run.expired"]);
}

fn the_duration_is_a_field_or_a_constant(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("field", Begun { seconds: 7 });
    watch.record("constant", Begun { seconds: 100 });
    watch.record("constant", Paused);
    assert_eq!(pending(&watch.bus), owned([("field", 7), ("constant", 60), ("constant", 100)]));
}

fn a_day_of_events_goes_by_in_order(log: Subject) {
    let watch = Watch::over(log.shared());
    for (id, seconds) in [("c", 30), ("a", 10), ("b", 20)] {
        watch.record(id, Begun { seconds });
    }
    watch.at(20);
    assert_eq!(pending(&watch.bus), owned([("c", 30)]));
    assert_eq!(log_of(&*log)[3..], ["run/a run.expired", "run/b run.expired"]);
}

fn late_ones_fire_in_the_order_in_which_they_were_due(mut log: Subject) {
    let watch = Watch::over(log.shared());
    for (id, seconds) in [("c", 30), ("a", 10), ("d", 40), ("b", 20)] {
        watch.record(id, Begun { seconds });
    }
    drop(watch);
    log.reopen();
    let watch = Watch::over(log.shared());
    watch.at(35);
    let fired = ["run/a run.expired", "run/b run.expired", "run/c run.expired"];
    assert_eq!(log_of(&*log)[4..], fired);
    assert_eq!(watch.over_since("a"), Some(35));
    assert_eq!(pending(&watch.bus), owned([("d", 40)]));
}

fn policies_and_projections_take_part(log: Subject) {
    let again = Policy::new("again").on(|_: &Expired, context, then| {
        then.record::<Note>("log", wrote(context.stream().id().as_str()))?;
        then.record::<Run>("next", Begun { seconds: 5 })?;
        Ok(())
    });
    let ends = Projection::new("ends").on(|_: &Expired, context, rows| {
        rows.put(context.stream().id().as_str(), &context.occurred_at().as_micros())?;
        Ok(())
    });
    let watch = Watch::of(Bus::builder(log.shared()).policy(again).projection(ends));
    watch.record("a", Begun { seconds: 10 });
    watch.at(10);
    let of_one_commit = ["run/a run.expired", "note/log note.write", "run/next run.begun"];
    assert_eq!(log_of(&*log)[1..], of_one_commit);
    let ended = watch.bus.view::<i64>("ends").unwrap().get("a").unwrap();
    assert_eq!(ended, Some(10_000_000));
    assert_eq!(pending(&watch.bus), owned([("next", 15)]), "a policy's event sets timers, too");
}

fn more_than_a_page_of_them(log: Subject) {
    let watch = Watch::over(log.shared());
    let runs = (0..600_u64).map(|n| {
        let run = watch.bus.load::<Run>(format!("{n:03}")).unwrap();
        run.record(Begun { seconds: 1_000 - n }).unwrap()
    });
    watch.bus.commit(runs.collect::<Vec<_>>()).unwrap();
    let all = pending(&watch.bus);
    assert_eq!(all.len(), 600);
    assert!(all.is_sorted_by_key(|(_, due)| *due));
    watch.at(700);
    assert_eq!(pending(&watch.bus).len(), 300);
    assert_eq!(log_of(&*log)[600..].first().unwrap(), "run/599 run.expired");
}

fn names_as_long_as_names_may_be(log: Subject) {
    let watch = Watch::over(log.shared());
    let id = "x".repeat(vitae::MAX_NAME_BYTES);
    watch.record(&id, Begun { seconds: 10 });
    // A row of who knows whom.
    let mut commit = Commit::new(CommitId::generate());
    let (view, key) = (name("vitae.timers"), b"short".to_vec());
    commit.rows.push(RowChange { view, key, expected: None, value: Some(Vec::new()) });
    log.append(commit).wait().unwrap();
    watch.at(10);
    assert_eq!(watch.over_since(&id), Some(10));
}

fn on_a_thread_of_its_own(log: Subject) {
    // The machine's clock: what is waited for is the event.
    let bus = Bus::builder(log.shared()).register::<Run>().open().unwrap();
    let kinds = Query::kinds([name("run.expired")]);
    let mut expired = bus.subscribe(kinds, None);
    let running = bus.start().unwrap();
    record(&bus, "a", Begun { seconds: 0 });
    record(&bus, "b", Begun { seconds: 1 });
    for id in ["a", "b"] {
        let page = expired.next_timeout(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(page.iter().next().unwrap().stream(), id);
    }
    running.stop(Duration::from_secs(60)).unwrap();
}

fn the_status_knows_of_them(log: Subject) {
    let watch = Watch::over(log.shared());
    watch.record("a", Begun { seconds: 10 });
    let status = watch.bus.status().unwrap();
    let [timers] = &status[..] else { panic!("{status:?}") };
    assert_eq!((timers.kind, timers.lag), (PartKind::Timers, 0));
    // Nobody's fire here.
    let without = Bus::open(log.shared()).unwrap();
    assert!(without.status().unwrap().is_empty());
}
