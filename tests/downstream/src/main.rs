//! Orders that are packed when they are paid, in a store whose path is the first argument.

#![deny(missing_docs, warnings, unsafe_code, clippy::pedantic)]

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use downstream_parcels::{Item, Packed, Parcel};
use serde::{Deserialize, Serialize};
use vitae::store::{EventStore, Query, Read};
use vitae::{Bus, Catalog, Context, Event, Lifecycle, Policy, Refusal, tag};
use vitae_sqlite::SqliteStore;

/// As it was before there were items.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.placed", version = 1)]
pub struct PlacedV1 {
    /// What to pay.
    pub cents: u64,
}

/// An order was placed.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.placed", version = 2, upcast = PlacedV1, tag = customer)]
pub struct Placed {
    /// Who did.
    pub customer: Option<String>,
    /// What to pay.
    pub cents: u64,
}

impl From<PlacedV1> for Placed {
    fn from(earlier: PlacedV1) -> Self {
        Self { customer: None, cents: earlier.cents }
    }
}

/// An order was paid.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "order.paid")]
pub struct Paid {
    /// How much it was.
    pub cents: u64,
}

/// The life of an order.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "order")]
pub enum Order {
    /// Nothing is in it.
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    /// It waits for money.
    #[on(Paid if Open::is_enough => Done)]
    Open(Open),
    /// It is paid.
    #[state(terminal)]
    Done,
}

/// An order that waits for money.
#[derive(Clone, Debug)]
pub struct Open {
    /// What to pay.
    pub cents: u64,
}

impl Open {
    fn is_enough(&self, event: &Paid, _: &Context) -> Result<(), Refusal> {
        if event.cents >= self.cents { Ok(()) } else { Err(Refusal::new("it is not enough")) }
    }
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, event: &Placed, _: &Context) -> Open {
        Open { cents: event.cents }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("the path of the store is missing")?;
    let pack = Policy::new("pack what is paid").on(|_: &Paid, context, reaction| {
        let items = vec![Item { name: "book".to_owned(), count: 1 }];
        reaction.record::<Parcel>(context.stream().id().as_str(), Packed { items })?;
        Ok(())
    });
    let store: Arc<dyn EventStore> = Arc::new(SqliteStore::open(path)?);
    let bus = Bus::builder(Arc::clone(&store)).policy(pack).open()?;

    let draft = bus.load::<Order>("7")?.at::<Draft>()?;
    let open = draft.record(Placed { customer: Some("ada".to_owned()), cents: 4_200 })?;
    let (open, _) = bus.commit(open)?;
    let refused = open.record(Paid { cents: 1 }).err().ok_or("it was enough")?;
    println!("refused: {refused}");
    bus.commit(refused.into_aggregate().record(Paid { cents: 4_200 })?)?;

    println!("order: {:?}", bus.load_existing::<Order>("7")?.state());
    println!("parcel: {:?}", bus.load_existing::<Parcel>("7")?.state());
    let catalog = Catalog::load(&*store)?;
    show(&*store, &catalog, "log", Query::all())?;
    show(&*store, &catalog, "ada", Query::tag(tag("customer", "ada")?))
}

fn show(
    store: &dyn EventStore,
    catalog: &Catalog,
    title: &str,
    query: Query,
) -> Result<(), Box<dyn Error>> {
    store.visit(Read::log(query), |event| {
        println!("{title}: {} {} {}", event.position(), event.kind(), catalog.render(event)?);
        Ok(ControlFlow::Continue(()))
    })
}
