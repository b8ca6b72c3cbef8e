//! What a declaration may look like.

use serde::{Deserialize, Serialize};
use vitae::lifecycle::{LifecycleEvent, Rejection};
use vitae::{Context, Event, Lifecycle, Stage, State};

mod shop {
    use super::{Deserialize, Event, Serialize};

    #[derive(Event, Serialize, Deserialize)]
    #[event(name = "shop.closed")]
    pub(crate) struct Closed;
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "closed")]
struct Closed;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "opened")]
struct Opened {
    by: u8,
}

#[derive(Debug, PartialEq)]
struct Refused(u8);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "refused {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// Its initial state holds data; one event in several states; two events of one name; a refusal of
/// its own; a self-loop.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "door", refusal = crate::Refused)]
pub(crate) enum Door {
    #[on(
        Opened if guards::by_somebody => Open,
        shop::Closed as ShopClosed => Gone,
    )]
    #[state(initial)]
    Shut(Shut),
    #[on(Closed => Shut)]
    #[on(Opened => Open)]
    #[on(shop::Closed as ShopClosed => Gone)]
    Open,
    #[state(terminal, type = DoorGone)]
    #[cfg_attr(any(), on(Closed => Shut))]
    Gone,
    #[cfg(any())]
    Never,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shut {
    times: u8,
}

impl Default for Shut {
    fn default() -> Self {
        Self { times: 1 }
    }
}

mod guards {
    use super::{Context, Opened, Refused, Shut};

    pub(super) fn by_somebody(_: &Shut, event: &Opened, _: &Context) -> Result<(), Refused> {
        if event.by == 0 {
            return Err(Refused(event.by));
        }
        Ok(())
    }
}

impl DoorTransitions for Door {
    fn open_on_closed(_: Open, _: &Closed, _: &Context) -> Shut {
        Shut { times: 2 }
    }

    // It has a default, and may be written nevertheless.
    fn open_on_opened(from: Open, _: &Opened, _: &Context) -> Open {
        from
    }
}

/// Shares its events with [`Door`]. Its edges depend on the configuration.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "window")]
enum Window {
    #[state(initial, type = WindowShut)]
    #[cfg_attr(all(), on(Opened => Open))]
    #[cfg_attr(any(), on(Closed => Open))]
    Shut,
    #[state(type = WindowOpen)]
    #[on(Closed => Shut)]
    Open,
}

impl WindowTransitions for Window {}

fn legal(state: &'static vitae::lifecycle::StateDefinition) -> Vec<&'static str> {
    let legal = Door::DEFINITION.legal_in(state);
    legal.map(|event| event.name).collect()
}

#[test]
fn all_edges_of_a_state_add_up() {
    assert_eq!(legal(Shut::DEFINITION), ["Opened", "ShopClosed"]);
    assert_eq!(legal(Open::DEFINITION), ["Closed", "Opened", "ShopClosed"]);
    assert!(legal(DoorGone::DEFINITION).is_empty());
    let events = Door::DEFINITION.events.iter();
    let events: Vec<_> = events.map(|event| (event.name, event.kind)).collect();
    assert_eq!(events, [("Opened", "opened"), ("ShopClosed", "shop.closed"), ("Closed", "closed")]);
}

#[test]
fn an_initial_state_with_data_is_its_default() {
    assert_eq!(Door::initial(), Door::Shut(Shut { times: 1 }));
}

#[test]
fn a_lifecycle_may_have_a_refusal_of_its_own() {
    let context = vitae::__private::context("door", "1").unwrap();
    let rejection = Door::initial().check(&Opened { by: 0 }.into(), &context);
    assert!(matches!(rejection, Err(Rejection::Refused(Refused(0)))));
    assert!(Door::initial().check(&Opened { by: 1 }.into(), &context).is_ok());
}

#[test]
fn default_bodies_lead_into_states_without_data() {
    let context = vitae::__private::context("door", "1").unwrap();
    let open = Door::initial().apply(&Opened { by: 1 }.into(), &context);
    assert_eq!(open, Ok(Door::Open));
    let open = Door::Open.apply(&Opened { by: 1 }.into(), &context);
    assert_eq!(open, Ok(Door::Open));
    let shut = Door::Open.apply(&Closed.into(), &context);
    assert_eq!(shut, Ok(Door::Shut(Shut { times: 2 })));
    let gone = Door::Open.apply(&shop::Closed.into(), &context);
    assert_eq!(gone, Ok(Door::Gone));
}

#[test]
fn lifecycles_share_events_and_not_states() {
    let context = vitae::__private::context("window", "1").unwrap();
    let open = Window::initial().apply(&Opened { by: 0 }.into(), &context);
    assert_eq!(open, Ok(Window::Open));
    let rejection = Window::Shut.check(&Closed.into(), &context);
    assert!(matches!(rejection, Err(Rejection::Illegal(_))));
    assert_eq!(WindowOpen::release(WindowOpen), Window::Open);
    let payload = WindowEvent::from(Opened { by: 5 }).encode().unwrap();
    let DoorEvent::Opened(opened) = DoorEvent::decode("opened", 1, &payload).unwrap() else {
        panic!("another event");
    };
    assert_eq!(opened.by, 5);
    assert!(WindowEvent::decode("shop.closed", 1, &[]).is_err());
}

/// One state that is never left: a life may go on for good.
#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "visits")]
enum Visits {
    #[state(initial)]
    #[on(Opened => Counted)]
    Counted(Counted),
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Counted(u32);

impl VisitsTransitions for Visits {
    fn counted_on_opened(from: Counted, event: &Opened, _: &Context) -> Counted {
        Counted(from.0 + u32::from(event.by))
    }
}

#[test]
fn a_life_may_have_one_state_and_no_end() {
    let context = vitae::__private::context("visits", "1").unwrap();
    let visits = Visits::initial().apply(&Opened { by: 2 }.into(), &context);
    let visits = visits.unwrap().apply(&Opened { by: 3 }.into(), &context);
    assert_eq!(visits, Ok(Visits::Counted(Counted(5))));
}
