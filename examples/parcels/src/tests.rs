//! What a parcel may do, said as given, when, then.

use proptest::prelude::*;
use vitae::testing::{Coverage, EventsLock, Scenario, Walk};
use vitae::{Lifecycle, Refusal};

use crate::{Arrived, Delivered, Packed, Parcel, Returned, Sent, Weighed};

fn sent() -> Sent {
    Sent { customer: "ada".into(), to: "London".into() }
}

#[test]
fn a_parcel_comes_back_and_is_sent_again() -> Scenario<Parcel> {
    Scenario::new()
        .given(Weighed { grams: 900 })
        .when(Weighed { grams: 1_200 })
        .then(Parcel::Packed(Packed { grams: 1_200 }))
        .when(sent())
        .then_state(|parcel| assert!(matches!(parcel, Parcel::Travelling(to) if to.to == "London")))
        .when(Returned { reason: None })
        .then(Parcel::Packed(Packed { grams: 1_200 }))
        .when(sent())
        .then_state(|_| ())
        .when(Arrived {})
        .then_in::<Delivered>()
        .when(Arrived {})
        .then_illegal()
}

#[test]
fn the_van_is_not_overloaded() -> Scenario<Parcel> {
    Scenario::new()
        .given(Weighed { grams: 30_001 })
        .when(sent())
        .then_refused(Refusal::new("30001 g are too much for the van"))
}

#[test]
fn every_edge_is_tested() {
    let tests = [a_parcel_comes_back_and_is_sent_again, the_van_is_not_overloaded];
    let coverage = Coverage::<Parcel>::of(tests);
    coverage.assert_complete();
    coverage.assert_guards_refused();
}

proptest! {
    #[test]
    fn what_travels_fits_the_van(
        life in Walk::<Parcel>::new(0..40)
            .event((1..60_000_u32).prop_map(|grams| Weighed { grams }))
            .event(Just(()).prop_map(|()| sent()))
            .event(Just(()).prop_map(|()| Returned { reason: None }))
            .event(Just(()).prop_map(|()| Arrived {}))
    ) {
        for state in life.states() {
            if let Parcel::Travelling(travelling) = state {
                prop_assert!(travelling.packed.grams <= 30_000);
            }
        }
    }
}

#[test]
fn the_diagram_has_the_stored_names() {
    let mermaid = Parcel::diagram().to_mermaid();
    assert!(mermaid.contains("parcel.sent"), "{mermaid}");
}

#[test]
fn events_are_as_they_were() {
    EventsLock::new()
        .lifecycle::<Parcel>()
        .assert(concat!(env!("CARGO_MANIFEST_DIR"), "/events.lock"));
}
