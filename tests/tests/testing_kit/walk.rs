//! Random walks: legal, everywhere, and small when they break something.

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::collection::{SizeRange, size_range};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use serde::{Deserialize, Serialize};
use vitae::lifecycle::LifecycleEvent;
use vitae::testing::{Coverage, History, Scenario, Walk};
use vitae::{Context, Event, Lifecycle, Refusal};

use crate::failure;

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "account.opened")]
pub struct Opened {}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "account.deposited")]
pub struct Deposited {
    pub cents: u64,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "account.withdrawn")]
pub struct Withdrawn {
    pub cents: u64,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "account.frozen")]
pub struct Freezing {}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "account.thawed")]
pub struct Thawed {}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "account.closed")]
pub struct Closed {
    pub code: u8,
}

#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "account")]
pub enum Account {
    #[state(initial)]
    #[on(Opened => Active)]
    New,
    #[on(Deposited => Active, Freezing => Frozen)]
    #[on(Withdrawn if Active::has_enough => Active)]
    Active(Active),
    #[on(Thawed => Active, Deposited => Frozen)]
    #[on(Closed if Frozen::is_the_code => Gone)]
    Frozen(Frozen),
    #[state(terminal)]
    Gone,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Active {
    pub cents: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Frozen {
    pub cents: u64,
}

impl Active {
    fn has_enough(&self, event: &Withdrawn, _: &Context) -> Result<(), Refusal> {
        if event.cents > self.cents { Err(Refusal::new("there is not so much")) } else { Ok(()) }
    }
}

impl Frozen {
    /// One code of twenty: a rare edge.
    fn is_the_code(&self, event: &Closed, _: &Context) -> Result<(), Refusal> {
        if event.code == 17 { Ok(()) } else { Err(Refusal::new("it is another code")) }
    }
}

impl AccountTransitions for Account {
    fn new_on_opened(_: New, _: &Opened, _: &Context) -> Active {
        Active::default()
    }

    fn active_on_deposited(from: Active, event: &Deposited, _: &Context) -> Active {
        Active { cents: from.cents + event.cents }
    }

    fn active_on_withdrawn(from: Active, event: &Withdrawn, _: &Context) -> Active {
        Active { cents: from.cents - event.cents }
    }

    fn active_on_freezing(from: Active, _: &Freezing, _: &Context) -> Frozen {
        Frozen { cents: from.cents }
    }

    fn frozen_on_thawed(from: Frozen, _: &Thawed, _: &Context) -> Active {
        Active { cents: from.cents }
    }

    fn frozen_on_deposited(from: Frozen, event: &Deposited, _: &Context) -> Frozen {
        Frozen { cents: from.cents + event.cents }
    }
}

fn accounts() -> Walk<Account> {
    accounts_of(0..=60)
}

fn accounts_of(length: impl Into<SizeRange>) -> Walk<Account> {
    Walk::new(length)
        .event(Just(Opened {}))
        .event((1..5_000_u64).prop_map(|cents| Deposited { cents }))
        .event((1..5_000_u64).prop_map(|cents| Withdrawn { cents }))
        .event(Just(Freezing {}))
        .event(Just(Thawed {}))
        .event((0..20_u8).prop_map(|code| Closed { code }))
}

/// The same walks each time.
fn runner(seed: u8) -> TestRunner {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    TestRunner::new_with_rng(Config { failure_persistence: None, ..Config::default() }, rng)
}

fn histories(runner: &mut TestRunner, many: usize) -> Vec<History<Account>> {
    (0..many).map(|_| accounts().new_tree(runner).unwrap().current()).collect()
}

fn copy(event: &AccountEvent) -> AccountEvent {
    let definition = event.definition();
    let payload = event.encode().unwrap();
    AccountEvent::decode(definition.kind, definition.version, &payload).unwrap()
}

#[test]
fn every_edge_is_reached() {
    let histories = histories(&mut runner(1), 256);
    let coverage = histories.iter().fold(Coverage::<Account>::new(), |it, more| it.with(more));
    coverage.assert_complete();
}

/// Of three steps, one walk in six tries to close. One payload alone would do so in one walk of 120.
#[test]
fn a_guard_that_is_seldom_content_is_asked_again() {
    let (walk, mut runner) = (accounts_of(3), runner(5));
    let histories = (0..256).map(|_| walk.new_tree(&mut runner).unwrap().current());
    let closed = histories.filter(|history| *history.last() == Account::Gone).count();
    assert!(closed > 10, "{closed}");
}

#[test]
fn every_history_could_have_happened() {
    let histories = histories(&mut runner(2), 64);
    for history in &histories {
        assert_eq!(history.states().len(), history.events().len() + 1);
        assert_eq!(history.states().last(), Some(history.last()));
        let mut scenario = Scenario::<Account>::new();
        for (event, state) in history.events().iter().zip(&history.states()[1..]) {
            scenario = scenario.when(copy(event)).then(state.clone());
        }
        assert!(history.events().len() <= 60);
    }
    // Some are long, and one that is not was ended or was to be short.
    assert!(histories.iter().any(|history| history.events().len() > 40));
    assert!(histories.iter().any(|history| *history.last() == Account::Gone));
}

/// The smallest history that breaks a property, as it is shown.
fn smallest(seed: u8, holds: impl Fn(&History<Account>) -> bool) -> String {
    let failed = runner(seed).run(&accounts(), |history| {
        if holds(&history) { Ok(()) } else { Err(TestCaseError::fail("it does not hold")) }
    });
    let Err(TestError::Fail(_, history)) = failed else { panic!("{failed:?}") };
    assert!(!holds(&history), "what is left does not break it: {history:?}");
    format!("{history:?}")
}

#[test]
fn a_counterexample_is_minimal() {
    for seed in 0..20 {
        let rich = smallest(
            seed,
            |history| !matches!(history.last(), Account::Active(Active { cents }) if *cents >= 9_000),
        );
        // Deposits, each of which is needed; what they are together cannot be less.
        let deposits: Vec<u64> = rich
            .lines()
            .filter_map(|line| line.split("Deposited {\"cents\":").nth(1)?.split('}').next())
            .map(|cents| cents.parse().unwrap())
            .collect();
        assert_eq!(rich.lines().count(), deposits.len() + 2, "{rich}");
        assert_eq!(deposits.iter().sum::<u64>(), 9_000, "{rich}");
    }
}

#[test]
fn what_a_step_needs_is_kept_and_nothing_else() {
    let thawed_before = |history: &History<Account>| {
        let kinds = history.events().iter().map(std::mem::discriminant);
        let thawed = std::mem::discriminant(&AccountEvent::Thawed(Thawed {}));
        let withdrawn = std::mem::discriminant(&AccountEvent::Withdrawn(Withdrawn { cents: 1 }));
        kinds.skip_while(|kind| *kind != thawed).any(|kind| kind == withdrawn)
    };
    for seed in 0..20 {
        let small = smallest(seed, |history| !thawed_before(history));
        let events: Vec<_> = small
            .lines()
            .skip(1)
            .map(|line| line.trim().split(['.', ':']).nth(1).unwrap())
            .collect();
        // Something was paid in before or while it was frozen.
        let deposit = " Deposited {\"cents\"";
        let position = events.iter().position(|event| *event == deposit).unwrap();
        assert!((1..=3).contains(&position), "{small}");
        let others: Vec<_> = events.into_iter().filter(|event| *event != deposit).collect();
        assert_eq!(
            others,
            [" Opened {}", " Freezing {}", " Thawed {}", " Withdrawn {\"cents\""],
            "{small}"
        );
        assert_eq!(small.matches("{\"cents\":1}").count(), 2, "{small}");
    }
}

#[test]
fn every_smaller_walk_could_have_happened_too() {
    let mut runner = runner(3);
    for _ in 0..32 {
        let mut tree = accounts().new_tree(&mut runner).unwrap();
        let mut before = tree.current().events().len();
        let mut goes_on = tree.simplify();
        while goes_on {
            let history = tree.current();
            let mut scenario = Scenario::<Account>::new();
            for event in history.events() {
                scenario = scenario.when(copy(event)).then_state(|_| ());
            }
            // Every other attempt is taken back.
            goes_on = if runner.rng().next_u32().is_multiple_of(2) {
                before = history.events().len();
                tree.simplify()
            } else {
                let undone = tree.complicate();
                assert!(tree.current().events().len() >= history.events().len());
                undone && tree.simplify()
            };
        }
        assert!(tree.current().events().len() <= before.max(1));
    }
}

#[test]
fn a_range_without_lengths_is_refused() {
    let (few, many) = (3, 5);
    for empty in [size_range(0..0), size_range(5..5), size_range(many..few), size_range(many..=few)]
    {
        let text = failure::of(|| accounts_of(empty));
        assert_eq!(text, "a walk needs a range of lengths that is not empty");
    }
    // No events is a length.
    let none = accounts_of(0).new_tree(&mut runner(6)).unwrap().current();
    assert!(none.events().is_empty());
}

#[test]
fn an_event_without_payloads_is_named() {
    let walk = Walk::<Account>::new(1..5).event(Just(Opened {})).event(Just(Thawed {}));
    // Where proptest asks for a walk, which is not a line of the test.
    let asked = AssertUnwindSafe(|| walk.new_tree(&mut runner(0)).map(drop));
    let text = catch_unwind(asked).unwrap_err().downcast::<String>().unwrap();
    let expected = "a walk through `account` needs payloads for `Deposited`: `.event(…)` with a \
                    strategy for it";
    assert_eq!(*text, expected);
}

#[test]
fn where_nothing_is_possible_a_walk_ends() {
    let stuck = accounts().event((0..17_u8).prop_map(|code| Closed { code }));
    let mut runner = runner(4);
    for _ in 0..64 {
        let history = stuck.new_tree(&mut runner).unwrap().current();
        assert!(*history.last() != Account::Gone);
    }
}
