//! What effects act on: a world that remembers each call, and can be made to fail.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vitae::store::EventStore;
use vitae::{BackOff, Bus, BusBuilder, Effect, HandlerError, ManualClock, Start, Timestamp};
use vitae_tests::{Subject, name};

use super::Added;

/// One call: of which count, with which number, in which try, and under which key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Called {
    pub(crate) what: String,
    pub(crate) attempt: u32,
    pub(crate) key: String,
}

#[derive(Default)]
pub(crate) struct Outside {
    calls: Mutex<Vec<Called>>,
    failing: Mutex<BTreeSet<String>>,
}

impl Outside {
    /// An effect that calls, for each number that is added: `mail`, with tries after 10, 20 and then 30
    /// seconds, and no chance in it.
    pub(crate) fn effect(self: &Arc<Self>, start: Start) -> Effect {
        let outside = Arc::clone(self);
        let (first, most) = (Duration::from_secs(10), Duration::from_secs(30));
        Effect::new("mail", start)
            .back_off(BackOff { first, most, factor: 2, jitter: 0 })
            .attempts(4)
            .on(move |event: &Added, context, call| {
                let count = context.stream().id().as_str();
                outside.call(count, event.by, (call.key(), call.attempt()))
            })
    }

    fn call(&self, count: &str, by: u64, (key, attempt): (&str, u32)) -> Result<(), HandlerError> {
        let (what, key) = (format!("{count} {by}"), key.to_owned());
        let called = Called { attempt, key, what: what.clone() };
        self.calls.lock().unwrap().push(called);
        let fails = |what: &str| self.failing.lock().unwrap().contains(what);
        match fails(&what) || fails(count) {
            true => Err(format!("nobody takes {what}").into()),
            false => Ok(()),
        }
    }

    /// From now on, a count or one number of it is not taken, or is.
    pub(crate) fn fail(&self, what: &str, fails: bool) {
        let mut failing = self.failing.lock().unwrap();
        if fails {
            failing.insert(what.to_owned())
        } else {
            failing.remove(what)
        };
    }

    /// What was called since this was last asked.
    pub(crate) fn take(&self) -> Vec<Called> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// The same, without keys: which number of which count in which try.
    pub(crate) fn heard(&self) -> Vec<String> {
        let told = |call: Called| format!("{}: {}", call.what, call.attempt);
        self.take().into_iter().map(told).collect()
    }
}

/// A log, what is outside, and a clock that the test holds.
pub(crate) struct Scene {
    pub(crate) log: Subject,
    pub(crate) outside: Arc<Outside>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Scene {
    pub(crate) fn new(log: Subject) -> Self {
        let clock = Arc::new(ManualClock::new(seconds(1_000)));
        Self { log, outside: Arc::default(), clock }
    }

    pub(crate) fn builder(&self, store: Arc<dyn EventStore>) -> BusBuilder {
        Bus::builder(store).clock(self.clock.clone())
    }

    /// A bus with the effect, on a store.
    pub(crate) fn over(&self, store: Arc<dyn EventStore>) -> Bus {
        self.builder(store).effect(self.outside.effect(Start::Beginning)).open().unwrap()
    }

    /// A bus with the effect.
    pub(crate) fn bus(&self) -> Bus {
        self.over(self.log.shared())
    }

    /// So many seconds after the beginning.
    pub(crate) fn at(&self, after: i64) {
        self.clock.set(seconds(1_000 + after));
    }

    /// The kinds of what is on the log of effects, in order.
    pub(crate) fn acts(&self) -> Vec<String> {
        let seen = super::log_of(&*self.log).into_iter();
        let acts = seen.filter_map(|line| Some(line.split_once(" vitae.effect.")?.1.to_owned()));
        acts.collect()
    }

    /// How many rows lead to what is set aside.
    pub(crate) fn rows(&self) -> usize {
        self.log.rows(&name("vitae.effects"), &[], None, 1_000).unwrap().len()
    }
}

pub(crate) fn seconds(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}
