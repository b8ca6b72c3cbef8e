//! Several lifecycles with their policies and projections.

use std::error::Error;

use vitae::testing::World;
use vitae::{CommitReason, Refusal, Timestamp};

use crate::failure;
use crate::lives::*;

fn shop() -> World {
    World::new(|bus| bus.policy(paid_orders_are_packed()).projection(takings()))
}

#[test]
fn a_paid_order_is_packed() -> World {
    let noon = Timestamp::from_micros(12 * 3_600_000_000);
    shop()
        .at(noon)
        .given::<Order>("7", Placed { cents: 5 })
        .then("7", Order::Open(Open { cents: 5, since: noon }))
        .when::<Order>("7", Paid { cents: 5 })
        .then_events(["order/7 order.paid", "parcel/7 parcel.requested"])
        .then("7", Order::Done)
        .then_in::<Packing>("7")
        .then_state("8", |parcel| assert!(matches!(parcel, Parcel::Nothing)))
        .then_rows("takings", [("7", 5_u64)])
}

#[test]
fn policies_and_guards_are_not_asked_of_what_is_given_but_projections_are() {
    let world = shop()
        .given::<Order>("7", Placed { cents: 0 })
        .given::<Order>("7", Paid { cents: 4 })
        .given::<Order>("6", Placed { cents: 5 })
        .then_events::<&str>([])
        .then("7", Order::Done)
        .then_in::<Nothing>("7")
        .then_rows("takings", [("6", 0_u64), ("7", 4)]);
    assert_eq!(world.bus().store().head().unwrap().unwrap().get(), 3);
}

#[test]
fn refusals_leave_the_log_as_it_was() {
    let world = shop()
        .when::<Order>("7", Placed { cents: 0 })
        .then_refused(Refusal::new("it costs nothing"))
        .when::<Order>("7", Cancelled)
        .then_illegal()
        .given::<Order>("7", Placed { cents: 13 })
        .given::<Parcel>("7", Requested {})
        .when::<Order>("7", Paid { cents: 13 })
        .then_failed(|reason| {
            assert!(matches!(reason, CommitReason::Policy { policy, .. }
                if policy.as_str() == "paid-orders-are-packed"));
            assert!(reason.source().unwrap().to_string().starts_with("`Requested` cannot happen"));
        })
        .then_events::<&str>([])
        .then("7", open(13));
    assert_eq!(world.bus().store().head().unwrap().unwrap().get(), 2);
}

fn placed() -> World {
    shop().given::<Order>("7", Placed { cents: 5 })
}

#[test]
fn another_state_fails() {
    assert_eq!(
        failure::of(|| placed().when::<Order>("7", Reminded {}).then("7", Order::Done)),
        "`order/7`\n  \
         expected: state Done\n       \
         got: state Open(Open { cents: 5, since: Timestamp(0) })\n  \
         history:\n    \
         1. order/7 order.placed {\"cents\":5}\n    \
         2. order/7 order.reminded {}"
    );
    let text = failure::of(|| placed().then_in::<Gone>("7"));
    assert!(
        text.starts_with("`parcel/7`\n  expected: state `Gone`\n       got: state `Nothing`"),
        "{text}"
    );
}

#[test]
fn other_events_fail() {
    let paid = || placed().when::<Order>("7", Paid { cents: 5 });
    let text = failure::of(|| paid().then_events(["order/7 order.paid"]));
    assert!(
        text.starts_with(
            "the last commit\n  expected: order/7 order.paid\n       \
             got: order/7 order.paid, parcel/7 parcel.requested\n"
        ),
        "{text}"
    );
    // One that was not committed has put nothing there.
    paid().then_committed().when::<Order>("7", Cancelled).then_illegal().then_events::<&str>([]);
    let text = failure::of(|| paid().then_events::<&str>([]));
    assert!(text.starts_with("the last commit\n  expected: no events\n"), "{text}");
}

#[test]
fn other_rows_fail() {
    let text = failure::of(|| placed().then_rows("takings", [("7", 1_u64), ("8", 2)]));
    assert!(
        text.starts_with("view `takings`\n  expected: 7: 1, 8: 2\n       got: 7: 0\n"),
        "{text}"
    );
    let text = failure::of(|| placed().then_rows("tak\0ings", [("7", 1_u64)]));
    assert!(text.contains("is not the name of a view: a name holds a NUL at byte 3"), "{text}");
    let text = failure::of(|| placed().then_rows("takings", [("7", (1_u8, 2_u8))]));
    assert!(text.starts_with("view `takings`: "), "{text}");
    assert!(text.contains("another shape than the type it is read as"), "{text}");
}

#[test]
fn what_came_of_an_event_is_said() {
    let refused = || placed().when::<Order>("7", Paid { cents: 4 });
    assert_eq!(
        failure::of(|| refused().then_committed()),
        "when Paid {\"cents\":4} in `order/7`, state `Open`\n  \
         expected: that it is committed\n       \
         got: refused: it is not enough\n  \
         legal in `Open`: `Reminded`, `Cancelled`, `Paid`\n  \
         history:\n    \
         1. order/7 order.placed {\"cents\":5}"
    );
    let got = |text: String| text.lines().nth(2).unwrap().trim().to_owned();
    let refusal = got(failure::of(|| refused().then_refused(Refusal::new("no"))));
    assert_eq!(refusal, "got: refused: it is not enough");
    assert_eq!(
        got(failure::of(|| placed().when::<Parcel>("7", Sent {}).then_failed(|_| ()))),
        "got: illegal"
    );
    let committed = || placed().when::<Order>("7", Cancelled);
    assert_eq!(got(failure::of(|| committed().then_illegal())), "got: committed");
    let thirteen = || placed().when::<Order>("7", Paid { cents: 13 });
    assert_eq!(
        got(failure::of(|| thirteen().then("7", Order::Done))),
        "got: the projection of view `takings` failed on `order.paid`; nothing was written: 13 is \
         not counted"
    );
}

#[test]
fn what_is_given_must_be_legal() {
    let text = failure::of(|| placed().given::<Order>("7", Placed { cents: 6 }));
    assert!(
        text.starts_with(
            "given Placed {\"cents\":6} in `order/7`, state `Open`\n  \
             expected: that it could have happened\n       \
             got: `Placed` cannot happen in state `Open`"
        ),
        "{text}"
    );
    let text = failure::of(|| shop().given::<Order>("", Cancelled));
    assert!(text.contains("got: the id is not valid: a name is empty"), "{text}");
}

#[test]
fn a_bus_that_does_not_open_fails() {
    let policy = paid_orders_are_packed;
    assert_eq!(
        failure::of(|| World::new(|bus| bus.policy(policy()).policy(policy()))),
        "the bus: two policies are named `paid-orders-are-packed`; rename one of them"
    );
}
