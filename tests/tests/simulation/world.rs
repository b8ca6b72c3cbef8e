//! A world from a seed: processes that command, follow, fail and come back, and what must hold.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vitae::store::{EventStore, Outcome, Query, Read, ReadError};
use vitae::{
    Aggregate, Bus, Clock, CommitId, CommitReason, Lifecycle, ManualClock, MemoryStore, Timestamp,
};

use crate::clerks::{Clerks, LEASE, Notes, Shared, look_for_latecomers};
use crate::faults::{Faulty, Weather};
use crate::lives::{
    Invoice, Ledger, Open, Order, Outside, PATIENCE, Paid, Parcel, Placed, Survey, composed,
};

/// How many processes there are, and how many orders they are about.
const PROCESSES: usize = 3;
const ORDERS: u32 = 12;

pub(crate) struct World {
    rng: fastrand::Rng,
    log: Arc<dyn EventStore>,
    weather: Arc<Weather>,
    clock: Arc<ManualClock>,
    outside: Outside,
    /// The keys and orders that were called outside.
    called: Receiver<(String, String)>,
    processes: Vec<Process>,
    /// What lies about in them for their clerks.
    piles: Shared,
    /// The newest version of a projection that a process has had.
    version: u32,
    /// Commits that were acknowledged, and those of which it was said that nothing was written.
    acknowledged: Vec<CommitId>,
    rejected: Vec<CommitId>,
}

/// A program that has the store open.
struct Process {
    store: Arc<Faulty>,
    bus: Bus,
    /// After the bus: clerks of a process that is gone give nothing back.
    clerks: Clerks,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let log: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        let (calls, called) = channel();
        let calm: Outside = Arc::new(move |key, order| {
            calls.send((key.to_owned(), order.to_owned()))?;
            Ok(())
        });
        let other = composed(Bus::builder(Arc::clone(&log)), 1, &calm);
        let other = other.clock(clock.clone()).open().unwrap();
        let piles = Shared::default();
        let (clerks, theirs, time) =
            (Mutex::<Clerks>::default(), Arc::clone(&piles), clock.clone());
        let weather = Arc::new(Weather {
            rng: Mutex::new(rng.fork()),
            stormy: AtomicBool::new(true),
            meanwhile: Box::new(move |rng| match rng.u32(0..15) {
                0..5 => drop(command(&other, rng)),
                5..8 => drop(other.catch_up()),
                8..10 => change_shadow(&other, rng),
                // Whoever is at work has lost its lease then, and somebody else has it.
                10 => {
                    time.set(time.now().saturating_add(LEASE));
                    clerks.lock().unwrap().act(&other, &theirs, rng);
                }
                _ => clerks.lock().unwrap().act(&other, &theirs, rng),
            }),
        });
        let storm = Arc::clone(&weather);
        // It may fail before it is done, and after, as everything can that is far away.
        let outside: Outside = Arc::new(move |key, order| {
            if storm.strikes(150) {
                return Err("nobody answers".into());
            }
            calm(key, order)?;
            if storm.strikes(150) { Err("the answer was lost".into()) } else { Ok(()) }
        });
        let mut world = Self {
            rng,
            log,
            weather,
            clock,
            outside,
            called,
            processes: Vec::new(),
            piles,
            version: 1,
            acknowledged: Vec::new(),
            rejected: Vec::new(),
        };
        while world.processes.len() < PROCESSES {
            let process = world.begun();
            world.processes.push(process);
        }
        world
    }

    /// Lets things happen, one after the other, and then the storm end.
    pub(crate) fn run(mut self, steps: u32) {
        let mut looked = None;
        for _ in 0..steps {
            let process = self.rng.usize(0..PROCESSES);
            match self.rng.u32(0..125) {
                0..50 => self.command(process),
                50..60 => {
                    let share = self.rng.u32(1..8);
                    self.wait(PATIENCE / share);
                }
                60..85 => drop(self.processes[process].bus.catch_up()),
                85..90 => change_shadow(&self.processes[process].bus, &mut self.rng),
                90..93 => self.version += 1,
                93..100 => self.restart(process),
                _ => {
                    let Process { bus, clerks, .. } = &mut self.processes[process];
                    clerks.act(bus, &self.piles, &mut self.rng);
                }
            }
            if self.processes[process].store.is_closed() {
                self.restart(process);
            }
            // What is looked at changes with events only.
            let head = self.log.head().unwrap();
            if head != looked {
                self.look_for_tears().look(false);
                looked = head;
            }
        }
        self.weather.stormy.store(false, Ordering::Relaxed);
        for process in 0..PROCESSES {
            self.restart(process);
            // One that somebody has paused would stand still for ever, as it was told.
            self.processes[process].bus.shadow("revenue").unwrap().begin().unwrap();
        }
        // Time enough for everything that is due, and for whatever is due because of that.
        for round in 0..4 {
            self.wait(PATIENCE * 60);
            self.retry_what_is_parked();
            for Process { bus, .. } in &self.processes {
                // A process of an older version leaves the rows of a newer one alone.
                let caught_up = bus.catch_up();
                assert!(round < 2 || caught_up.is_ok(), "{caught_up:?}");
            }
            for Process { bus, clerks, .. } in &mut self.processes {
                clerks.finish(bus, &self.piles);
            }
        }
        look_for_latecomers(&self.processes[0].bus, &self.piles);
        self.look_for_tears().look(true);
        self.look_for_what_is_missing();
    }

    /// A process that opens the store, as often as that takes.
    fn begun(&self) -> Process {
        loop {
            let store = Arc::new(Faulty::new(Arc::clone(&self.log), Arc::clone(&self.weather)));
            let builder = Bus::builder(Arc::clone(&store) as Arc<dyn EventStore>);
            let builder = composed(builder, self.version, &self.outside).clock(self.clock.clone());
            if let Ok(bus) = builder.open() {
                return Process { store, bus, clerks: Clerks::default() };
            }
        }
    }

    fn retry_what_is_parked(&self) {
        let parked = self.processes[0].bus.parked("mails").unwrap();
        for event in parked.list().collect::<Result<Vec<_>, _>>().unwrap() {
            parked.retry(&event.stream).unwrap();
        }
    }

    fn wait(&self, duration: Duration) {
        self.clock.set(self.clock.now().saturating_add(duration));
    }

    fn restart(&mut self, process: usize) {
        self.processes[process] = self.begun();
    }

    fn command(&mut self, process: usize) {
        let bus = self.processes[process].bus.clone();
        let Some((commit, outcome)) = command(&bus, &mut self.rng) else { return };
        match outcome {
            Outcomes::Acknowledged => self.acknowledged.push(commit),
            Outcomes::Rejected => self.rejected.push(commit),
            Outcomes::Unknown(order) => {
                // Opened again, the same commit gives the answer; it may be lost once more.
                let mut order = *order;
                loop {
                    self.restart(process);
                    let bus = self.processes[process].bus.clone();
                    match bus.commit(order) {
                        Ok(_) => return self.acknowledged.push(commit),
                        Err(error) => {
                            let (given_back, reason) = error.into_parts();
                            match reason {
                                CommitReason::Read(_) | CommitReason::Load(_) => {}
                                CommitReason::Append(error)
                                    if error.outcome() == Outcome::Unknown => {}
                                // It was asked whether the first try is in the log, and it is not.
                                _ => return self.rejected.push(commit),
                            }
                            order = given_back;
                        }
                    }
                }
            }
        }
    }

    /// What must hold at every moment: nothing that belongs together is seen apart, and nothing counts
    /// twice. Says what the clerks have noted.
    fn look_for_tears(&self) -> Notes {
        let mut notes = Notes::default();
        let mut commits: BTreeMap<CommitId, BTreeSet<String>> = BTreeMap::new();
        let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
        let mut cents: BTreeMap<String, u64> = BTreeMap::new();
        self.log
            .visit(Read::log(Query::all()), |event| {
                notes.see(event);
                let kind = event.kind().to_owned();
                commits.entry(event.id().commit).or_default().insert(kind.clone());
                *seen.entry((kind.clone(), event.stream().to_owned())).or_default() += 1;
                if let Ok(paid) = event.decode::<Paid>() {
                    *cents.entry(event.stream().to_owned()).or_default() += paid.cents;
                }
                Ok::<_, ReadError>(ControlFlow::Continue(()))
            })
            .unwrap();
        for kinds in commits.values() {
            assert_eq!(kinds.contains("order.paid"), kinds.contains("invoice.issued"), "{kinds:?}");
        }
        for ((kind, stream), times) in &seen {
            let paid = seen.get(&("order.paid".to_owned(), stream.clone()));
            match kind.as_str() {
                "parcel.requested" => assert!(paid == Some(&1) && *times == 1, "{stream}: {times}"),
                "ledger.booked" => assert!(*times <= cents.len() as u64),
                "order.lapsed" => {
                    assert!(paid.is_none() && *times == 1, "{stream}: {times}");
                    // That was due before.
                    let reminded = seen.get(&("order.reminded".to_owned(), stream.clone()));
                    assert_eq!(reminded, Some(&1), "{stream}");
                }
                // How an effect fared, and what is in the notes.
                kind if kind.starts_with("vitae.") || kind == "journal.noted" => {}
                _ => assert_eq!(*times, 1, "{kind} {stream}"),
            }
        }
        let plain = Bus::open(Arc::clone(&self.log)).unwrap();
        let rows = plain.view::<u64>("settled").unwrap();
        let rows: BTreeMap<_, _> = rows.scan("").map(|row| row.unwrap()).collect();
        let rows = rows.into_iter().map(|(key, row)| (String::from_utf8(key).unwrap(), row));
        assert_eq!(rows.collect::<BTreeMap<_, _>>(), cents);
        notes
    }

    /// What must hold once nothing is in the way any more.
    fn look_for_what_is_missing(&self) {
        for commit in &self.acknowledged {
            assert!(self.log.receipt(*commit).unwrap().is_some(), "{commit} was acknowledged");
        }
        for commit in &self.rejected {
            assert!(self.log.receipt(*commit).unwrap().is_none(), "{commit} was rejected");
        }
        let bus = &self.processes[0].bus;
        assert_eq!(bus.timers().count(), 0);
        assert!(bus.shadow("revenue").unwrap().progress().unwrap().is_none());
        for order in bus.streams::<Order>() {
            let order = bus.load::<Order>(order.unwrap().id().as_str()).unwrap();
            assert!(!matches!(order.state(), Order::Open(_)), "{order:?}");
        }
        let mut mailed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (key, order) in self.called.try_iter() {
            mailed.entry(order).or_default().insert(key);
        }
        let mut total = 0;
        let mut paid = 0;
        for row in bus.view::<u64>("settled").unwrap().scan("") {
            let (order, cents) = row.unwrap();
            let order = String::from_utf8(order).unwrap();
            (total, paid) = (total + cents, paid + 1);
            assert!(matches!(state::<Invoice>(bus, &order), Invoice::Sent));
            assert!(matches!(state::<Survey>(bus, &order), Survey::Out));
            let keys = mailed.remove(&order).unwrap_or_default();
            assert_eq!(keys.len(), 1, "{order} was mailed with {keys:?}");
            let Parcel::Packing(parcel) = state::<Parcel>(bus, &order);
            assert_eq!(parcel.requests, 1, "{order}");
        }
        assert!(mailed.is_empty(), "mailed, and not paid: {mailed:?}");
        let Ledger::Book(book) = state::<Ledger>(bus, "all");
        assert_eq!((book.entries, book.cents), (paid, total));
        let revenue = bus.view::<u64>("revenue").unwrap().get("all").unwrap();
        assert_eq!(revenue.unwrap_or_default(), total);
        for view in ["settled", "revenue"] {
            let drift = bus.drift(view).unwrap();
            assert!(drift.differing.is_empty(), "{view}: {drift:?}");
        }
        assert!(bus.status().unwrap().iter().all(|part| part.last_error.is_none()));
    }
}

/// What somebody was told of a commit.
enum Outcomes {
    Acknowledged,
    Rejected,
    Unknown(Box<Aggregate<Order>>),
}

fn state<L: Lifecycle + Clone>(bus: &Bus, id: &str) -> L {
    bus.load::<L>(id).unwrap().state().clone()
}

fn change_shadow(bus: &Bus, rng: &mut fastrand::Rng) {
    let shadow = bus.shadow("revenue").unwrap();
    // It may well be in the way of others, or the store away.
    drop(match rng.u32(0..4) {
        0 | 1 => shadow.begin(),
        2 => shadow.pause(),
        _ => shadow.cancel(),
    });
}

/// Places an order or pays it. `None` if there was nothing to do, or no way to look.
fn command(bus: &Bus, rng: &mut fastrand::Rng) -> Option<(CommitId, Outcomes)> {
    let id = rng.u32(0..ORDERS).to_string();
    let order = bus.load::<Order>(&id).ok()?;
    let order = match order.state() {
        Order::New => order.record(Placed { cents: rng.u64(1..100) }),
        Order::Open(Open { cents }) => {
            let cents = *cents;
            order.record(Paid { cents })
        }
        Order::Settled | Order::Gone => return None,
    };
    let order = order.ok()?;
    let commit = order.commit_id();
    let outcome = match bus.commit(order) {
        Ok(_) => Outcomes::Acknowledged,
        Err(error) => match error.into_parts() {
            (order, CommitReason::Append(error)) if error.outcome() == Outcome::Unknown => {
                Outcomes::Unknown(Box::new(order))
            }
            _ => Outcomes::Rejected,
        },
    };
    Some((commit, outcome))
}
