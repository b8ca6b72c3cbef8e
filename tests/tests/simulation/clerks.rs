//! A group of consumers in the simulated world: clerks, who note each event of each order, once.
//!
//! What a clerk was given can be noted at any later time, by a clerk that is long gone too: only the lease
//! is in its way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::store::{EventRef, Outcome};
use vitae::{
    Aggregate, Alongside, Bus, CommitReason, Consumer, ConsumerError, Context, Event, Lifecycle,
    LoadError, Start,
};

use crate::lives::{Order, PATIENCE};

/// Into how many partitions the orders are divided.
const PARTITIONS: u16 = 3;

/// How long a clerk that is silent keeps its partitions.
pub(crate) const LEASE: Duration = PATIENCE.checked_div(4).unwrap();

/// How many clerks a program has at the most.
const CLERKS: usize = 2;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "journal.noted")]
pub struct Noted {
    pub order: String,
    pub position: u64,
}

/// What was noted of a partition. Takes any note, so that one too many is seen and not refused.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "journal")]
pub enum Journal {
    #[state(initial)]
    #[on(Noted => Kept)]
    Kept,
}

impl JournalTransitions for Journal {
    fn kept_on_noted(from: Kept, _: &Noted, _: &Context) -> Kept {
        from
    }
}

/// What a clerk was given.
pub(crate) struct Pile {
    partition: u16,
    token: u64,
    /// The orders and positions.
    events: Vec<(String, u64)>,
    alongside: Alongside,
    /// What was committed, if nobody knows what became of that.
    tried: Option<Aggregate<Journal>>,
}

/// What lies about in all programs of a world.
#[derive(Default)]
pub(crate) struct Piles {
    out: Vec<Pile>,
    /// For each partition, the largest token that a clerk has been seen with.
    tokens: BTreeMap<u16, u64>,
}

/// The clerks of one program.
#[derive(Default)]
pub(crate) struct Clerks(Vec<Consumer>);

pub(crate) type Shared = Arc<Mutex<Piles>>;

impl Clerks {
    /// Does some things, as far as the store lets it.
    pub(crate) fn act(&mut self, bus: &Bus, piles: &Shared, rng: &mut fastrand::Rng) {
        for _ in 0..rng.u32(1..5) {
            let nth = rng.usize(0..CLERKS);
            match rng.u32(0..20) {
                0 if nth < self.0.len() => drop(self.0.remove(nth).leave()),
                1 => drop(some_pile(piles, rng)),
                2..10 => drop(self.take(bus, nth, piles)),
                _ => {
                    if let Some(pile) = some_pile(piles, rng) {
                        drop(note(bus, pile, piles));
                    }
                }
            }
        }
    }

    /// Notes all that there is to note.
    pub(crate) fn finish(&mut self, bus: &Bus, piles: &Shared) {
        for taken in 0.. {
            if !self.take(bus, 0, piles).unwrap() {
                return;
            }
            assert!(taken < 1_000, "the same comes again and again");
            let pile = piles.lock().unwrap().out.pop().unwrap();
            note(bus, pile, piles).unwrap();
        }
    }

    /// Has a clerk take what comes next, once it is there: whether there was anything.
    fn take(&mut self, bus: &Bus, nth: usize, piles: &Shared) -> Result<bool, ConsumerError> {
        let Some(clerk) = self.0.get_mut(nth) else {
            let orders = bus.events_of::<Order>().unwrap();
            let group = bus.consumers("clerks", orders).partitions(PARTITIONS).lease(LEASE);
            let group = group.batch_of(3).start(Start::Beginning)?;
            self.0.push(group.join()?);
            return self.take(bus, self.0.len() - 1, piles);
        };
        let Some(batch) = clerk.next_timeout(Duration::ZERO)? else { return Ok(false) };
        let (partition, token) = (batch.partition(), batch.token());
        let events = batch.iter().map(|event| (event.stream().to_owned(), event.position().get()));
        let (events, alongside) = (events.collect(), batch.alongside());
        let mut piles = piles.lock().unwrap();
        let newest = piles.tokens.entry(partition).or_default();
        *newest = token.max(*newest);
        piles.out.push(Pile { partition, token, events, alongside, tried: None });
        Ok(true)
    }
}

/// Takes away something that lies about.
fn some_pile(piles: &Shared, rng: &mut fastrand::Rng) -> Option<Pile> {
    let out = &mut piles.lock().unwrap().out;
    (!out.is_empty()).then(|| out.swap_remove(rng.usize(0..out.len())))
}

/// Notes what a clerk was given, in the commit that says that it is done.
fn note(bus: &Bus, mut pile: Pile, piles: &Shared) -> Result<(), CommitReason> {
    let journal = match pile.tried.take() {
        Some(tried) => tried,
        None => noted(bus, &pile)?,
    };
    match bus.commit_alongside(journal, pile.alongside.clone()) {
        Ok((_, receipt)) => {
            let newest = piles.lock().unwrap().tokens[&pile.partition];
            let held = receipt.already_appended || pile.token == newest;
            assert!(held, "token {} has committed after {newest}", pile.token);
            Ok(())
        }
        Err(error) => {
            let (journal, reason) = error.into_parts();
            let unknown = |error: &vitae::store::AppendError| error.outcome() == Outcome::Unknown;
            if matches!(&reason, CommitReason::Append(error) if unknown(error)) {
                pile.tried = Some(journal);
                piles.lock().unwrap().out.push(pile);
            }
            Err(reason)
        }
    }
}

/// The journal as it is by now, with what is to be noted: nothing of it says who has the lease.
fn noted(bus: &Bus, pile: &Pile) -> Result<Aggregate<Journal>, LoadError> {
    let mut journal = bus.load::<Journal>(pile.partition.to_string())?;
    for (order, position) in pile.events.iter().cloned() {
        journal = journal.record(Noted { order, position }).unwrap();
    }
    Ok(journal)
}

/// Whoever is left over cannot commit: its partition has gone on.
pub(crate) fn look_for_latecomers(bus: &Bus, piles: &Shared) {
    let late = std::mem::take(&mut piles.lock().unwrap().out);
    for Pile { alongside, tried, .. } in late {
        let alone = tried.is_none().then(|| bus.commit_alongside((), alongside));
        assert!(alone.is_none_or(|alone| alone.is_err()), "what is done is not done again");
    }
}

/// By order, the positions of what happened and of what was noted of it, each in the order of the log.
#[derive(Default)]
pub(crate) struct Notes {
    happened: BTreeMap<String, Vec<u64>>,
    noted: BTreeMap<String, Vec<u64>>,
}

impl Notes {
    pub(crate) fn see(&mut self, event: &EventRef<'_>) {
        if let Ok(Noted { order, position }) = event.decode() {
            self.noted.entry(order).or_default().push(position);
        } else if event.category() == "order" {
            let order = self.happened.entry(event.stream().to_owned()).or_default();
            order.push(event.position().get());
        }
    }

    /// Nothing twice, nothing before its turn; and at the end nothing left out.
    pub(crate) fn look(&self, complete: bool) {
        for (order, noted) in &self.noted {
            let happened = self.happened.get(order).map_or(&[][..], |happened| happened);
            assert_eq!(*noted, happened[..noted.len().min(happened.len())], "noted of {order}");
        }
        assert!(!complete || self.noted == self.happened, "{:?} {:?}", self.noted, self.happened);
    }
}
