//! Timers among several who let them fire, and lives that move meanwhile.

use vitae::{PartError, Policy};
use vitae_tests::Subject;

use super::*;

on_every_store! {
    two_buses_fire_once
    whoever_is_second_finds_it_done
    whoever_is_second_finds_it_ended
    one_that_is_taken_away_meanwhile_does_not_fire
    a_life_that_has_left_its_state_meanwhile
    a_life_that_has_moved_within_its_state_meanwhile
    what_is_not_registered_is_left_to_others
    one_that_cannot_fire_keeps_none_back
    a_panic_keeps_none_back
    an_answer_that_is_lost
}

fn two_buses_fire_once(log: Subject) {
    let second = log.second().unwrap_or_else(|| log.shared());
    let (one, other) = (Watch::over(log.shared()), Watch::over(second));
    for n in 0..20 {
        one.record(&n.to_string(), Begun { seconds: 10 });
    }
    one.clock.set(seconds(10));
    other.clock.set(seconds(10));
    std::thread::scope(|scope| {
        for watch in [&one, &other] {
            scope.spawn(|| watch.bus.catch_up().unwrap());
        }
    });
    for n in 0..20 {
        assert_eq!(how_often(&*log, &format!("run/{n} run.expired")), 1);
    }
    assert_eq!(pending(&one.bus), []);
}

/// Something happens between the look at a timer that is due and its commit.
fn meanwhile(log: &Subject, something: impl FnOnce(&Watch) + Send + 'static) -> Watch {
    let double = Double::of(log);
    let watch = Watch::over(double.clone());
    watch.record("a", Begun { seconds: 10 });
    let other = Watch::over(log.shared());
    other.clock.set(seconds(10));
    double.sneak(move || something(&other));
    watch.at(10);
    watch
}

fn whoever_is_second_finds_it_done(log: Subject) {
    let watch = meanwhile(&log, |other| other.bus.catch_up().unwrap());
    assert_eq!(log_of(&*log), ["run/a run.begun", "run/a run.expired"]);
    assert_eq!(pending(&watch.bus), []);
}

fn whoever_is_second_finds_it_ended(log: Subject) {
    let double = Double::of(&log);
    let watch = Watch::over(double.clone());
    watch.record("a", Begun { seconds: 10 });
    watch.record("b", Begun { seconds: 10 });
    watch.record("a", Paused);
    let other = Watch::over(log.shared());
    // The event of `b`, and then the end of the timer of `a`.
    double.sneak(|| {});
    double.sneak(move || other.at(10));
    watch.at(10);
    assert_eq!(pending(&watch.bus), owned([("a", 60)]));
    assert_eq!(how_often(&*log, "run/b run.expired"), 1);
}

fn one_that_is_taken_away_meanwhile_does_not_fire(log: Subject) {
    let watch = meanwhile(&log, |other| forget(other.bus.store().as_ref()));
    assert_eq!(log_of(&*log), ["run/a run.begun"]);
    assert_eq!(pending(&watch.bus), []);
}

fn a_life_that_has_left_its_state_meanwhile(log: Subject) {
    let watch = meanwhile(&log, |other| other.record("a", Paused));
    assert_eq!(log_of(&*log), ["run/a run.begun", "run/a run.paused"]);
    assert_eq!(pending(&watch.bus), owned([("a", 70)]));
}

fn a_life_that_has_moved_within_its_state_meanwhile(log: Subject) {
    let watch = meanwhile(&log, |other| other.record("a", Said));
    assert_eq!(log_of(&*log), ["run/a run.begun", "run/a run.said", "run/a run.expired"]);
    assert_eq!(pending(&watch.bus), []);
}

/// A lifecycle that another program knows.
mod lamp {
    use super::*;

    #[derive(Event, Serialize, Deserialize, Default)]
    #[event(name = "lamp.switched")]
    pub struct Switched;

    const LIMIT: Duration = Duration::from_secs(5);

    #[derive(Lifecycle, Clone, Debug, PartialEq)]
    #[lifecycle(name = "lamp")]
    pub enum Lamp {
        #[state(initial)]
        #[on(Switched => On)]
        Off,
        #[after(LIMIT => Switched)]
        #[on(Switched => Off)]
        On,
    }

    impl LampTransitions for Lamp {}
}

fn what_is_not_registered_is_left_to_others(log: Subject) {
    let watch = Watch::over(log.shared());
    let lamp = watch.bus.load::<lamp::Lamp>("l").unwrap().record(lamp::Switched).unwrap();
    watch.bus.commit(lamp).unwrap();
    watch.record("a", Begun { seconds: 10 });
    watch.at(10);
    assert_eq!(watch.over_since("a"), Some(10));
    assert_eq!(pending(&watch.bus), owned([("l", 5)]));
    let other = Watch::of(Bus::builder(log.shared()).register::<lamp::Lamp>());
    other.at(10);
    assert_eq!(*other.bus.load::<lamp::Lamp>("l").unwrap().state(), lamp::Lamp::Off);
    assert_eq!(pending(&watch.bus), []);
}

pub(super) fn of_timer(error: &PartError) -> String {
    match error {
        PartError::Timer { stream, kind, source } => format!("{stream} {kind}: {source}"),
        other => panic!("{other:?}"),
    }
}

fn stuck_on(log: &Subject, stubborn: Policy, because: &str) {
    let watch = Watch::of(Bus::builder(log.shared()).policy(stubborn));
    watch.record("a", Begun { seconds: 1 });
    watch.record("b", Begun { seconds: 2 });
    watch.clock.set(seconds(2));
    let failed = watch.bus.catch_up().unwrap_err();
    assert_eq!(of_timer(&failed.source), format!("run/a run.expired: {because}"));
    assert_eq!(watch.over_since("b"), Some(2));
    assert_eq!(pending(&watch.bus), owned([("a", 1)]));
    // Elsewhere nothing is in its way.
    Watch::over(log.shared()).at(3);
    assert_eq!(watch.over_since("a"), Some(3));
}

fn one_that_cannot_fire_keeps_none_back(log: Subject) {
    let stubborn = Policy::new("stubborn").on(|_: &Expired, context, _| {
        if context.stream().id().as_str() == "a" { Err("not a".into()) } else { Ok(()) }
    });
    stuck_on(&log, stubborn, "policy `stubborn` failed on `run.expired`; nothing was written");
}

/// A lifecycle whose last body is at fault.
mod bomb {
    use super::*;

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "bomb.armed")]
    pub struct Armed;

    #[derive(Event, Serialize, Deserialize, Default)]
    #[event(name = "bomb.exploded")]
    pub struct Exploded;

    const LIMIT: Duration = Duration::from_secs(1);

    #[derive(Lifecycle, Clone)]
    #[lifecycle(name = "bomb")]
    pub enum Bomb {
        #[state(initial)]
        #[on(Armed => Ticking)]
        Idle,
        #[after(LIMIT => Exploded)]
        #[on(Exploded => Gone)]
        Ticking,
        #[state(terminal)]
        Gone(Gone),
    }

    #[derive(Clone)]
    pub struct Gone;

    impl BombTransitions for Bomb {
        fn ticking_on_exploded(_: Ticking, _: &Exploded, _: &Context) -> Gone {
            panic!("never")
        }
    }
}

fn a_panic_keeps_none_back(log: Subject) {
    let watch = Watch::of(Bus::builder(log.shared()).register::<bomb::Bomb>());
    let armed = watch.bus.load::<bomb::Bomb>("a").unwrap().record(bomb::Armed).unwrap();
    watch.bus.commit(armed).unwrap();
    watch.record("b", Begun { seconds: 2 });
    watch.clock.set(seconds(2));
    let failed = watch.bus.catch_up().unwrap_err();
    assert_eq!(of_timer(&failed.source), "bomb/a bomb.exploded: it panicked: never");
    assert_eq!(watch.over_since("b"), Some(2));
}

fn an_answer_that_is_lost(log: Subject) {
    for (id, written) in [("written", true), ("lost", false)] {
        let double = Double::of(&log);
        let watch = Watch::over(double.clone());
        watch.record(id, Begun { seconds: 10 });
        double.lose_answer(written);
        watch.clock.set(seconds(10));
        let failed = watch.bus.catch_up().unwrap_err();
        assert!(of_timer(&failed.source).starts_with(&format!("run/{id} run.expired")));
        watch.at(11);
        assert_eq!(how_often(&*log, &format!("run/{id} run.expired")), 1);
        assert_eq!(pending(&watch.bus), []);
    }
}
