//! What lives in the simulated world, and what composes it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::{
    BusBuilder, Context, Effect, Event, HandlerError, Lifecycle, Policy, Projection, Start,
};

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.placed")]
pub struct Placed {
    pub cents: u64,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.paid")]
pub struct Paid {
    pub cents: u64,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.reminded")]
pub struct Reminded {
    pub cents: u64,
}

#[derive(Event, Serialize, Deserialize, Default, Clone, Debug)]
#[event(name = "order.lapsed")]
pub struct Lapsed {}

/// How long an order may stay unpaid.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "order")]
pub enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    New,
    #[on(Reminded => Open, Paid => Settled, Lapsed => Gone)]
    #[after(PATIENCE => Lapsed)]
    Open(Open),
    #[state(terminal)]
    Settled,
    #[state(terminal)]
    Gone,
}

#[derive(Clone, Debug)]
pub struct Open {
    pub cents: u64,
}

impl OrderTransitions for Order {
    fn new_on_placed(_: New, event: &Placed, _: &Context) -> Open {
        Open { cents: event.cents }
    }

    fn open_on_reminded(from: Open, _: &Reminded, _: &Context) -> Open {
        from
    }
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "survey.sent")]
pub struct Asked {
    pub cents: u64,
}

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "survey")]
pub enum Survey {
    #[state(initial)]
    #[on(Asked => Out)]
    Unsent,
    #[state(terminal)]
    Out,
}

impl SurveyTransitions for Survey {}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "invoice.issued")]
pub struct Issued {
    pub cents: u64,
}

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "invoice")]
pub enum Invoice {
    #[state(initial)]
    #[on(Issued => Sent)]
    Missing,
    #[state(terminal)]
    Sent,
}

impl InvoiceTransitions for Invoice {}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "parcel.requested")]
pub struct Requested {}

/// Takes any number of requests, so that one too many is seen and not refused.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "parcel")]
pub enum Parcel {
    #[state(initial)]
    #[on(Requested => Packing)]
    Packing(Packing),
}

#[derive(Clone, Default, Debug)]
pub struct Packing {
    pub requests: u64,
}

impl ParcelTransitions for Parcel {
    fn packing_on_requested(from: Packing, _: &Requested, _: &Context) -> Packing {
        Packing { requests: from.requests + 1 }
    }
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "ledger.booked")]
pub struct Booked {
    pub cents: u64,
}

/// One life that everybody moves.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "ledger")]
pub enum Ledger {
    #[state(initial)]
    #[on(Booked => Book)]
    Book(Book),
}

#[derive(Clone, Default, Debug)]
pub struct Book {
    pub cents: u64,
    pub entries: u64,
}

impl LedgerTransitions for Ledger {
    fn book_on_booked(from: Book, event: &Booked, _: &Context) -> Book {
        Book { cents: from.cents + event.cents, entries: from.entries + 1 }
    }
}

/// What is called outside of the store: with the key of the call, and the order that it is about.
pub(crate) type Outside = Arc<dyn Fn(&str, &str) -> Result<(), HandlerError> + Send + Sync>;

/// Puts on a bus everything that composes these lives. The version is that of the view `revenue`.
pub(crate) fn composed(bus: BusBuilder, version: u32, outside: &Outside) -> BusBuilder {
    let invoices = Policy::new("paid orders are invoiced").on(|event: &Paid, order, then| {
        then.record::<Invoice>(order.stream().id(), Issued { cents: event.cents })?;
        Ok(())
    });
    let parcels = Policy::new("paid orders are packed").on(|_: &Paid, order, then| {
        then.record::<Parcel>(order.stream().id(), Requested {})?;
        Ok(())
    });
    let book = Policy::new("invoices are booked").on(|event: &Issued, _, then| {
        then.record::<Ledger>("all", Booked { cents: event.cents })?;
        Ok(())
    });
    let reminders = Policy::new("unpaid orders are reminded").on(|event: &Placed, order, then| {
        let reminded = Reminded { cents: event.cents };
        Ok(then.record_after::<Order>(order.stream().id(), reminded, PATIENCE / 2)?)
    });
    let surveys = Policy::new("buyers are asked").on(|event: &Paid, order, then| {
        let asked = Asked { cents: event.cents };
        Ok(then.record_after::<Survey>(order.stream().id(), asked, PATIENCE)?)
    });
    let settled = Projection::new("settled")
        .on(|event: &Paid, order, rows| rows.put(order.stream().id().as_str(), &event.cents));
    let revenue = Projection::new("revenue").on(|event: &Booked, _, rows| {
        let before: u64 = rows.get("all")?.unwrap_or_default();
        rows.put("all", &(before + event.cents))
    });
    let outside = Arc::clone(outside);
    let mails = Effect::new("mails", Start::Beginning)
        .on(move |_: &Paid, order, call| outside(call.key(), order.stream().id().as_str()))
        .attempts(3);
    bus.register::<Order>()
        .register::<Survey>()
        .effect(mails)
        .policy(reminders)
        .policy(surveys.durable(Start::Beginning))
        .policy(invoices)
        .policy(parcels.durable(Start::Beginning))
        .policy(book.durable(Start::Beginning))
        .projection(settled)
        .projection(revenue.catch_up(version))
}
