//! Timers: when they fire, when they end, and what brings them back. The time is held in the hand.

mod ends;
mod fires;
mod others;
mod planned;
mod planned_held;
mod restored;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::store::{Commit, EventStore, RowChange};
use vitae::{Bus, BusBuilder, CommitId, Context, Event, Lifecycle, ManualClock, Schema, Timestamp};
use vitae_tests::name;

use crate::support::*;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.begun", tag = seconds)]
pub struct Begun {
    pub seconds: u64,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.beat")]
pub struct Beat;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.said")]
pub struct Said;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "run.paused")]
pub struct Paused;

#[derive(Event, Serialize, Deserialize, Clone, Debug, Default)]
#[event(name = "run.expired", tag = note)]
pub struct Expired {
    pub note: String,
}

/// A run waits for as long as it was told to, and in a pause for as long as all do.
#[derive(Lifecycle, Schema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[lifecycle(name = "run")]
pub enum Run {
    #[state(initial)]
    #[on(Begun => Running)]
    Idle,

    #[after(timeout => Expired)]
    #[on(Beat => Running restart, Said => Running)]
    #[on(Paused => Resting, Expired => Over)]
    Running(Running),

    /// What is said in a pause ends it.
    #[after(super::timers::PAUSE => Expired)]
    #[on(Said => Running, Expired => Over)]
    Resting(Resting),

    #[state(terminal)]
    Over(Over),
}

pub(crate) const PAUSE: Duration = Duration::from_secs(60);

#[derive(Schema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Running {
    timeout: Duration,
    said: u32,
}

#[derive(Schema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Resting(Running);

/// Since when, and by which event it came about.
#[derive(Schema, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Over {
    at: i64,
    version: u64,
}

impl Over {
    fn since(context: &Context) -> Self {
        Self { at: context.occurred_at().as_micros(), version: context.version().get() }
    }
}

impl RunTransitions for Run {
    fn idle_on_begun(_: Idle, event: &Begun, _: &Context) -> Running {
        Running { timeout: Duration::from_secs(event.seconds), said: 0 }
    }
    fn running_on_beat(from: Running, _: &Beat, _: &Context) -> Running {
        from
    }
    /// Says more each time, and would wait less: but what counts is the time it was entered with.
    fn running_on_said(from: Running, _: &Said, _: &Context) -> Running {
        Running { timeout: from.timeout / 2, said: from.said + 1 }
    }
    fn running_on_paused(from: Running, _: &Paused, _: &Context) -> Resting {
        Resting(from)
    }
    fn running_on_expired(_: Running, _: &Expired, context: &Context) -> Over {
        Over::since(context)
    }
    fn resting_on_said(from: Resting, _: &Said, _: &Context) -> Running {
        from.0
    }
    fn resting_on_expired(_: Resting, _: &Expired, context: &Context) -> Over {
        Over::since(context)
    }
}

fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// A lifecycle in which what a timer makes happen leaves the state as it is.
mod alarm {
    use super::*;

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "alarm.armed")]
    pub struct Armed;

    #[derive(Event, Serialize, Deserialize, Default)]
    #[event(name = "alarm.rung")]
    pub struct Rung;

    const LIMIT: Duration = Duration::from_secs(5);

    #[derive(Lifecycle, Clone, Debug, PartialEq)]
    #[lifecycle(name = "alarm")]
    pub enum Alarm {
        #[state(initial)]
        #[on(Armed => On)]
        Off,
        #[after(LIMIT => Rung)]
        #[on(Rung => On, Armed => On restart)]
        On,
    }

    impl AlarmTransitions for Alarm {}
}

/// A bus with a clock that stands at 0.
struct Watch {
    bus: Bus,
    clock: Arc<ManualClock>,
}

impl Watch {
    fn over(store: Arc<dyn EventStore>) -> Self {
        Self::of(Bus::builder(store))
    }

    fn of(builder: BusBuilder) -> Self {
        let clock = Arc::new(ManualClock::new(seconds(0)));
        let bus = builder.register::<Run>().clock(clock.clone()).open().unwrap();
        Self { bus, clock }
    }

    /// It is so late now. What is due happens.
    fn at(&self, now: i64) {
        self.clock.set(seconds(now));
        self.bus.catch_up().unwrap();
    }

    fn record<E: Into<RunEvent>>(&self, id: &str, event: E) {
        record(&self.bus, id, event);
    }

    fn run(&self, id: &str) -> Run {
        self.bus.load::<Run>(id).unwrap().state().clone()
    }

    /// The second since which a run is over.
    fn over_since(&self, id: &str) -> Option<i64> {
        match self.run(id) {
            Run::Over(over) => Some(over.at / 1_000_000),
            _ => None,
        }
    }
}

fn record<E: Into<RunEvent>>(bus: &Bus, id: &str, event: E) {
    let run = bus.load::<Run>(id).unwrap().record(event.into()).unwrap();
    bus.commit(run).unwrap();
}

/// The pending timers: whose, and for which second.
fn pending(bus: &Bus) -> Vec<(String, i64)> {
    let timers = bus.timers().map(|timer| timer.unwrap());
    timers.map(|it| (it.stream.id().to_string(), it.due.as_micros() / 1_000_000)).collect()
}

fn owned<const N: usize>(expected: [(&str, i64); N]) -> Vec<(String, i64)> {
    expected.map(|(id, due)| (id.to_owned(), due)).into()
}

fn how_often(store: &dyn EventStore, entry: &str) -> usize {
    log_of(store).iter().filter(|it| *it == entry).count()
}

/// As if the log had been imported: no row is left.
fn forget(store: &dyn EventStore) {
    let mut commit = Commit::new(CommitId::generate());
    let rows = store.rows(&name("vitae.timers"), &[], None, 1_000).unwrap();
    commit.rows.extend(rows.into_iter().map(|row| RowChange {
        view: name("vitae.timers"),
        key: row.key,
        expected: Some(row.version),
        value: None,
    }));
    store.append(commit).wait().unwrap();
}
