//! The program of docs/time.md, and that the page shows what compiles.

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use vitae::store::{Query, Read};
use vitae::{
    Bus, Context, Event, Lifecycle, ManualClock, MemoryStore, Name, Policy, RestoreTimersError,
    Timestamp,
};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "invoice.sent")]
struct Sent {
    days_to_pay: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "invoice.promised")]
struct Promised;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "invoice.announced")]
struct Announced {
    text: String,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "invoice.paid")]
struct Paid;

#[derive(Event, Serialize, Deserialize, Default)]
#[event(name = "invoice.reminded")]
struct Reminded;

#[derive(Event, Serialize, Deserialize, Default)]
#[event(name = "invoice.given_up")]
struct GivenUp;

const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "invoice")]
enum Invoice {
    #[state(initial)]
    #[on(Sent => Open)]
    Draft,

    #[after(to_pay => Reminded)]
    #[on(Promised => Open restart, Announced => Open, Paid => Settled, Reminded => Overdue)]
    Open(Open),

    #[after(Overdue::PATIENCE => GivenUp)]
    #[on(Paid => Settled, GivenUp => Lost)]
    Overdue,

    #[state(terminal)]
    Settled,
    #[state(terminal)]
    Lost,
}

#[derive(Clone, Debug, PartialEq)]
struct Open {
    to_pay: Duration,
}

impl Overdue {
    const PATIENCE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
}

impl InvoiceTransitions for Invoice {
    fn draft_on_sent(_: Draft, event: &Sent, _: &Context) -> Open {
        let days = u32::try_from(event.days_to_pay).unwrap_or(u32::MAX);
        Open { to_pay: A_DAY.saturating_mul(days) }
    }

    fn open_on_promised(from: Open, _: &Promised, _: &Context) -> Open {
        from
    }

    fn open_on_announced(from: Open, _: &Announced, _: &Context) -> Open {
        from
    }
}

/// The day before an invoice is due, its customer is told.
fn due_invoices_are_announced() -> Policy {
    Policy::new("due-invoices-are-announced").on(|_: &Sent, invoice, then| {
        let id = invoice.stream().id();
        // It may have been paid in the commit that sent it.
        if let Invoice::Open(Open { to_pay }) = then.state::<Invoice>(id)? {
            let announced = Announced { text: format!("invoice {id} is due tomorrow") };
            then.record_after::<Invoice>(id, announced, to_pay.saturating_sub(A_DAY))?;
        }
        Ok(())
    })
}

fn nothing_is_paid(clock: &ManualClock, bus: &Bus) -> Result<(), Box<dyn Error>> {
    let start = Timestamp::from_micros(0);
    let invoice = bus.load::<Invoice>("7")?.record(Sent { days_to_pay: 14 })?;
    bus.commit(invoice)?;

    clock.set(start.saturating_add(A_DAY * 13));
    bus.catch_up()?;
    assert!(matches!(bus.load::<Invoice>("7")?.state(), Invoice::Open(_)));

    clock.set(start.saturating_add(A_DAY * 14));
    bus.catch_up()?;
    assert_eq!(*bus.load::<Invoice>("7")?.state(), Invoice::Overdue);
    Ok(())
}

fn list(bus: &Bus) -> Result<Vec<String>, Box<dyn Error>> {
    let mut lines = Vec::new();
    for timer in bus.timers() {
        let timer = timer?;
        let by = timer.policy().map_or("its state", |policy| policy.as_str());
        lines.push(format!("{} {} {} by {by}", timer.due, timer.stream, timer.kind));
    }
    Ok(lines)
}

fn after_an_import(bus: &Bus) -> Result<usize, RestoreTimersError> {
    bus.restore_timers::<Invoice>()
}

#[test]
fn time_goes_by_as_the_page_says() -> Result<(), Box<dyn Error>> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
    let store = Arc::new(MemoryStore::new());
    let builder = Bus::builder(store).register::<Invoice>().policy(due_invoices_are_announced());
    let bus = builder.clock(clock.clone()).open()?;
    nothing_is_paid(&clock, &bus)?;
    assert_eq!(
        list(&bus)?,
        ["1970-02-14T00:00:00.000000Z invoice/7 invoice.given_up by its state"]
    );
    let mut announced = Vec::new();
    let kinds = Query::kinds([Name::new("invoice.announced")?]);
    bus.store().visit(Read::log(kinds), |event| -> Result<_, Box<dyn Error>> {
        announced.push((event.decode::<Announced>()?.text, event.occurred_at()));
        Ok(ControlFlow::Continue(()))
    })?;
    let told = Timestamp::from_micros(0).saturating_add(A_DAY * 13);
    assert_eq!(announced, [("invoice 7 is due tomorrow".to_owned(), told)]);
    assert_eq!(after_an_import(&bus)?, 0);
    let invoice = bus.load::<Invoice>("8")?.record(Sent { days_to_pay: 1 })?.record(Promised)?;
    bus.commit(invoice.record(Paid)?)?;
    clock.set(Timestamp::from_micros(0).saturating_add(A_DAY * 44));
    bus.catch_up()?;
    assert_eq!(*bus.load::<Invoice>("7")?.state(), Invoice::Lost);
    assert_eq!(*bus.load::<Invoice>("8")?.state(), Invoice::Settled);
    assert!(list(&bus)?.is_empty());
    Ok(())
}

#[test]
fn the_page_shows_what_is_tested() {
    let page = include_str!("../../docs/time.md");
    let shown: Vec<&str> =
        page.split("```rust\n").skip(1).filter_map(|block| block.split("```").next()).collect();
    assert_eq!(shown.len(), 5);
    for block in shown {
        assert!(include_str!("time.rs").contains(block), "in the page, not here:\n{block}");
    }
}
