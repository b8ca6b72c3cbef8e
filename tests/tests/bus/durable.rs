//! Durable policies: they follow the log, and each event has its effect once.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use vitae::store::{AppendError, EventStore, ReadError};
use vitae::{
    Bus, Clock, CommitReason, Effect, GlobalPosition, ManualClock, OpenError, PartError, PartKind,
    PartState, Policy, Projection, Start, Timestamp,
};
use vitae_tests::{Subject, name};

use crate::support::*;

on_every_store! {
    it_follows_what_others_commit
    an_event_has_its_effect_once_over_buses_and_restarts
    an_effect_and_its_checkpoint_are_one_commit
    it_starts_where_it_is_told_and_only_once
    now_is_when_the_bus_was_opened
    now_on_an_empty_log_is_before_its_first_event
    it_is_put_together_anew_on_fresh_state
    what_loses_is_tried_in_smaller_pieces
    a_failing_or_panicking_handler_stops_at_its_event
    what_others_say_no_to_is_told
    a_panic_of_what_takes_part_is_told
    a_panic_of_whatever_else_is_told
    what_does_not_concern_it_is_passed_over
    policies_and_rows_take_part_in_what_it_records
    two_policies_of_one_name_are_refused_whatever_they_are
}

/// Notes every number that is added.
fn scribe() -> Policy {
    Policy::new("scribe").on(|event: &Added, _, then| {
        then.record::<Note>("log", wrote(event.by.to_string()))?;
        Ok(())
    })
}

fn open(store: Arc<dyn EventStore>, policy: Policy) -> Bus {
    Bus::builder(store).policy(policy).open().unwrap()
}

fn lines(log: &Subject) -> Vec<String> {
    note(&bus(log), "log").texts().into_iter().map(str::to_owned).collect()
}

fn at(position: u64) -> Option<GlobalPosition> {
    GlobalPosition::new(position)
}

fn it_follows_what_others_commit(log: Subject) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(70)));
    let policy = scribe().durable(Start::Beginning);
    let bus = Bus::builder(log.shared()).policy(policy).clock(clock.clone()).open().unwrap();
    add(&self::bus(&log), "n", 1);
    add(&bus, "n", 2);
    assert!(lines(&log).is_empty());
    clock.set(Timestamp::from_micros(90));
    bus.catch_up().unwrap();
    let noted = note(&self::bus(&log), "log");
    assert_eq!(noted.texts(), ["1", "2"]);
    let mut causes = Vec::new();
    let added = vitae::store::Read::log(vitae::store::Query::kinds([name("count.add")]));
    log.shared()
        .visit(added, |event| {
            causes.push((Some(event.id()), event.correlation()));
            Ok::<_, ReadError>(ControlFlow::Continue(()))
        })
        .unwrap();
    let lines: Vec<_> =
        noted.lines().iter().map(|line| (line.causation, line.correlation)).collect();
    assert_eq!(lines, causes);
    let clocked = |line: &Line| line.occurred_at == Timestamp::from_micros(90);
    assert!(noted.lines().iter().all(clocked));
    // What there is to do was done.
    bus.catch_up().unwrap();
    assert_eq!(self::lines(&log).len(), 2);
}

fn an_event_has_its_effect_once_over_buses_and_restarts(log: Subject) {
    let buses = [(); 3].map(|()| open(log.shared(), scribe().durable(Start::Beginning)));
    for by in 0..200 {
        add(&buses[0], "n", by);
    }
    std::thread::scope(|scope| {
        for bus in &buses {
            scope.spawn(|| bus.catch_up().unwrap());
        }
    });
    open(log.shared(), scribe().durable(Start::Beginning)).catch_up().unwrap();
    let expected: Vec<_> = (0..200).map(|by| by.to_string()).collect();
    assert_eq!(lines(&log), expected);
}

fn an_effect_and_its_checkpoint_are_one_commit(log: Subject) {
    add(&bus(&log), "n", 1);
    for written in [false, true] {
        let double = Double::of(&log);
        double.lose_answer(written);
        let bus = open(double, scribe().durable(Start::Beginning));
        let failed = bus.catch_up().unwrap_err();
        let PartError::Append { position, source } = &*failed.source else {
            panic!("{failed:?}");
        };
        assert_eq!(Some(*position), at(1));
        assert!(matches!(source, AppendError::OutcomeUnknown { .. }));
        let checkpoint = log.checkpoint(&name("policy/scribe")).unwrap();
        assert_eq!(checkpoint.is_some(), written);
        assert_eq!(lines(&log).len(), usize::from(written));
    }
    open(log.shared(), scribe().durable(Start::Beginning)).catch_up().unwrap();
    assert_eq!(lines(&log), ["1"]);
}

fn it_starts_where_it_is_told_and_only_once(log: Subject) {
    for by in 1..=3 {
        add(&bus(&log), "n", by);
    }
    let started = |name: &str, start| {
        let note = name.to_owned();
        let policy = Policy::new(name).on(move |event: &Added, _, then| {
            then.record::<Note>(&note, wrote(event.by.to_string()))?;
            Ok(())
        });
        open(log.shared(), policy.durable(start))
    };
    let starts =
        [("all", Start::Beginning), ("new", Start::Now), ("two", Start::After(at(1).unwrap()))];
    for (name, start) in starts {
        started(name, start).catch_up().unwrap();
    }
    add(&bus(&log), "n", 4);
    for (name, _) in starts {
        // Where it starts is not asked again.
        started(name, Start::Now).catch_up().unwrap();
    }
    let noted = |name| note(&bus(&log), name).texts().join(" ");
    assert_eq!([noted("all"), noted("new"), noted("two")], ["1 2 3 4", "4", "2 3 4"]);

    let failed = started("none", Start::After(at(99).unwrap())).catch_up().unwrap_err();
    assert!(matches!(&*failed.source, PartError::NoSuchStart { .. }), "{failed:?}");
}

fn now_is_when_the_bus_was_opened(log: Subject) {
    add(&bus(&log), "n", 1);
    let bus = open(log.shared(), scribe().durable(Start::Now));
    // Before it has had its first step.
    add(&bus, "n", 2);
    bus.catch_up().unwrap();
    assert_eq!(lines(&log), ["2"]);
}

fn now_on_an_empty_log_is_before_its_first_event(log: Subject) {
    let sent = Arc::new(AtomicU64::new(0));
    let open = || {
        let sent = Arc::clone(&sent);
        let mail = Effect::new("mail", Start::Now).on(move |event: &Added, _, _| {
            sent.fetch_add(event.by, Ordering::Relaxed);
            Ok(())
        });
        let builder = Bus::builder(log.shared()).policy(scribe().durable(Start::Now));
        builder.effect(mail).open().unwrap()
    };
    let first = open();
    first.catch_up().unwrap();
    assert!(first.status().unwrap().iter().all(|part| part.position.is_none()));
    add(&first, "n", 1);
    // That process has come to nothing more, and the next one was told nothing by it.
    open().catch_up().unwrap();
    assert_eq!((lines(&log), sent.load(Ordering::Relaxed)), (vec!["1".to_owned()], 1));
}

fn it_is_put_together_anew_on_fresh_state(log: Subject) {
    let double = Double::of(&log);
    let numbering = Policy::new("numbering").on(|_: &Added, _, then| {
        let lines = then.state::<Note>("log")?.lines().len();
        then.record::<Note>("log", wrote(lines.to_string()))?;
        Ok(())
    });
    let bus = open(double.clone(), numbering.durable(Start::Beginning));
    add(&self::bus(&log), "n", 1);
    add(&self::bus(&log), "n", 1);
    for _ in 0..3 {
        let other = self::bus(&log);
        double.sneak(move || write(&other, "log", "theirs"));
    }
    bus.catch_up().unwrap();
    assert_eq!(lines(&log), ["theirs", "theirs", "theirs", "3", "4"]);
}

/// While it has a turn, the others of its bus wait: then its handlers are asked about one event only.
fn what_loses_is_tried_in_smaller_pieces(log: Subject) {
    let (double, asked) = (Double::of(&log), Arc::new(Mutex::new(Vec::new())));
    let asks = Arc::clone(&asked);
    let policy = Policy::new("slow").on(move |event: &Added, _, then| {
        asks.lock().unwrap().push(event.by);
        then.record::<Note>("log", wrote(event.by.to_string()))?;
        Ok(())
    });
    let bus = open(double.clone(), policy.durable(Start::Beginning));
    (1..=64).for_each(|by| add(&self::bus(&log), "n", by));
    for _ in 0..3 {
        let other = self::bus(&log);
        double.sneak(move || write(&other, "log", "theirs"));
    }
    bus.catch_up().unwrap();
    let asked = asked.lock().unwrap();
    let tries = asked.iter().enumerate().filter(|(_, by)| **by == 1).map(|(at, _)| at);
    assert_eq!(tries.collect::<Vec<_>>(), [0, 64, 96, 97], "of 64, of 32, and of one each");
    let ours = lines(&log).into_iter().filter(|line| line != "theirs");
    assert!(ours.eq((1..=64).map(|by| by.to_string())));
}

fn a_failing_or_panicking_handler_stops_at_its_event(log: Subject) {
    let patient = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&patient);
    let policy = Policy::new("picky").on(move |event: &Added, _, then| {
        if !seen.load(Ordering::Relaxed) {
            match event.by {
                13 => return Err("nobody adds 13".into()),
                14 => panic!("nor 14"),
                _ => {}
            }
        }
        then.record::<Note>("log", wrote(event.by.to_string()))?;
        Ok(())
    });
    let other = Policy::new("other").on(|event: &Added, _, then| {
        then.record::<Note>("other", wrote(event.by.to_string()))?;
        Ok(())
    });
    let builder = Bus::builder(log.shared()).policy(policy.durable(Start::Beginning));
    let bus = builder.policy(other.durable(Start::Beginning)).open().unwrap();
    for (before, bad, says) in [(1, 13, "nobody adds 13"), (2, 14, "it panicked: nor 14")] {
        patient.store(false, Ordering::Relaxed);
        for by in [before, bad, 7] {
            add(&bus, "n", by);
        }
        for failures in 1..=2 {
            let failed = bus.catch_up().unwrap_err();
            assert_eq!((failed.kind, failed.name.as_str()), (PartKind::Policy, "picky"));
            let PartError::Handler { position, stream, kind, source } = &*failed.source else {
                panic!("{failed:?}");
            };
            assert_eq!((stream.to_string(), kind.as_str()), ("count/n".to_owned(), "count.add"));
            assert_eq!(source.to_string(), says);
            let status = bus.status().unwrap();
            assert_eq!(status[0].state, PartState::Failing { failures });
            assert_eq!(status[0].position, position.previous(), "what came before counts");
            assert!(Arc::ptr_eq(status[0].last_error.as_ref().unwrap(), &failed.source));
            assert_eq!(status[1].state, PartState::Well);
        }
        patient.store(true, Ordering::Relaxed);
        bus.catch_up().unwrap();
        assert_eq!(bus.status().unwrap()[0].state, PartState::Well);
    }
    assert_eq!(lines(&log), ["1", "13", "7", "2", "14", "7"]);
    assert_eq!(note(&self::bus(&log), "other").texts(), ["1", "13", "7", "2", "14", "7"]);
}

fn what_others_say_no_to_is_told(log: Subject) {
    let atomic = Policy::new("atomic").on(|event: &Wrote, _, _| match event.text.as_str() {
        "2" => Err("no twos".into()),
        _ => Ok(()),
    });
    let builder = Bus::builder(log.shared()).policy(atomic);
    let bus = builder.policy(scribe().durable(Start::Beginning)).open().unwrap();
    for by in [1, 3, 2, 4] {
        add(&bus, "n", by);
    }
    let failed = bus.catch_up().unwrap_err();
    let PartError::Commit { position, .. } = &*failed.source else { panic!("{failed:?}") };
    assert_eq!(Some(*position), at(3));
    assert_eq!(lines(&log), ["1", "3"]);
}

fn a_panic_of_what_takes_part_is_told(log: Subject) {
    let atomic = || {
        Policy::new("atomic").on(|event: &Wrote, _, _| match event.text.as_str() {
            "2" => panic!("twos"),
            _ => Ok(()),
        })
    };
    let inline = || {
        Projection::new("inline").on(|event: &Wrote, _, _| match event.text.as_str() {
            "2" => panic!("twos"),
            _ => Ok(()),
        })
    };
    (1..=3).for_each(|by| add(&bus(&log), "n", by));
    for open in [
        Bus::builder(log.shared()).policy(atomic()),
        Bus::builder(log.shared()).projection(inline()),
    ] {
        let bus = open.policy(scribe().durable(Start::Beginning)).open().unwrap();
        let failed = bus.catch_up().unwrap_err();
        let PartError::Commit { position, source } = &*failed.source else { panic!("{failed:?}") };
        assert_eq!(Some(*position), at(2));
        let (CommitReason::Policy { source, .. } | CommitReason::Projection { source, .. }) =
            &**source
        else {
            panic!("{failed:?}");
        };
        assert_eq!(source.to_string(), "it panicked: twos");
        assert!(matches!(bus.status().unwrap()[0].state, PartState::Failing { failures: 1 }));
        assert_eq!(lines(&log), ["1"]);
    }
}

/// A clock that breaks, and is mended.
struct Broken(AtomicBool);

impl Clock for Broken {
    fn now(&self) -> Timestamp {
        assert!(!self.0.load(Ordering::Relaxed), "no time");
        Timestamp::from_micros(0)
    }
}

fn a_panic_of_whatever_else_is_told(log: Subject) {
    let clock = Arc::new(Broken(AtomicBool::new(false)));
    let policy = scribe().durable(Start::Beginning);
    let bus = Bus::builder(log.shared()).policy(policy).clock(clock.clone()).open().unwrap();
    add(&bus, "n", 1);
    clock.0.store(true, Ordering::Relaxed);
    let failed = bus.catch_up().unwrap_err();
    let PartError::Panicked(source) = &*failed.source else { panic!("{failed:?}") };
    assert_eq!(source.to_string(), "it panicked: no time");
    clock.0.store(false, Ordering::Relaxed);
    let status = &bus.status().unwrap()[0];
    assert!(matches!(status.state, PartState::Failing { failures: 1 }), "{status:?}");
    bus.catch_up().unwrap();
    assert_eq!(lines(&log), ["1"]);
}

fn what_does_not_concern_it_is_passed_over(log: Subject) {
    let bus = open(log.shared(), scribe().durable(Start::Beginning));
    add(&bus, "n", 1);
    bus.catch_up().unwrap();
    // More than a follower leaves behind it.
    let mut left = 20_000;
    while left > 0 {
        let mut note = bus.load::<Note>(format!("{left}")).unwrap();
        for _ in 0..500 {
            note = note.record(wrote("x")).unwrap();
            left -= 1;
        }
        bus.commit(note).unwrap();
    }
    bus.catch_up().unwrap();
    let status = &bus.status().unwrap()[0];
    let head = log.head().unwrap().unwrap().get();
    assert_eq!((status.lag, head), (0, 20_002));
    assert!(head - status.position.unwrap().get() < 16_384, "{status:?}");
    add(&bus, "n", 2);
    bus.catch_up().unwrap();
    assert_eq!(lines(&log), ["1", "2"]);
}

fn policies_and_rows_take_part_in_what_it_records(log: Subject) {
    let echo = Policy::new("echo").on(|event: &Wrote, _, then| {
        if !event.text.starts_with("echo") {
            then.record::<Note>("log", wrote(format!("echo {}", event.text)))?;
        }
        Ok(())
    });
    let rows = Projection::new("lines").on(|event: &Wrote, _, rows| {
        let before: u64 = rows.get("all")?.unwrap_or_default();
        rows.put("all", &(before + event.text.len() as u64))
    });
    let builder = Bus::builder(log.shared()).policy(echo).projection(rows);
    let bus = builder.policy(scribe().durable(Start::Beginning)).open().unwrap();
    add(&bus, "n", 1);
    add(&bus, "n", 2);
    bus.catch_up().unwrap();
    assert_eq!(lines(&log), ["1", "2", "echo 1", "echo 2"]);
    assert_eq!(bus.view::<u64>("lines").unwrap().get("all").unwrap(), Some(14));
}

fn two_policies_of_one_name_are_refused_whatever_they_are(log: Subject) {
    let durable = || scribe().durable(Start::Beginning);
    for (one, other) in [(scribe(), durable()), (durable(), scribe()), (durable(), durable())] {
        let error = Bus::builder(log.shared()).policy(one).policy(other).open().unwrap_err();
        assert!(matches!(error, OpenError::Repeated { what: "policies", .. }), "{error:?}");
    }
}
