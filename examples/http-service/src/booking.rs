//! A table booked at a restaurant: the domain, which knows nothing of HTTP.

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle, Refusal};

/// Somebody asked for a table.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "booking.requested")]
pub struct Requested {
    /// In whose name.
    pub name: String,
    /// For how many.
    pub guests: u32,
}

/// A table was found.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "booking.confirmed")]
pub struct Confirmed {
    /// Its number.
    pub table: u32,
    /// How many can sit there.
    pub seats: u32,
}

/// The guests came.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "booking.seated")]
pub struct Seated {}

/// The guests went.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "booking.left")]
pub struct Left {}

/// The guests will not come.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "booking.cancelled")]
pub struct Cancelled {
    /// Why, if they said so.
    pub reason: Option<String>,
}

/// A booking, from the telephone to the empty table.
#[derive(Lifecycle, Serialize, Debug)]
#[lifecycle(name = "booking")]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Booking {
    /// Nobody has asked yet.
    #[state(initial)]
    #[on(Requested => Waiting)]
    Unknown,

    /// Somebody has to find a table.
    #[on(Confirmed if Waiting::fits => Held, Cancelled => Closed)]
    Waiting(Waiting),

    /// The table is kept free.
    #[on(Seated => AtTable, Cancelled => Closed)]
    Held(Held),

    /// The guests are there.
    #[on(Left => Closed)]
    AtTable(AtTable),

    /// The table is free again.
    #[state(terminal)]
    Closed,
}

/// For whom a table is wanted.
#[derive(Serialize, Clone, Debug)]
pub struct Waiting {
    name: String,
    guests: u32,
}

/// For whom which table is kept.
#[derive(Serialize, Clone, Debug)]
pub struct Held {
    name: String,
    guests: u32,
    table: u32,
}

/// Where they sit.
#[derive(Serialize, Clone, Debug)]
pub struct AtTable {
    table: u32,
}

impl BookingTransitions for Booking {
    fn unknown_on_requested(_: Unknown, event: &Requested, _: &Context) -> Waiting {
        Waiting { name: event.name.clone(), guests: event.guests }
    }

    fn waiting_on_confirmed(from: Waiting, event: &Confirmed, _: &Context) -> Held {
        Held { name: from.name, guests: from.guests, table: event.table }
    }

    fn held_on_seated(from: Held, _: &Seated, _: &Context) -> AtTable {
        AtTable { table: from.table }
    }
}

impl Waiting {
    fn fits(&self, event: &Confirmed, _: &Context) -> Result<(), Refusal> {
        if event.seats < self.guests {
            let Self { guests, .. } = self;
            let Confirmed { table, seats } = event;
            return Err(Refusal::new(format!("table {table} has {seats} seats for {guests}")));
        }
        Ok(())
    }
}
