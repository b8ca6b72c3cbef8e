//! A day in the shop: `cargo run -p shop -- shop.db`.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use shop::mail::Mailer;
use shop::order::{Order, Placed};
use shop::parcel::{HandedOver, Parcel};
use shop::till::take_payment;
use shop::views::{self, OpenOrder};
use vitae::Bus;
use vitae_sqlite::SqliteStore;

/// Sends no mail, and says what it would have sent.
struct Printer;

impl Mailer for Printer {
    fn send(&self, _: &str, text: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        println!("mail: {text}");
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).map_or_else(|| "shop.db".into(), PathBuf::from);
    let store = Arc::new(SqliteStore::open(file)?);
    let sales = views::sales().open(&store)?;
    let bus = shop::shop(store.clone(), Printer).projection_in_tables(sales).open()?;
    let running = bus.start()?;
    sell(&bus)?;
    show(&bus)?;
    running.stop(Duration::from_secs(10))?;
    ask(&store)
}

/// Two orders come in; one is paid, and its parcel leaves.
fn sell(bus: &Bus) -> Result<(), Box<dyn Error>> {
    let next = bus.streams::<Order>().count();
    let ids = [next, next + 1].map(|number| format!("{number:06}"));
    for id in &ids {
        let placed = Placed { customer: "ada".into(), cents: 4_200 };
        bus.commit(bus.load::<Order>(id)?.record(placed)?)?;
    }
    println!("{}", take_payment(bus, &ids[0], 4_200, "request-17")?);
    let parcel = bus.load::<Parcel>(&ids[0])?;
    bus.commit(parcel.record(HandedOver { van: "7".into() })?)?;
    Ok(())
}

/// What the orders come to, said by SQL.
fn ask(store: &SqliteStore) -> Result<(), Box<dyn Error>> {
    let best = "SELECT customer, sum(paid) FROM sales_orders GROUP BY customer ORDER BY 2 DESC";
    let (customer, cents): (String, u32) =
        store.sql_reader()?.query_row(best, (), |row| Ok((row.get(0)?, row.get(1)?)))?;
    println!("most was spent by {customer}: {cents} cents");
    Ok(())
}

fn show(bus: &Bus) -> Result<(), Box<dyn Error>> {
    // The threads do this too; here it is waited for.
    bus.catch_up()?;
    for row in bus.view::<OpenOrder>("open-orders")?.scan("") {
        let (id, order) = row?;
        println!("open: {} of {}", String::from_utf8_lossy(&id), order.customer);
    }
    for row in bus.view::<u64>("takings")?.scan("") {
        let (day, cents) = row?;
        println!("taken on day {}: {cents} cents", String::from_utf8_lossy(&day));
    }
    for part in bus.status()? {
        println!("{} {}: {} events behind", part.kind, part.name, part.lag);
    }
    Ok(())
}
