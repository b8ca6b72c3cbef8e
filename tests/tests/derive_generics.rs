//! Lifecycles with parameters: rules that are plugged in, numbers that are chosen.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vitae::{Aggregate, Bus, Context, Event, Lifecycle, MemoryStore, Refusal, Stage, State};

#[derive(Event, Serialize, Deserialize, Clone)]
#[event(name = "approval.asked")]
struct Asked {
    cents: u64,
}

#[derive(Event, Serialize, Deserialize, Clone)]
#[event(name = "approval.granted")]
struct Granted;

/// What a company allows. Only a bound: the marker types below have none of what a state must have
/// but what they derive.
trait Rules {
    const LIMIT: u64;
}

#[derive(Clone)]
struct Strict;
#[derive(Clone)]
struct Generous;

impl Rules for Strict {
    const LIMIT: u64 = 100;
}
impl Rules for Generous {
    const LIMIT: u64 = 10_000;
}

/// Generic over its rules, with states that hold data and states that do not.
#[derive(Lifecycle)]
#[lifecycle(name = "approval")]
enum Approval<R: Rules = Strict> {
    #[state(initial)]
    #[on(Asked if limit => Pending)]
    New,
    #[on(Granted => Approved, Asked if limit => Pending)]
    Pending(Pending<R>),
    #[state(terminal)]
    Approved,
}

struct Pending<R> {
    cents: u64,
    rules: PhantomData<fn() -> R>,
}

// By hand, as rules need not be `Clone` for it.
impl<R: Rules> Clone for Approval<R> {
    fn clone(&self) -> Self {
        match self {
            Self::New => Self::New,
            Self::Pending(pending) => Self::Pending(pending.clone()),
            Self::Approved => Self::Approved,
        }
    }
}

impl<R> Clone for Pending<R> {
    fn clone(&self) -> Self {
        Self { cents: self.cents, rules: PhantomData }
    }
}

fn limit<R: Rules, S: State<Lifecycle = Approval<R>>>(
    _: &S,
    event: &Asked,
    _: &Context,
) -> Result<(), Refusal> {
    if event.cents > R::LIMIT {
        return Err(Refusal::new(format!("more than {}", R::LIMIT)));
    }
    Ok(())
}

impl<R: Rules> ApprovalTransitions<R> for Approval<R> {
    fn new_on_asked(_: New<R>, event: &Asked, _: &Context) -> Pending<R> {
        Pending { cents: event.cents, rules: PhantomData }
    }

    fn pending_on_asked(from: Pending<R>, event: &Asked, _: &Context) -> Pending<R> {
        Pending { cents: from.cents + event.cents, ..from }
    }
}

#[test]
fn parameters_decide_what_a_guard_allows() {
    let bus = Bus::open(Arc::new(MemoryStore::new())).unwrap();
    let strict = bus.load::<Approval<Strict>>("a").unwrap();
    let refused = strict.record(Asked { cents: 101 }).unwrap_err();
    assert_eq!(refused.to_string(), "more than 100");
    let generous = bus.load::<Approval<Generous>>("a").unwrap();
    let generous = generous.record(Asked { cents: 101 }).unwrap();
    bus.commit(generous).unwrap();

    let typed = bus.load::<Approval<Generous>>("a").unwrap().typed();
    assert!(format!("{typed:?}").starts_with("Pending(Aggregate"), "{typed:?}");
    let ApprovalTyped::Pending(pending) = typed else {
        panic!("another state");
    };
    assert_eq!(pending.state().cents, 101);
    let approved: Aggregate<_, Approved<Generous>> = pending.record(Granted).unwrap();
    bus.commit(approved).unwrap();
    let approved = bus.load::<Approval<Generous>>("a").unwrap();
    assert!(matches!(approved.state(), Approval::Approved));
}

#[test]
fn a_unit_state_with_parameters_is_as_plain_as_one_without() {
    fn plain<T: Copy + Debug + Default + Eq>(value: T) -> String {
        assert_eq!(value, T::default());
        format!("{value:?}")
    }
    assert_eq!(plain(New::<Strict>::default()), "New");
    assert_eq!(New::<Strict>::DEFINITION.name, "New");
    assert!(New::<Strict>::hold(Approval::New).is_ok());
    assert!(Approved::<Strict>::hold(Approval::New).is_err());
}

#[test]
fn a_default_parameter_stands_for_itself() {
    let approval: Approval = Approval::initial();
    assert!(matches!(approval, Approval::New));
    assert_eq!(<Approval>::DEFINITION.edges[0].guard, Some("limit"));
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "call.failed")]
struct Failed;

/// Generic over a number, and with a `where` clause.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "call")]
enum Call<const TRIES: u32, T>
where
    T: Default + Debug + PartialEq,
{
    #[state(initial)]
    #[on(Failed if Ready::try_again => Ready)]
    Ready(Ready<TRIES, T>),
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Ready<const TRIES: u32, T> {
    failed: u32,
    held: T,
}

impl<const TRIES: u32, T> Ready<TRIES, T> {
    fn try_again(&self, _: &Failed, _: &Context) -> Result<(), Refusal> {
        if self.failed == TRIES {
            return Err(Refusal::new("often enough"));
        }
        Ok(())
    }
}

impl<const TRIES: u32, T> CallTransitions<TRIES, T> for Call<TRIES, T>
where
    T: Default + Debug + PartialEq,
{
    fn ready_on_failed(from: Ready<TRIES, T>, _: &Failed, _: &Context) -> Ready<TRIES, T> {
        Ready { failed: from.failed + 1, ..from }
    }
}

#[test]
fn a_number_is_a_parameter_too() {
    let bus = Bus::open(Arc::new(MemoryStore::new())).unwrap();
    let call = bus.load::<Call<2, String>>("c").unwrap();
    let call = call.record(Failed).unwrap().record(Failed).unwrap();
    assert_eq!(call.state(), &Call::Ready(Ready { failed: 2, held: String::new() }));
    assert_eq!(call.record(Failed).unwrap_err().to_string(), "often enough");
}

/// A unit struct with a number needs no phantom: it is a value.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "lamp")]
enum Lamp<const WATTS: u8> {
    #[state(initial)]
    #[on(Failed => Dark)]
    Lit,
    #[state(terminal)]
    Dark,
}

impl<const WATTS: u8> LampTransitions<WATTS> for Lamp<WATTS> {
    fn lit_on_failed(_: Lit<WATTS>, _: &Failed, _: &Context) -> Dark<WATTS> {
        Dark
    }
}

#[test]
fn a_default_body_knows_the_parameters() {
    let context = vitae::__private::context("lamp", "1").unwrap();
    let dark = Lamp::<40>::initial().apply(&Failed.into(), &context);
    assert_eq!(dark, Ok(Lamp::Dark));
}
