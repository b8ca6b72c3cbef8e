//! Orders and parcels that know nothing of each other, composed on one bus.
//!
//! ```text
//!   order ──Paid──► policy, same commit ──Requested──► parcel
//!     ▲                                                  │
//!     └──Closed── policy, durable ◄──HandedOver──────────┘
//!   order ──Paid──► effect ──► a mail
//!   events ──► views: open-orders (inline), takings (catches up); in SQLite's file the table sales_orders
//! ```

pub mod mail;
pub mod order;
pub mod parcel;
pub mod policies;
#[cfg(test)]
mod tests;
pub mod till;
pub mod views;

use std::sync::Arc;

use vitae::store::EventStore;
use vitae::{Bus, BusBuilder};

use mail::Mailer;
use order::Order;
use parcel::Parcel;

/// Everything there is in this shop, on one log.
pub fn shop(store: Arc<dyn EventStore>, mailer: impl Mailer) -> BusBuilder {
    Bus::builder(store)
        .register::<Order>()
        .register::<Parcel>()
        .policy(policies::paid_orders_are_packed())
        .policy(policies::sent_parcels_close_their_orders())
        .projection(views::open_orders())
        .projection(views::takings())
        .effect(mail::receipts(mailer))
}
