//! One lifecycle: given, when, then.

use vitae::testing::Scenario;
use vitae::{Refusal, Timestamp};

use crate::failure;
use crate::lives::*;

fn placed() -> Scenario<Order> {
    Scenario::new().given(Placed { cents: 5 })
}

#[test]
fn an_order_is_paid() -> Scenario<Order> {
    placed()
        .when(Paid { cents: 4 })
        .then_refused(Refusal::new("it is not enough"))
        .when(Reminded {})
        .then(open(5))
        .when(Paid { cents: 5 })
        .then_in::<Done>()
        .when(Cancelled)
        .then_illegal()
}

#[test]
fn what_is_not_comparable_is_looked_at() {
    let scenario = Scenario::<Parcel>::new().when(Requested {});
    let scenario = scenario.then_state(|parcel| assert!(matches!(parcel, Parcel::Packing)));
    assert!(matches!(scenario.state(), Parcel::Packing));
    assert_eq!(scenario.events().len(), 1);
    let look = |refusal: &Refusal| assert!(refusal.reason().starts_with("it costs"));
    Scenario::<Order>::new().when(Placed { cents: 0 }).then_refusal(look);
}

#[test]
fn the_context_is_the_tests_own() {
    let noon = Timestamp::from_micros(12 * 3_600_000_000);
    Scenario::of("7")
        .at(noon)
        .when(Placed { cents: 5 })
        .then(Order::Open(Open { cents: 5, since: noon }));
    assert_eq!(
        failure::of(|| Scenario::<Order>::of("")),
        "`` is not the id of a stream: a name is empty; give it 1 to 512 bytes"
    );
}

/// What is on the log happened.
#[test]
fn no_guard_is_asked_of_what_is_given() {
    Scenario::new().given(Placed { cents: 0 }).when(Reminded {}).then(open(0));
}

#[test]
fn what_is_given_must_be_legal() {
    assert_eq!(
        failure::of(|| placed().given(Placed { cents: 6 })),
        "scenario of `order`, given Placed {\"cents\":6} in state `Open`\n  \
         expected: that it could have happened\n       \
         got: `Placed` cannot happen in state `Open` of `order`; what can: `Reminded`, \
         `Cancelled`, `Paid`\n  \
         history:\n    \
         1. Placed {\"cents\":5}: Draft -> Open"
    );
}

/// The two lines that say what was expected and what came instead.
fn difference<T>(test: impl FnOnce() -> T) -> [String; 2] {
    let text = failure::of(test);
    let mut lines = text.lines().skip(1).map(str::trim);
    let [expected, got] = std::array::from_fn(|_| lines.next().unwrap().to_owned());
    [
        expected.strip_prefix("expected: ").unwrap().to_owned(),
        got.strip_prefix("got: ").unwrap().to_owned(),
    ]
}

#[test]
fn another_state_fails() {
    assert_eq!(
        failure::of(|| placed().when(Reminded {}).then(Order::Done)),
        "scenario of `order`, when Reminded {} in state `Open`\n  \
         expected: state Done\n       \
         got: state Open(Open { cents: 5, since: Timestamp(0) })\n  \
         legal in `Open`: `Reminded`, `Cancelled`, `Paid`\n  \
         history:\n    \
         1. Placed {\"cents\":5}: Draft -> Open\n    \
         2. Reminded {}: Open -> Open"
    );
    assert_eq!(
        difference(|| placed().when(Cancelled).then_in::<Done>()),
        ["state `Done`", "state `Void`"]
    );
}

#[test]
fn a_refusal_where_a_state_was_expected_fails() {
    let refused = || placed().when(Paid { cents: 4 });
    let got = "refused: it is not enough";
    assert_eq!(difference(|| refused().then(Order::Done)), ["state Done", got]);
    assert_eq!(difference(|| refused().then_in::<Done>()), ["state `Done`", got]);
    let looked_at = difference(|| refused().then_state(|_| unreachable!()));
    assert_eq!(looked_at, ["that it is recorded", got]);
    assert_eq!(difference(|| refused().then_illegal()), ["that it is illegal", got]);
    let other = difference(|| refused().then_refused(Refusal::new("no")));
    assert_eq!(other, ["refused: no", got]);
}

#[test]
fn a_state_where_a_refusal_was_expected_fails() {
    let recorded = || placed().when(Paid { cents: 5 });
    let got = "recorded, state `Done`";
    assert_eq!(difference(|| recorded().then_illegal()), ["that it is illegal", got]);
    let refusal = difference(|| recorded().then_refused(Refusal::new("no")));
    assert_eq!(refusal, ["refused: no", got]);
    let looked_at = difference(|| recorded().then_refusal(|_| unreachable!()));
    assert_eq!(looked_at, ["that its guard refuses it", got]);
}

#[test]
fn what_is_illegal_is_no_refusal() {
    let illegal = || Scenario::<Order>::new().when(Cancelled);
    assert_eq!(
        failure::of(|| illegal().then_refused(Refusal::new("no"))),
        "scenario of `order`, when Cancelled in state `Draft`\n  \
         expected: refused: no\n       \
         got: illegal\n  \
         legal in `Draft`: `Placed`\n  \
         history: nothing"
    );
    let done = || placed().given(Paid { cents: 5 }).when(Cancelled);
    let text = failure::of(|| done().then(Order::Void));
    assert!(text.contains("\n  legal in `Done`: nothing, it is terminal\n"), "{text}");
}
