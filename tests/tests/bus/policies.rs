//! Policies: order, cascades, loops, errors.

use vitae::{Bus, CommitReason, HandlerError, LoadError, OpenError, Policy, Projection, Reaction};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    events_are_gone_through_in_order_and_policies_in_theirs
    a_cascade_ends_at_a_fixpoint
    a_loop_is_an_error
    a_loop_that_grows_is_an_error
    an_error_rejects_the_commit
    a_panic_rejects_the_commit
    a_policy_sees_what_the_commit_has_recorded_so_far
    several_policies_touch_one_life
    a_policy_may_go_on_after_a_refusal
    a_policy_may_go_on_after_another_lifecycle_of_one_name
    two_policies_of_one_name_are_refused
}

fn open(log: &Subject, policies: impl IntoIterator<Item = Policy>) -> Bus {
    let builder = Bus::builder(log.shared());
    let builder = policies.into_iter().fold(builder, |it, policy| it.policy(policy));
    builder.open().unwrap()
}

/// Writes into a note what it sees of counts.
fn scribe(name: &'static str) -> Policy {
    Policy::new(name).on(move |event: &Added, _, then| {
        then.record::<Note>("log", wrote(format!("{name}{}", event.by)))?;
        Ok(())
    })
}

fn events_are_gone_through_in_order_and_policies_in_theirs(log: Subject) {
    let echo = Policy::new("echo").on(|event: &Wrote, _, then| {
        if event.text.len() < 4 {
            then.record::<Note>("log", wrote(format!("echo {}", event.text)))?;
        }
        Ok(())
    });
    let bus = open(&log, [scribe("b"), echo, scribe("a")]);
    let count = bus.load::<Count>("n").unwrap();
    let count = count.record(Added { by: 1 }).unwrap();
    let count = count.record(Added { by: 2 }).unwrap();
    let other = bus.load::<Count>("m").unwrap().record(Added { by: 3 }).unwrap();
    bus.commit((count, other)).unwrap();
    assert_eq!(
        note(&self::bus(&log), "log").texts(),
        [
            "b1", "a1", "b2", "a2", "b3", "a3", "echo b1", "echo a1", "echo b2", "echo a2",
            "echo b3", "echo a3"
        ]
    );
    assert_eq!(log_of(&*log)[..3], ["count/n count.add", "count/n count.add", "count/m count.add"]);
}

/// Adds one less to the next count, down to nothing.
fn countdown() -> Policy {
    Policy::new("countdown").on(|event: &Added, _, then| {
        if event.by > 0 {
            let by = event.by - 1;
            then.record::<Count>(by.to_string(), Added { by })?;
        }
        Ok(())
    })
}

fn a_cascade_ends_at_a_fixpoint(log: Subject) {
    let bus = open(&log, [countdown()]);
    // 32 is the bound on causes: the deepest event has 32 before it.
    add(&bus, "start", 31);
    assert_eq!(log_of(&*log).len(), 32);
    assert_eq!(count(&bus, "30"), 30);
}

fn a_loop_is_an_error(log: Subject) {
    for (bound, deepest) in [(None, 32), (Some(3), 3), (Some(0), 0)] {
        let builder = Bus::builder(log.shared()).policy(countdown());
        let bus = match bound {
            Some(bound) => builder.max_policy_depth(bound),
            None => builder,
        };
        let bus = bus.open().unwrap();
        let count = bus.load::<Count>("start").unwrap();
        let error = bus.commit(count.record(Added { by: 99 }).unwrap()).unwrap_err();
        let CommitReason::PolicyLoop { policy, kind, depth } = error.reason() else {
            panic!("{error:?}");
        };
        assert_eq!((policy.as_str(), kind.as_str()), ("countdown", "count.add"));
        assert_eq!(*depth, deepest);
        assert!(error.to_string().contains("raise `max_policy_depth`"));
        assert_eq!(error.into_aggregates().recorded(), 1);
        assert!(log_of(&*log).is_empty());
    }
}

fn a_loop_that_grows_is_an_error(log: Subject) {
    let twice = Policy::new("twice").on(|event: &Added, _, then| {
        for id in ["a", "b"] {
            then.record::<Count>(id, event.clone())?;
        }
        Ok(())
    });
    let bus = open(&log, [twice]);
    let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
    let error = bus.commit(count).unwrap_err();
    assert!(matches!(error.reason(), CommitReason::PolicyLoop { .. }), "{error:?}");
    assert!(log_of(&*log).is_empty());
}

fn an_error_rejects_the_commit(log: Subject) {
    let picky = Policy::new("picky").on(|event: &Added, _, then| {
        then.record::<Note>("log", wrote(if event.by > 9 { "rude" } else { "fine" }))?;
        Ok(())
    });
    let bus = open(&log, [picky]);
    add(&bus, "n", 1);
    let count = bus.load::<Count>("n").unwrap();
    let error = bus.commit(count.record(Added { by: 10 }).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "policy `picky` failed on `count.add`; nothing was written");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "a note says nothing rude");
    assert_eq!(log_of(&*log).len(), 2);
    assert_eq!(note(&bus, "log").texts(), ["fine"]);
    assert_eq!(self::count(&bus, "n"), 1);
}

/// Of a policy, and of an inline projection.
fn a_panic_rejects_the_commit(log: Subject) {
    fn panics(event: &Added) -> Result<(), HandlerError> {
        if event.by == 13 { panic!("nobody adds 13") } else { Ok(()) }
    }
    let policy = Policy::new("superstitious").on(|event: &Added, _, _| panics(event));
    let rows = Projection::new("superstitious").on(|event: &Added, _, _| panics(event));
    for builder in
        [Bus::builder(log.shared()).policy(policy), Bus::builder(log.shared()).projection(rows)]
    {
        let bus = builder.open().unwrap();
        let before = log.head().unwrap();
        let counts = ["a", "b"].map(|id| bus.load::<Count>(id).unwrap());
        let [a, b] = counts.map(|count| count.record(Added { by: 13 }).unwrap());
        let ((a, _), reason) = bus.commit((a, b)).unwrap_err().into_parts();
        let (CommitReason::Policy { source, .. } | CommitReason::Projection { source, .. }) =
            &reason
        else {
            panic!("{reason:?}");
        };
        assert_eq!(source.to_string(), "it panicked: nobody adds 13");
        assert_eq!((a.recorded(), log.head().unwrap()), (1, before));
        // No other commit suffers.
        add(&bus, "a", 1);
    }
}

fn a_policy_sees_what_the_commit_has_recorded_so_far(log: Subject) {
    let sum = Policy::new("sum").on(|_: &Added, context, then| {
        let own = then.state::<Count>(context.stream().id().as_str())?.value();
        let lines = then.state::<Note>("log")?.lines().len();
        then.record::<Note>("log", wrote(format!("{own} {lines}")))?;
        Ok(())
    });
    let bus = open(&log, [sum]);
    let count = bus.load::<Count>("n").unwrap();
    let count = count.record(Added { by: 1 }).unwrap();
    bus.commit(count.record(Added { by: 2 }).unwrap()).unwrap();
    add(&bus, "n", 4);
    assert_eq!(note(&bus, "log").texts(), ["3 0", "3 1", "7 2"]);
}

fn several_policies_touch_one_life(log: Subject) {
    let bus = open(&log, [scribe("a"), scribe("b"), scribe("c")]);
    add(&bus, "n", 1);
    // The life that the policies touch may be the caller's as well.
    let note = bus.load::<Note>("log").unwrap().record(wrote("mine")).unwrap();
    let count = bus.load::<Count>("n").unwrap().record(Added { by: 2 }).unwrap();
    let ((note, _), _) = bus.commit((note, count)).unwrap();
    let expected = ["a1", "b1", "c1", "mine", "a2", "b2", "c2"];
    assert_eq!(note.state().texts(), expected);
    assert_eq!(self::note(&self::bus(&log), "log"), *note.state());
}

fn a_policy_may_go_on_after_a_refusal(log: Subject) {
    let stubborn = Policy::new("stubborn").on(|_: &Added, _, then| {
        then.record::<Note>("log", wrote("first"))?;
        let refused = then.record::<Note>("log", wrote("rude"));
        assert!(refused.is_err());
        then.record::<Note>("log", wrote("second"))?;
        Ok(())
    });
    let bus = open(&log, [stubborn]);
    add(&bus, "n", 1);
    assert_eq!(note(&self::bus(&log), "log").texts(), ["first", "second"]);
}

fn a_policy_may_go_on_after_another_lifecycle_of_one_name(log: Subject) {
    let confused = Policy::new("confused").on(|_: &Added, context, then: &mut Reaction<'_>| {
        let other = then.state::<namesake::Count>(context.stream().id().as_str());
        match other {
            Err(LoadError::TwoLifecycles { .. }) => Ok(()),
            _ => Err(HandlerError::from("it was read as another lifecycle")),
        }
    });
    let bus = open(&log, [confused]);
    add(&bus, "n", 3);
    assert_eq!(count(&self::bus(&log), "n"), 3);
}

/// Another lifecycle with the name and the events of one that there is.
mod namesake {
    use super::{Added, Ended};

    #[derive(vitae::Lifecycle, Clone, Debug)]
    #[lifecycle(name = "count")]
    pub enum Count {
        #[state(initial)]
        #[on(Added => Counting, Ended => Counted)]
        Counting,
        #[state(terminal)]
        Counted,
    }

    impl CountTransitions for Count {}
}

fn two_policies_of_one_name_are_refused(log: Subject) {
    let builder = Bus::builder(log.shared()).policy(scribe("a"));
    let error = builder.policy(scribe("a")).open().err().unwrap();
    assert!(matches!(error, OpenError::Repeated { .. }));
    assert_eq!(error.to_string(), "two policies are named `a`; rename one of them");
}
