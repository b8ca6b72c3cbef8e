//! The stores under test, and a small life with personal data.

use serde::{Deserialize, Serialize};
use vitae::store::{EventStore, Page, Query, Read};
use vitae::{Bus, Context, Event, Lifecycle};

#[path = "../bus/support/stores.rs"]
mod stores;
pub(crate) use stores::*;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "guest.named")]
pub(crate) struct Named {
    pub(crate) name: String,
}

#[derive(Lifecycle, Debug)]
#[lifecycle(name = "guest")]
pub(crate) enum Guest {
    #[state(initial)]
    #[on(Named => Known)]
    Unknown,
    #[on(Named => Known)]
    Known(Known),
}

#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) name: String,
}

impl GuestTransitions for Guest {
    fn unknown_on_named(_: Unknown, event: &Named, _: &Context) -> Known {
        Known { name: event.name.clone() }
    }

    fn known_on_named(_: Known, event: &Named, _: &Context) -> Known {
        Known { name: event.name.clone() }
    }
}

/// Gives a guest a name.
pub(crate) fn call(bus: &Bus, guest: &str, name: &str) {
    let named = bus.load::<Guest>(guest).unwrap().record(Named { name: name.to_owned() });
    bus.commit(named.unwrap()).unwrap();
}

/// For each event, its stream and kind, and whether its payload is there.
pub(crate) fn log_of(store: &dyn EventStore) -> Vec<String> {
    let mut page = Page::new();
    store.read(&Read::log(Query::all()), &mut page).unwrap();
    let events = page.iter().map(|event| {
        let left = if event.payload().is_ok() { "" } else { " erased" };
        format!("{} {}{left}", event.category(), event.kind())
    });
    events.collect()
}
