//! Which edges are tested, and which are not.

use vitae::Refusal;
use vitae::testing::{Coverage, Scenario, World};

use crate::failure;
use crate::lives::*;

fn cancelling() -> Scenario<Order> {
    Scenario::new().given(Placed { cents: 5 }).when(Cancelled).then(Order::Void)
}

fn reminding() -> Scenario<Order> {
    Scenario::new().given(Placed { cents: 5 }).when(Reminded {}).then(open(5))
}

fn paying() -> World {
    World::new(|bus| bus.policy(paid_orders_are_packed()))
        .given::<Order>("7", Placed { cents: 5 })
        .when::<Order>("7", Paid { cents: 4 })
        .then_refused(Refusal::new("it is not enough"))
        .when::<Order>("7", Paid { cents: 5 })
        .then("7", Order::Done)
}

fn paying_nothing() -> Scenario<Order> {
    Scenario::new().when(Placed { cents: 0 }).then_refused(Refusal::new("it costs nothing"))
}

#[test]
fn edges_that_no_test_takes_are_listed() {
    assert_eq!(
        failure::of(|| Coverage::of([reminding]).assert_complete()),
        "2 edges of `order`, each was taken by no test:\n  \
         Open --Cancelled--> Void\n  \
         Open --Paid if Open::is_enough--> Done"
    );
    assert_eq!(
        failure::of(|| Coverage::<Order>::of([reminding, cancelling]).assert_complete()),
        "1 edge of `order` was taken by no test:\n  Open --Paid if Open::is_enough--> Done"
    );
    let nothing: Vec<_> = Coverage::<Parcel>::new().untaken().collect();
    assert_eq!(nothing, ["Nothing --Requested--> Packing", "Packing --Sent--> Gone"]);
}

/// In an array, different functions are pointers, and one function is still itself.
#[test]
fn tests_are_listed_in_place_or_before() {
    let one = [reminding];
    let two = [reminding, cancelling];
    for coverage in [
        Coverage::<Order>::of(one),
        Coverage::of([reminding]),
        Coverage::<Order>::new().tests(one),
        Coverage::<Order>::new().tests([reminding]),
    ] {
        assert_eq!(coverage.taken().as_slice(), [1, 1, 0, 0]);
    }
    for coverage in [
        Coverage::<Order>::of(two),
        Coverage::of([reminding, cancelling]),
        Coverage::<Order>::new().tests(two),
        Coverage::<Order>::new().tests([reminding, cancelling]),
        Coverage::of(vec![reminding, cancelling]),
        Coverage::of([|| reminding(), || cancelling()]),
    ] {
        assert_eq!(coverage.taken().as_slice(), [2, 1, 1, 0]);
    }
}

#[test]
fn scenarios_and_worlds_cover_together() {
    let coverage = Coverage::<Order>::of([reminding, cancelling]).tests([paying]);
    coverage.assert_complete();
    assert_eq!(coverage.taken().as_slice(), [3, 1, 1, 1]);
    // What a policy has recorded counts.
    let parcels: Vec<_> = Coverage::<Parcel>::of([paying]).untaken().collect();
    assert_eq!(parcels, ["Packing --Sent--> Gone"]);
}

#[test]
fn a_log_covers_what_it_holds() {
    let world = paying();
    let coverage = Coverage::<Order>::new().with(world.bus()).with(&reminding());
    let untaken: Vec<_> = coverage.untaken().collect();
    assert_eq!(untaken, ["Open --Cancelled--> Void"]);
}

#[test]
fn guards_that_never_refuse_are_listed() {
    let coverage = Coverage::<Order>::of([paying]);
    assert_eq!(
        failure::of(|| coverage.assert_guards_refused()),
        "1 edge of `order` has a guard that refused in no test:\n  \
         Draft --Placed if Draft::costs_something--> Open"
    );
    coverage.tests([paying_nothing]).assert_guards_refused();
    // To be taken is not to have refused.
    assert_eq!(Coverage::of([reminding]).unrefused().count(), 2);
}

#[test]
fn a_test_that_fails_fails_the_coverage() {
    fn wrong() -> Scenario<Order> {
        cancelling().when(Reminded {}).then(open(5))
    }
    let text = failure::of(|| Coverage::of([cancelling, wrong]));
    assert!(text.starts_with("scenario of `order`, when Reminded {} in state `Void`"), "{text}");
}
