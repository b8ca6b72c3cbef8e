//! What is held against the log before a timer of a policy fires, and several who let it fire.

use vitae::store::{Commit, RowChange};
use vitae::{CommitId, GlobalPosition, OpenError, PartError, PartState, Policy};
use vitae_tests::{Subject, name};

use super::*;

on_every_store! {
    two_buses_fire_once
    an_answer_that_is_lost
    a_life_that_moves_while_the_timer_is_set
    a_life_that_moves_while_the_timer_fires
    a_row_that_is_put_back_fires_nothing
    a_row_of_another_log_fires_nothing
    nothing_comes_of_a_cause_that_was_erased
    an_older_version_is_lifted
    what_cannot_be_read_stays_and_is_said
    another_shape_is_refused_while_it_is_pending
}

fn writes() -> Policy {
    Policy::new("writes").on(|event: &Added, count, then| {
        let (id, after) = (count.stream().id(), Duration::from_secs(event.by));
        Ok(then.record_after::<Note>(id, wrote("later"), after)?)
    })
}

fn over(store: Arc<dyn EventStore>) -> Watch {
    Watch::of(Bus::builder(store).register::<Note>().policy(writes()))
}

fn two_buses_fire_once(log: Subject) {
    let second = log.second().unwrap_or_else(|| log.shared());
    let (one, other) = (over(log.shared()), over(second));
    for n in 0..20 {
        write(&one.bus, &n.to_string(), "first");
        add(&one.bus, &n.to_string(), 10);
    }
    one.clock.set(seconds(10));
    other.clock.set(seconds(10));
    std::thread::scope(|scope| {
        for watch in [&one, &other] {
            scope.spawn(|| watch.bus.catch_up().unwrap());
        }
    });
    for n in 0..20 {
        assert_eq!(note(&one.bus, &n.to_string()).texts(), ["first", "later"]);
    }
    assert_eq!(pending(&one.bus), []);
}

fn an_answer_that_is_lost(log: Subject) {
    for (id, written) in [("written", true), ("lost", false)] {
        let double = Double::of(&log);
        let watch = over(double.clone());
        write(&watch.bus, id, "first");
        add(&watch.bus, id, 10);
        double.lose_answer(written);
        watch.clock.set(seconds(10));
        watch.bus.catch_up().unwrap_err();
        watch.at(11);
        assert_eq!(note(&watch.bus, id).texts(), ["first", "later"]);
    }
}

fn a_life_that_moves_while_the_timer_is_set(log: Subject) {
    let double = Double::of(&log);
    let watch = over(double.clone());
    let other = over(log.shared());
    // The policy saw a life that had not begun, and there would be nothing to wait for.
    double.sneak(move || write(&other.bus, "a", "first"));
    add(&watch.bus, "a", 10);
    watch.at(10);
    assert_eq!(note(&watch.bus, "a").texts(), ["first", "later"]);
}

fn a_life_that_moves_while_the_timer_fires(log: Subject) {
    let double = Double::of(&log);
    let watch = over(double.clone());
    write(&watch.bus, "a", "first");
    add(&watch.bus, "a", 10);
    let other = over(log.shared());
    double.sneak(move || {
        let sealed = other.bus.load::<Note>("a").unwrap().record(Sealed).unwrap();
        other.bus.commit(sealed).unwrap();
    });
    watch.at(10);
    assert_eq!(note(&watch.bus, "a").texts(), ["first", "sealed"]);
    assert_eq!(pending(&watch.bus), []);
}

/// Puts a row of the timers where there is none.
fn put(store: &dyn EventStore, key: Vec<u8>, value: Vec<u8>) {
    let mut commit = Commit::new(CommitId::generate());
    let (view, value) = (name("vitae.timers"), Some(value));
    commit.rows.push(RowChange { view, key, expected: None, value });
    store.append(commit).wait().unwrap();
}

fn a_row_that_is_put_back_fires_nothing(log: Subject) {
    let watch = over(log.shared());
    write(&watch.bus, "a", "first");
    add(&watch.bus, "a", 10);
    let row = log.rows(&name("vitae.timers"), &[], None, 1).unwrap().remove(0);
    watch.at(10);
    put(&*log, row.key, row.value);
    watch.at(20);
    assert_eq!(note(&watch.bus, "a").texts(), ["first", "later"]);
    assert_eq!(pending(&watch.bus), []);
}

fn a_row_of_another_log_fires_nothing(log: Subject) {
    let watch = over(log.shared());
    add(&watch.bus, "a", 10);
    write(&watch.bus, "b", "of another commit");
    let mut row = log.rows(&name("vitae.timers"), &[], None, 1).unwrap().remove(0);
    forget(&*log);
    // The same life and policy, and a cause that nobody knows; one that the commit does not have.
    for byte in [8, 27] {
        row.key[byte] ^= 1;
        put(&*log, row.key.clone(), row.value.clone());
        watch.at(10);
        assert_eq!(note(&watch.bus, "a").texts(), [""; 0]);
        assert_eq!(pending(&watch.bus), []);
        row.key[byte] ^= 1;
    }
}

fn nothing_comes_of_a_cause_that_was_erased(log: Subject) {
    let watch = over(log.shared());
    add(&watch.bus, "a", 10);
    watch.bus.erase([GlobalPosition::FIRST], "asked for", "us").unwrap();
    watch.at(10);
    assert_eq!(note(&watch.bus, "a").texts(), [""; 0]);
    assert_eq!(pending(&watch.bus), []);
}

/// A lifecycle, and the policy that sets its timers, in one version of a program.
macro_rules! version_of_a_program {
    ($program:ident: $(#[$attribute:meta])* $field:ident, $value:expr, $earlier:item) => {
        mod $program {
            use super::*;

            $earlier

            #[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
            $(#[$attribute])*
            pub struct Dimmed {
                pub $field: u64,
            }

            #[derive(Lifecycle, Clone, Debug, PartialEq)]
            #[lifecycle(name = "lamp")]
            pub enum Lamp {
                #[state(initial)]
                #[on(Dimmed => Dim)]
                Bright,
                #[state(terminal)]
                Dim(Dim),
            }

            #[derive(Clone, Debug, PartialEq)]
            pub struct Dim {
                pub event: Dimmed,
            }

            impl LampTransitions for Lamp {
                fn bright_on_dimmed(_: Bright, event: &Dimmed, _: &Context) -> Dim {
                    Dim { event: event.clone() }
                }
            }

            pub fn builder(store: Arc<dyn EventStore>) -> BusBuilder {
                let dims = Policy::new("dims").on(|event: &Added, count, then| {
                    let (id, after) = (count.stream().id(), Duration::from_secs(event.by));
                    Ok(then.record_after::<Lamp>(id, Dimmed { $field: $value }, after)?)
                });
                Bus::builder(store).register::<Lamp>().policy(dims)
            }
        }
    };
}

version_of_a_program!(first: #[event(name = "lamp.dimmed")] percent, 40, const _: () = (););
version_of_a_program!(second:
    #[event(name = "lamp.dimmed", version = 2, upcast = super::first::Dimmed)] permille, 700,
    impl From<super::first::Dimmed> for Dimmed {
        fn from(earlier: super::first::Dimmed) -> Self {
            Self { permille: earlier.percent * 10 }
        }
    }
);
version_of_a_program!(careless: #[event(name = "lamp.dimmed")] tenths, 4, const _: () = (););

fn an_older_version_is_lifted(log: Subject) {
    add(&Watch::of(first::builder(log.shared())).bus, "a", 10);
    let watch = Watch::of(second::builder(log.shared()));
    watch.at(10);
    let lamp = watch.bus.load::<second::Lamp>("a").unwrap();
    let event = second::Dimmed { permille: 400 };
    assert_eq!(*lamp.state(), second::Lamp::Dim(second::Dim { event }));
}

fn what_cannot_be_read_stays_and_is_said(log: Subject) {
    add(&Watch::of(second::builder(log.shared())).bus, "a", 10);
    let older = Watch::of(first::builder(log.shared()));
    older.record("b", Begun { seconds: 10 });
    older.clock.set(seconds(10));
    let failed = older.bus.catch_up().unwrap_err();
    assert!(
        matches!(&*failed.source, PartError::Timer { stream, .. } if stream.id().as_str() == "a")
    );
    let status = older.bus.status().unwrap();
    assert_eq!(status[0].name.as_str(), "vitae.timers");
    assert!(matches!(status[0].state, PartState::Failing { .. }));
    assert_eq!(older.over_since("b"), Some(10), "it keeps none back");
    assert_eq!(pending(&older.bus), owned([("a", 10)]));
    let watch = Watch::of(second::builder(log.shared()));
    watch.at(10);
    let lamp = watch.bus.load::<second::Lamp>("a").unwrap();
    let event = second::Dimmed { permille: 700 };
    assert_eq!(*lamp.state(), second::Lamp::Dim(second::Dim { event }));
}

fn another_shape_is_refused_while_it_is_pending(log: Subject) {
    add(&Watch::of(first::builder(log.shared())).bus, "a", 10);
    let error = careless::builder(log.shared()).open().unwrap_err();
    assert!(matches!(error, OpenError::SchemaMismatch { .. }), "{error}");
}
