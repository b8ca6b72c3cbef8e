//! `#[after(…)]` and `restart`: what the derive makes of them.

#![expect(missing_docs, reason = "types of a test are not documented")]

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "run.begun")]
pub struct Begun {
    pub seconds: u64,
}

#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "run.heartbeat")]
pub struct Heartbeat;

#[derive(Event, Serialize, Deserialize, Debug)]
#[event(name = "run.paused")]
pub struct Paused;

pub mod time {
    use super::*;

    #[derive(Event, Serialize, Deserialize, Default, Debug)]
    #[event(name = "run.timed_out")]
    pub struct TimedOut {
        pub note: String,
    }
}

#[derive(Event, Serialize, Deserialize, Default, Debug)]
#[event(name = "run.given_up")]
pub struct GivenUp;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "run")]
pub enum Run {
    #[state(initial)]
    #[on(Begun => Running)]
    Idle,

    #[after(timeout => time::TimedOut, Running::LIMIT => GivenUp)]
    #[on(Heartbeat => Running restart, Begun => Running, Paused => Waiting)]
    #[on(time::TimedOut => Failed, GivenUp => Failed)]
    Running(Running),

    #[on(Heartbeat => Running, GivenUp => Failed)]
    #[after(crate::A_DAY => GivenUp)]
    Waiting,

    #[state(terminal)]
    Failed,
}

#[derive(Clone, Debug)]
pub struct Running {
    timeout: Duration,
}

impl Running {
    const LIMIT: Duration = Duration::from_secs(60);
}

impl RunTransitions for Run {
    fn idle_on_begun(_: Idle, event: &Begun, _: &Context) -> Running {
        Running { timeout: Duration::from_secs(event.seconds) }
    }
    fn running_on_heartbeat(from: Running, _: &Heartbeat, _: &Context) -> Running {
        from
    }
    fn running_on_begun(from: Running, _: &Begun, _: &Context) -> Running {
        from
    }
    fn waiting_on_heartbeat(_: Waiting, _: &Heartbeat, _: &Context) -> Running {
        Running { timeout: Running::LIMIT }
    }
}

#[test]
fn a_state_says_its_timers() {
    let running = Run::Running(Running { timeout: Duration::from_secs(5) });
    assert_eq!(running.timers().len(), 2);
    let said: Vec<_> = running.timers().iter().map(|it| (it.kind, it.after.as_secs())).collect();
    assert_eq!(said, [("run.timed_out", 5), ("run.given_up", 60)]);
    let said: Vec<_> = Run::Waiting.timers().iter().map(|it| (it.kind, it.after)).collect();
    assert_eq!(said, [("run.given_up", A_DAY)]);
    assert!(Run::Idle.timers().is_empty() && Run::Failed.timers().is_empty());
}

#[test]
fn a_timer_makes_the_event_s_default() {
    let running = Run::Running(Running { timeout: Duration::ZERO });
    let events: Vec<_> = running.timers().iter().map(|timer| (timer.event)()).collect();
    let [RunEvent::TimedOut(event), RunEvent::GivenUp(_)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(event.note, "");
}

#[test]
fn the_table_says_which_edges_time_takes_and_which_restart() {
    let definition = Run::DEFINITION;
    let edges = definition.edges.iter().map(|edge| {
        let event = definition.events[edge.event].name;
        (event, edge.after, edge.restarts, edge.enters())
    });
    let expected = [
        ("Begun", None, false, true),
        ("Heartbeat", None, true, true),
        ("Begun", None, false, false),
        ("Paused", None, false, true),
        ("TimedOut", Some("timeout"), false, true),
        ("GivenUp", Some("Running::LIMIT"), false, true),
        ("Heartbeat", None, false, true),
        ("GivenUp", Some("crate::A_DAY"), false, true),
    ];
    assert_eq!(edges.collect::<Vec<_>>(), expected);
}

#[test]
fn the_picture_shows_them() {
    let dot = Run::diagram().to_dot();
    assert!(dot.contains("run.timed_out [after timeout]"), "{dot}");
    assert!(dot.contains("run.given_up [after crate::A_DAY]"), "{dot}");
}

/// Every state has a timer, the initial one too, and the states have a parameter.
mod everywhere {
    use std::marker::PhantomData;
    use std::time::Duration;

    use serde::{Deserialize, Serialize};
    use vitae::{Context, Event, Lifecycle};

    #[derive(Event, Serialize, Deserialize, Default)]
    #[event(name = "lamp.switched")]
    pub(crate) struct Switched;

    const LIMIT: Duration = Duration::from_secs(1);

    #[derive(Lifecycle, Clone)]
    #[lifecycle(name = "lamp")]
    pub(crate) enum Lamp<R> {
        #[state(initial)]
        #[after(LIMIT => Switched)]
        #[on(Switched => On)]
        Off,
        #[after(r#for => Switched)]
        #[on(Switched => Off)]
        On(On<R>),
    }

    #[derive(Clone)]
    pub(crate) struct On<R> {
        pub r#for: Duration,
        pub rules: PhantomData<fn() -> R>,
    }

    impl<R: Clone + Send + Sync + 'static> LampTransitions<R> for Lamp<R> {
        fn off_on_switched(_: Off<R>, _: &Switched, _: &Context) -> On<R> {
            On { r#for: LIMIT * 2, rules: PhantomData }
        }
    }
}

#[test]
fn every_state_may_have_one() {
    use everywhere::{Lamp, On};
    let off = Lamp::<()>::Off.timers();
    assert_eq!(off.iter().map(|it| it.after.as_secs()).collect::<Vec<_>>(), [1]);
    let on = On { r#for: Duration::from_secs(7), rules: std::marker::PhantomData };
    let on = Lamp::<()>::On(on).timers();
    assert_eq!(on.iter().map(|it| it.after.as_secs()).collect::<Vec<_>>(), [7]);
}

/// Nothing of a prelude, and nothing in scope.
mod bare {
    #![no_implicit_prelude]

    #[derive(
        ::vitae::Event, ::serde::Serialize, ::serde::Deserialize, ::core::default::Default,
    )]
    #[event(name = "door.closed")]
    pub(crate) struct Closed;

    #[derive(::vitae::Lifecycle, ::core::clone::Clone)]
    #[lifecycle(name = "door")]
    pub(crate) enum Door {
        #[state(initial)]
        #[on(Closed => Door)]
        Open,
        #[on(Closed => Door restart)]
        #[after(::core::time::Duration::MAX => Closed)]
        #[state(type = Vec)]
        Door,
    }

    impl DoorTransitions for Door {}
}

#[test]
fn no_name_of_the_user_s_is_in_the_way() {
    let _ = Lifecycle::state(&bare::Door::Open);
    assert_eq!(bare::Door::Door.timers().len(), 1);
}
