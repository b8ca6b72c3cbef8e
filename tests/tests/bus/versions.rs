//! Payloads change; what is in the log stays readable.

use serde::{Deserialize, Serialize};
use vitae::store::{EventStore, Page, Query, Read};
use vitae::{Bus, Catalog, Context, Event, Lifecycle, LoadError, OpenError, Policy, Projection};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    earlier_versions_are_lifted_when_they_are_read
    two_lifecycles_may_know_an_event_in_two_versions
    another_shape_is_refused_when_a_bus_opens
    another_shape_is_refused_on_first_use
    another_shape_is_refused_between_lifecycles_of_one_bus
    another_shape_is_refused_in_a_projection_and_in_a_policy
    what_tools_cannot_show_is_refused_when_a_bus_opens
    every_event_is_shown_without_its_type
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "account.pay", version = 1)]
pub struct PaidV1 {
    pub euros: u32,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "account.pay", version = 2, upcast = PaidV1)]
pub struct PaidV2 {
    pub cents: u64,
}

impl From<PaidV1> for PaidV2 {
    fn from(earlier: PaidV1) -> Self {
        Self { cents: u64::from(earlier.euros) * 100 }
    }
}

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "account.pay", version = 3, upcast = PaidV2)]
pub struct Paid {
    pub cents: u64,
    pub payer: Option<String>,
}

impl From<PaidV2> for Paid {
    fn from(earlier: PaidV2) -> Self {
        Self { cents: earlier.cents, payer: None }
    }
}

fn paid(cents: u64, payer: &str) -> Paid {
    Paid { cents, payer: Some(payer.to_owned()) }
}

/// The account as this program knows it.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "account")]
pub enum Account {
    #[state(initial)]
    #[on(Paid => Holding, Ended => Dissolved)]
    Holding(Holding),
    #[state(terminal)]
    Dissolved,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Holding(Vec<Paid>);

impl AccountTransitions for Account {
    fn holding_on_paid(mut from: Holding, event: &Paid, _: &Context) -> Holding {
        from.0.push(event.clone());
        from
    }
}

/// A lifecycle in which an event leaves no trace.
macro_rules! plain_lifecycle {
    ($module:ident, $name:literal, $event:path) => {
        pub mod $module {
            use super::Ended;
            use $event as It;

            #[derive(vitae::Lifecycle, Clone, Debug)]
            #[lifecycle(name = $name)]
            pub enum Life {
                #[state(initial)]
                #[on(It => Living, Ended => Over)]
                Living,
                #[state(terminal)]
                Over,
            }

            impl LifeTransitions for Life {}
        }
    };
}

plain_lifecycle!(first_year, "account", super::PaidV1);
plain_lifecycle!(second_year, "account", super::PaidV2);
plain_lifecycle!(bank, "bank", super::PaidV1);
plain_lifecycle!(changed, "changed", super::Paid3);

/// Version 3 under its name and version, with another field.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "account.pay", version = 3, upcast = PaidV2)]
pub struct Paid3 {
    pub cents: u64,
    pub payer: String,
}

impl From<PaidV2> for Paid3 {
    fn from(earlier: PaidV2) -> Self {
        Self { cents: earlier.cents, payer: String::new() }
    }
}

fn record<L: Lifecycle>(bus: &Bus, id: &str, event: impl Into<L::Event>) {
    let life = bus.load::<L>(id).unwrap();
    bus.commit(life.record(event).unwrap()).unwrap();
}

fn three_years(log: &Subject) {
    record::<first_year::Life>(&bus(log), "a", PaidV1 { euros: 2 });
    record::<second_year::Life>(&bus(log), "a", PaidV2 { cents: 50 });
    record::<Account>(&bus(log), "a", paid(7, "ann"));
}

fn earlier_versions_are_lifted_when_they_are_read(log: Subject) {
    three_years(&log);
    let account = bus(&log).load::<Account>("a").unwrap();
    let Account::Holding(Holding(payments)) = account.state() else {
        panic!("another state");
    };
    let unknown = |cents| Paid { cents, payer: None };
    assert_eq!(payments, &[unknown(200), unknown(50), paid(7, "ann")]);
    // A program of an earlier year cannot read it any more, and says so.
    let error = bus(&log).load::<second_year::Life>("a").unwrap_err();
    assert!(matches!(error, LoadError::Fold(_)), "{error:?}");
}

fn two_lifecycles_may_know_an_event_in_two_versions(log: Subject) {
    let builder = Bus::builder(log.shared()).register::<Account>();
    let bus = builder.register::<bank::Life>().open().unwrap();
    let account = bus.load::<Account>("a").unwrap().record(paid(1, "ann")).unwrap();
    let bank = bus.load::<bank::Life>("b").unwrap();
    let bank = bank.record(PaidV1 { euros: 3 }).unwrap();
    bus.commit((account, bank)).unwrap();
    record::<Account>(&bus, "a", paid(2, "bob"));
    record::<bank::Life>(&bus, "b", PaidV1 { euros: 4 });
    assert_eq!(log_of(&*log).len(), 4);
}

fn mismatch(error: &OpenError) {
    let OpenError::SchemaMismatch { kind, version, stored, here } = error else {
        panic!("{error:?}");
    };
    assert_eq!((kind.as_str(), version.get()), ("account.pay", 3));
    assert_ne!(stored, here);
    assert!(error.to_string().contains("raise the version of the event"));
}

fn another_shape_is_refused_when_a_bus_opens(log: Subject) {
    three_years(&log);
    let builder = Bus::builder(log.shared()).register::<Note>();
    let error = builder.register::<changed::Life>().open().err().unwrap();
    mismatch(&error);
    assert_eq!(log_of(&*log).len(), 3);
}

fn another_shape_is_refused_on_first_use(log: Subject) {
    three_years(&log);
    let bus = bus(&log);
    let schemas = log.schemas().unwrap();
    let LoadError::Schema(error) = bus.load::<changed::Life>("c").unwrap_err() else {
        panic!("it was loaded");
    };
    mismatch(&error);
    assert_eq!(log.schemas().unwrap(), schemas);
    // Refused once is refused every time, and the bus is as good as before.
    assert!(bus.load::<changed::Life>("c").is_err());
    record::<Account>(&bus, "a", paid(1, "ann"));
}

fn another_shape_is_refused_between_lifecycles_of_one_bus(log: Subject) {
    let builder = Bus::builder(log.shared()).register::<Account>();
    let error = builder.register::<changed::Life>().open().err().unwrap();
    mismatch(&error);
    // So it is on first use, with an earlier version known beside it.
    let bus = bus(&log);
    bus.load::<Account>("a").unwrap();
    bus.load::<bank::Life>("b").unwrap();
    assert!(bus.load::<changed::Life>("c").is_err());
    assert!(log.schemas().unwrap().is_empty());
}

fn every_event_is_shown_without_its_type(log: Subject) {
    three_years(&log);
    write(&bus(&log), "a", "x");
    let store: &dyn EventStore = &*log;
    let catalog = Catalog::load(store).unwrap();
    let mut page = Page::new();
    store.read(&Read::log(Query::all()), &mut page).unwrap();
    let shown = page.iter().map(|event| catalog.render(&event).unwrap().to_string());
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [r#"{"euros":2}"#, r#"{"cents":50}"#, r#"{"cents":7,"payer":"ann"}"#, r#"{"text":"x"}"#]
    );
}

/// What somebody takes for the first version of a payment.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "account.pay", version = 1)]
pub struct Mistaken {
    pub euros: u64,
}

fn another_shape_is_refused_in_a_projection_and_in_a_policy(log: Subject) {
    let projection = Projection::new("view").on(|_: &Mistaken, _, _| Ok(()));
    let policy = Policy::new("policy").on(|_: &Mistaken, _, _| Ok(()));
    for builder in [
        Bus::builder(log.shared()).projection(projection),
        Bus::builder(log.shared()).policy(policy),
    ] {
        let error = builder.register::<Account>().open().err().unwrap();
        assert!(matches!(
            error,
            OpenError::SchemaMismatch { kind, .. } if kind.as_str() == "account.pay"
        ));
    }
}

type Deep2<T> = Option<(T,)>;
type Deep8<T> = Deep2<Deep2<Deep2<Deep2<T>>>>;
type Deep32<T> = Deep8<Deep8<Deep8<Deep8<T>>>>;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "well.dug")]
pub struct Dug {
    pub how_deep: Deep32<Deep32<Deep32<u8>>>,
}

fn what_tools_cannot_show_is_refused_when_a_bus_opens(log: Subject) {
    let projection = Projection::new("wells").on(|_: &Dug, _, _| Ok(()));
    let error = Bus::builder(log.shared()).projection(projection).open().err().unwrap();
    assert!(matches!(
        error,
        OpenError::TooDeep { kind, .. } if kind.as_str() == "well.dug"
    ));
}
