//! What the status says of what waits: parked events, timers that are due; and whose names are whose.

use std::sync::Arc;
use std::time::Duration;

use vitae::store::{Checkpoint, Checksum, Commit, RowChange};
use vitae::{
    Bus, CommitId, DueTimers, Effect, ManualClock, OpenError, PartError, PartKind, PartState,
    PartStatus, Policy, Projection, Start,
};
use vitae_tests::{Draft, Subject, name, position, stream};

use crate::support::*;

on_every_store! {
    how_many_events_are_parked
    what_is_parked_is_counted_so_far
    which_timers_are_due
    what_is_due_is_counted_so_far
    names_of_the_library_are_its_own
    a_try_that_failed_is_told
    what_cannot_be_read_of_one_is_told_of_it_alone
    what_follows_the_log_for_nothing_is_refused
}

fn of(bus: &Bus, kind: PartKind, name: &str) -> PartStatus {
    let all = bus.status().unwrap();
    let found = all.iter().find(|part| part.kind == kind && part.name.as_str() == name);
    found.unwrap_or_else(|| panic!("{all:?}")).clone()
}

/// An effect that nobody is there for.
fn in_vain(name: &str) -> Effect {
    Effect::new(name, Start::Beginning).attempts(1).on(|_: &Added, _, _| Err("nobody".into()))
}

fn parked(bus: &Bus, effect: &str) -> Option<usize> {
    of(bus, PartKind::Effect, effect).parked
}

fn how_many_events_are_parked(log: Subject) {
    let durable = Policy::new("durable").on(|_: &Wrote, _, _| Ok(())).durable(Start::Beginning);
    let quiet = Effect::new("quiet", Start::Beginning).on(|_: &Wrote, _, _| Ok(()));
    let builder = Bus::builder(log.shared()).effect(in_vain("mail")).effect(quiet).policy(durable);
    let bus = builder.effect(in_vain("patient").attempts(9)).open().unwrap();
    for (id, by) in [("a", 1), ("a", 2), ("b", 1), ("c", 1)] {
        add(&bus, id, by);
    }
    assert_eq!(parked(&bus, "mail"), Some(0));
    bus.catch_up().unwrap();
    assert_eq!(parked(&bus, "mail"), Some(3), "what waits behind them is not parked");
    assert_eq!(parked(&bus, "quiet"), Some(0));
    assert_eq!(parked(&bus, "patient"), Some(0), "they are to be tried again");
    assert_eq!(of(&bus, PartKind::Policy, "durable").parked, None);
    bus.parked("mail").unwrap().give_up(&stream("count/b"), "gone").unwrap();
    assert_eq!(parked(&bus, "mail"), Some(2));
}

/// Puts rows of the library's into a view.
fn put(log: &Subject, view: &str, rows: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) {
    let mut commit = Commit::new(CommitId::generate());
    commit.rows.extend(rows.map(|(key, value)| RowChange {
        view: name(view),
        key,
        expected: None,
        value: Some(value),
    }));
    log.append(commit).wait().unwrap();
}

fn what_is_parked_is_counted_so_far(log: Subject) {
    let bus = Bus::builder(log.shared()).effect(in_vain("mail")).open().unwrap();
    let row = |n: u32| (format!("mail\0p{n:04}").into_bytes(), Vec::new());
    put(&log, "vitae.effects", (0..1_000).map(row));
    assert_eq!(parked(&bus, "mail"), Some(1_000));
    put(&log, "vitae.effects", (1_000..1_001).map(row));
    assert_eq!(parked(&bus, "mail"), Some(1_000));
}

/// Whatever is written is sealed after so many seconds, or by so many timers after so many seconds.
fn open(log: &Subject, clock: &Arc<ManualClock>) -> Bus {
    let seals = Policy::new("seals").on(|event: &Wrote, note, then| {
        let (timers, after) = event.text.split_once('x').unwrap_or(("1", &event.text));
        for _ in 0..timers.parse()? {
            let after = Duration::from_secs(after.parse()?);
            then.record_after::<Note>(note.stream().id(), Sealed, after)?;
        }
        Ok(())
    });
    let ends = Policy::new("ends").on(|event: &Added, count, then| {
        let after = Duration::from_secs(event.by);
        Ok(then.record_after::<Count>(count.stream().id(), Ended, after)?)
    });
    let builder = Bus::builder(log.shared()).policy(seals).policy(ends);
    builder.register::<Note>().clock(clock.clone()).open().unwrap()
}

fn timers(bus: &Bus) -> (usize, Option<i64>) {
    let status = of(bus, PartKind::Timers, "vitae.timers");
    let DueTimers { now, next, .. } = status.timers.unwrap();
    (now, next.map(|next| next.as_micros() / 1_000_000))
}

fn which_timers_are_due(log: Subject) {
    let clock = Arc::new(ManualClock::new(seconds(0)));
    let bus = open(&log, &clock);
    assert_eq!(timers(&bus), (0, None));
    for (id, text) in [("a", "10"), ("b", "20"), ("c", "30")] {
        write(&bus, id, text);
    }
    // For another program to see to: this one does not have its lifecycle.
    add(&bus, "n", 5);
    assert_eq!(timers(&bus), (0, Some(10)));
    clock.set(seconds(20));
    assert_eq!(timers(&bus), (2, Some(30)));
    bus.catch_up().unwrap();
    assert_eq!(timers(&bus), (0, Some(30)));
    clock.set(seconds(30));
    assert_eq!(timers(&bus), (1, None));
    assert!(bus.status().unwrap().iter().all(|part| part.parked.is_none()));
}

fn what_is_due_is_counted_so_far(log: Subject) {
    let clock = Arc::new(ManualClock::new(seconds(0)));
    let bus = open(&log, &clock);
    write(&bus, "a", "999x0");
    write(&bus, "b", "7");
    assert_eq!(timers(&bus), (999, Some(7)));
    write(&bus, "c", "0");
    assert_eq!(timers(&bus), (1_000, None));
    write(&bus, "d", "0");
    assert_eq!(timers(&bus), (1_000, None));
}

fn names_of_the_library_are_its_own(log: Subject) {
    let builder = || Bus::builder(log.shared());
    let own = "vitae.timers";
    for (what, builder) in [
        ("policies", builder().policy(Policy::new(own))),
        ("policies", builder().policy(Policy::new(own).durable(Start::Now))),
        ("projections", builder().projection(Projection::new(own))),
        ("projections", builder().projection(Projection::new(own).catch_up(1))),
        ("effects", builder().effect(Effect::new(own, Start::Now))),
    ] {
        let error = builder.open().unwrap_err();
        let expected = format!(
            "`vitae.timers` is among the {what}, but names that begin with `vitae.` are the \
             library's own; rename it"
        );
        assert!(matches!(error, OpenError::Reserved { .. }));
        assert_eq!(error.to_string(), expected);
    }
    builder().policy(Policy::new("vitae")).open().unwrap();
}

fn a_try_that_failed_is_told(log: Subject) {
    let effect = Effect::new("mail", Start::Beginning).on(|added: &Added, _, _| match added.by {
        1 => Ok(()),
        _ => Err("nobody is there".into()),
    });
    let bus = Bus::builder(log.shared()).effect(effect).open().unwrap();
    add(&bus, "a", 1);
    bus.catch_up().unwrap();
    assert!(of(&bus, PartKind::Effect, "mail").last_error.is_none());
    add(&bus, "b", 2);
    bus.catch_up().unwrap();
    let status = of(&bus, PartKind::Effect, "mail");
    assert_eq!((status.state, status.lag), (PartState::Well, 0));
    let error = status.last_error.unwrap();
    let PartError::Handler { stream: of, source, .. } = &*error else { panic!("{error:?}") };
    assert_eq!((of, source.to_string().as_str()), (&stream("count/b"), "nobody is there"));
}

/// One whose row is damaged, one whose checkpoint is that of another log, and one that is well.
fn what_cannot_be_read_of_one_is_told_of_it_alone(log: Subject) {
    let rows = Projection::new("rows").on(|event: &Added, _, rows| rows.put("last", &event.by));
    let policy = |name| Policy::new(name).on(|_: &Added, _, _| Ok(())).durable(Start::Beginning);
    let builder = Bus::builder(log.shared()).projection(rows.catch_up(1));
    let bus = builder.policy(policy("elsewhere")).policy(policy("well")).open().unwrap();
    add(&bus, "n", 1);
    put(&log, "vitae.views", [(b"rows".to_vec(), b"\xff".to_vec())].into_iter());
    let elsewhere =
        Checkpoint { position: Some(position(1)), checksum: Some(Checksum(7)), cursor: Vec::new() };
    let draft = Draft::new().moving("policy/elsewhere", None, elsewhere);
    draft.must(&*log);
    bus.catch_up().unwrap_err();
    for (kind, name) in [(PartKind::Projection, "rows"), (PartKind::Policy, "elsewhere")] {
        let status = of(&bus, kind, name);
        assert!(matches!(status.state, PartState::Failing { .. }), "{status:?}");
        assert!(matches!(&*status.last_error.unwrap(), PartError::Read(_)));
        assert_eq!(status.position, None);
    }
    let status = of(&bus, PartKind::Policy, "well");
    assert_eq!((status.state, status.position), (PartState::Well, Some(position(1))));
}

fn what_follows_the_log_for_nothing_is_refused(log: Subject) {
    let builder = || Bus::builder(log.shared());
    let nothing = [
        builder().policy(Policy::new("p").durable(Start::Beginning)),
        builder().projection(Projection::new("p").catch_up(1)),
        builder().effect(Effect::new("p", Start::Beginning)),
    ];
    for builder in nothing {
        let error = builder.open().unwrap_err();
        assert!(matches!(&error, OpenError::HandlesNothing { name, .. } if name == "p"), "{error}");
    }
    // These only take part in what others commit.
    let inline = builder().policy(Policy::new("p")).projection(Projection::new("p"));
    assert!(inline.open().is_ok());
}
