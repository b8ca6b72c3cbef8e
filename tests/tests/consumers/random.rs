//! Members that come, work, die and wake up again in any order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use vitae::{Alongside, Consumer, ConsumerGroup, Start};
use vitae_tests::Subject;

use crate::support::*;
use crate::team::*;

#[derive(Clone, Debug)]
enum Act {
    Record(u8),
    Join,
    Next(usize),
    /// Says of the oldest batch that somebody has that it is done: too late, perhaps.
    Done(usize),
    /// Forgets a batch.
    Forget(usize),
    Die(usize),
    Leave(usize),
    /// In ninths of a lease.
    Wait(u32),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0..9_u8).prop_map(Act::Record),
        2 => Just(Act::Join),
        8 => any::<usize>().prop_map(Act::Next),
        6 => any::<usize>().prop_map(Act::Done),
        1 => any::<usize>().prop_map(Act::Forget),
        1 => any::<usize>().prop_map(Act::Die),
        1 => any::<usize>().prop_map(Act::Leave),
        3 => (1..12_u32).prop_map(Act::Wait),
    ];
    prop::collection::vec(act, 1..60)
}

type Events = Vec<(String, u64)>;

/// By entity, the positions in the order in which they were done.
#[derive(Default)]
struct Done(BTreeMap<String, Vec<u64>>);

impl Done {
    fn take(&mut self, events: Events) {
        for (entity, position) in events {
            self.0.entry(entity).or_default().push(position);
        }
    }
}

struct Run {
    team: Team,
    group: ConsumerGroup,
    members: Vec<Consumer>,
    /// The batches that are out, each with what makes it done.
    batches: Vec<(Events, Alongside)>,
    recorded: Done,
    done: Done,
}

impl Run {
    fn new(log: &Subject) -> Self {
        let team = Team::new(log);
        let group = team.group().partitions(3).batch_of(2).start(Start::Beginning).unwrap();
        let (recorded, done) = Default::default();
        Self { team, group, members: Vec::new(), batches: Vec::new(), recorded, done }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Record(entity) => {
                add(&self.team.bus, &entity.to_string(), 1);
                let at = self.team.bus.store().head().unwrap().unwrap().get();
                self.recorded.take(vec![(format!("count/{entity}"), at)]);
            }
            Act::Join => self.members.push(self.group.join().unwrap()),
            Act::Next(of) => {
                if let Some(member) = pick(&mut self.members, of)
                    && let Some(batch) = next(member)
                {
                    assert!(batch.iter().len() <= 2, "a batch has at most what was asked for");
                    self.batches.push((events(&batch), batch.alongside()));
                }
            }
            Act::Done(of) if !self.batches.is_empty() => {
                let (events, alongside) = self.batches.remove(of % self.batches.len());
                match self.team.bus.commit_alongside((), alongside) {
                    Ok(_) => self.done.take(events),
                    Err(error) => assert!(error.reason().is_lease_lost(), "{error}"),
                }
            }
            Act::Forget(of) if !self.batches.is_empty() => {
                self.batches.remove(of % self.batches.len());
            }
            Act::Die(of) if !self.members.is_empty() => {
                std::mem::forget(self.members.remove(of % self.members.len()));
            }
            Act::Leave(of) if !self.members.is_empty() => {
                self.members.remove(of % self.members.len()).leave().unwrap();
            }
            Act::Wait(ninths) => self.team.advance(LEASE / 9 * ninths),
            Act::Done(_) | Act::Forget(_) | Act::Die(_) | Act::Leave(_) => {}
        }
        // Nothing left out, nothing twice, nothing before its turn.
        for (entity, done) in &self.done.0 {
            let recorded = &self.recorded.0[entity];
            assert_eq!(*done, recorded[..done.len()], "of {entity}");
        }
    }

    /// Everybody dies, and one that comes after does the rest.
    fn end(mut self) {
        self.members.drain(..).for_each(std::mem::forget);
        self.team.advance(LEASE);
        let mut last = self.group.join().unwrap();
        self.done.take(work(&mut last));
        assert_eq!(self.done.0, self.recorded.0);
        // What is still out is of no use to anybody.
        for (_, alongside) in self.batches {
            assert!(self.team.bus.commit_alongside((), alongside).is_err());
        }
    }
}

fn pick(members: &mut [Consumer], of: usize) -> Option<&mut Consumer> {
    let count = members.len();
    members.get_mut(of.checked_rem(count)?)
}

fn each_event_is_done_once_in_order(log: &Subject, acts: Vec<Act>) {
    let mut run = Run::new(log);
    acts.into_iter().for_each(|act| run.act(act));
    run.end();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn in_memory_each_event_is_done_once_in_order(acts in acts()) {
        each_event_is_done_once_in_order(&memory(), acts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]
    #[test]
    fn on_a_disk_each_event_is_done_once_in_order(acts in acts()) {
        each_event_is_done_once_in_order(&sqlite(), acts);
    }
}

#[test]
fn a_long_run_ends() {
    let mut run = Run::new(&memory());
    (0..3).for_each(|_| run.act(Act::Join));
    for number in 0..600 {
        run.act(Act::Record(u8::try_from(number % 9).unwrap()));
        run.act(Act::Next(number));
        run.act(Act::Wait(u32::from(number % 5 == 0)));
        if number % 7 != 0 {
            run.act(Act::Done(0));
        }
    }
    run.end();
}
