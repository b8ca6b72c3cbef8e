//! Parts on threads of their own: what wakes them, and how they come to an end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vitae::store::EventStore;
use vitae::{Bus, Effect, Policy, Projection, Start};
use vitae_tests::{Subject, name, position};

use crate::support::*;
use crate::timers::Run;

on_every_store! {
    threads_follow_the_log_until_they_are_stopped
    a_part_that_is_held_up_does_not_hold_up_stopping
    who_is_told_to_stop_begins_no_further_event
    a_timer_that_comes_without_an_event_fires
    a_shadow_is_worked_on_once_it_is_begun
    timers_that_are_restored_fire
}

/// So long, what others do by themselves takes no longer: were it so, nothing would be shown.
const A_LITTLE: Duration = Duration::from_millis(200);

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

fn threads_follow_the_log_until_they_are_stopped(log: Subject) {
    let bus = open(log.shared(), scribe().durable(Start::Beginning));
    add(&bus, "n", 1);
    let running = bus.start().unwrap();
    until(|| lines(&log).len() == 1);
    for by in 2..50 {
        add(&bus, "n", by);
    }
    until(|| lines(&log).len() == 49);
    running.stop(Duration::from_secs(60)).unwrap();
    add(&bus, "n", 50);
    let before = lines(&log).len();
    assert_eq!(before, 49);
    bus.catch_up().unwrap();
    assert_eq!(lines(&log).len(), 50);
}

fn a_part_that_is_held_up_does_not_hold_up_stopping(log: Subject) {
    let (begun, free) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (begins, ends) = (Arc::clone(&begun), Arc::clone(&free));
    let slow = Policy::new("slow").on(move |_: &Added, _, then| {
        begins.fetch_add(1, Ordering::SeqCst);
        until(|| ends.load(Ordering::SeqCst));
        then.record::<Note>("slow", wrote("done"))?;
        Ok(())
    });
    let builder = Bus::builder(log.shared()).policy(slow.durable(Start::Beginning));
    let bus = builder.policy(scribe().durable(Start::Beginning)).open().unwrap();
    let running = bus.start().unwrap();
    add(&bus, "n", 1);
    until(|| begun.load(Ordering::SeqCst) == 1 && lines(&log).len() == 1);
    let still = running.stop(Duration::from_millis(1)).unwrap_err();
    assert!(still.to_string().contains("policy `slow`"), "{still}");
    free.store(true, Ordering::SeqCst);
    until(|| note(&self::bus(&log), "slow").texts() == ["done"]);
}

/// Where handlers stand until they are let go.
#[derive(Default)]
struct Gate {
    begun: Mutex<Vec<&'static str>>,
    free: AtomicBool,
}

impl Gate {
    fn pass(&self, who: &'static str) {
        self.begun.lock().unwrap().push(who);
        until(|| self.free.load(Ordering::SeqCst));
    }
}

fn who_is_told_to_stop_begins_no_further_event(log: Subject) {
    let gate = Arc::new(Gate::default());
    let (mails, moves, rows) = (Arc::clone(&gate), Arc::clone(&gate), Arc::clone(&gate));
    let mail = Effect::new("mail", Start::Beginning).on(move |_: &Added, _, _| {
        mails.pass("mail");
        Ok(())
    });
    let slow = Policy::new("slow").on(move |_: &Added, _, _| {
        moves.pass("slow");
        Ok(())
    });
    let rows = Projection::new("rows").on(move |_: &Added, _, _| {
        rows.pass("rows");
        Ok(())
    });
    (1..=3).for_each(|by| add(&bus(&log), "n", by));
    let builder = Bus::builder(log.shared()).effect(mail).projection(rows.catch_up(1));
    let bus = builder.policy(slow.durable(Start::Beginning)).open().unwrap();
    let running = bus.start().unwrap();
    until(|| gate.begun.lock().unwrap().len() == 3);
    // They are told at once, and nobody waits for them.
    drop(running);
    gate.free.store(true, Ordering::SeqCst);
    for checkpoint in ["effect/mail", "policy/slow", "view/0/rows"] {
        let checkpoint = || log.checkpoint(&name(checkpoint)).unwrap();
        until(|| checkpoint().is_some());
        assert_eq!(checkpoint().unwrap().position, Some(position(1)), "what was done counts");
    }
    assert_eq!(gate.begun.lock().unwrap().len(), 3);
}

/// A durable policy that sets a timer, and does nothing else, commits no event.
fn a_timer_that_comes_without_an_event_fires(log: Subject) {
    let later = Policy::new("later").on(|_: &Added, _, then| {
        // The timers have been woken by the same event, and have found nothing.
        std::thread::sleep(A_LITTLE);
        then.record_after::<Note>("log", wrote("late"), Duration::ZERO)?;
        Ok(())
    });
    let builder = Bus::builder(log.shared()).register::<Note>();
    let bus = builder.policy(later.durable(Start::Beginning)).open().unwrap();
    let running = bus.start().unwrap();
    add(&bus, "n", 1);
    until(|| lines(&log) == ["late"]);
    running.stop(Duration::from_secs(60)).unwrap();
}

fn a_shadow_is_worked_on_once_it_is_begun(log: Subject) {
    let rows = Projection::new("rows").on(|event: &Added, _, rows| rows.put("last", &event.by));
    let bus = Bus::builder(log.shared()).projection(rows.catch_up(1)).open().unwrap();
    add(&bus, "n", 1);
    bus.catch_up().unwrap();
    let running = bus.start().unwrap();
    std::thread::sleep(A_LITTLE);
    let shadow = bus.shadow("rows").unwrap();
    shadow.begin().unwrap();
    until(|| shadow.progress().unwrap().is_none());
    running.stop(Duration::from_secs(60)).unwrap();
}

fn timers_that_are_restored_fire(log: Subject) {
    let bus = Bus::builder(log.shared()).register::<Run>().open().unwrap();
    // A run that waits for no time at all; and no row that says so.
    smuggle::<Run>(&*log, "a", ("run.begun", 1), &[0]);
    let running = bus.start().unwrap();
    std::thread::sleep(A_LITTLE);
    assert_eq!(bus.restore_timers::<Run>().unwrap(), 1);
    let over = || matches!(bus.load::<Run>("a").unwrap().state(), Run::Over(_));
    until(over);
    running.stop(Duration::from_secs(60)).unwrap();
}
