//! The program of docs/snapshots-and-history.md, and that the page shows what compiles.

use std::error::Error;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vitae::{
    AsOf, Bus, Context, Event, Lifecycle, PassedOverReason, Refusal, Schema, SnapshotError,
    Snapshots, StreamVersion, Timestamp,
};
use vitae_sqlite::SqliteStore;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "account.deposited")]
struct Deposited {
    cents: u64,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "account.withdrawn")]
struct Withdrawn {
    cents: u64,
}

#[derive(Lifecycle, Schema, Serialize, Deserialize)]
#[lifecycle(name = "account")]
enum Account {
    #[state(initial)]
    #[on(Deposited => Open, Withdrawn if Open::covers => Open)]
    Open(Open),
}

#[derive(Schema, Serialize, Deserialize, Clone, Default)]
struct Open {
    cents: u64,
}

impl AccountTransitions for Account {
    fn open_on_deposited(from: Open, event: &Deposited, _: &Context) -> Open {
        Open { cents: from.cents.saturating_add(event.cents) }
    }

    fn open_on_withdrawn(from: Open, event: &Withdrawn, _: &Context) -> Open {
        Open { cents: from.cents.saturating_sub(event.cents) }
    }
}

impl Open {
    fn covers(&self, event: &Withdrawn, _: &Context) -> Result<(), Refusal> {
        match self.cents.checked_sub(event.cents) {
            Some(_) => Ok(()),
            None => Err(Refusal::new("the account does not cover it")),
        }
    }
}

fn open(store: Arc<SqliteStore>) -> Result<Bus, Box<dyn Error>> {
    let snapshots = Snapshots::of::<Account>().every(1_000);
    Ok(Bus::builder(store).snapshots(snapshots).open()?)
}

fn at_the_end_of_the_day(bus: &Bus) -> Result<StreamVersion, SnapshotError> {
    bus.take_snapshot::<Account>("ada")
}

fn a_year_later(store: Arc<SqliteStore>) -> Result<Bus, Box<dyn Error>> {
    let snapshots = Snapshots::of::<Account>().every(1_000).revision(1);
    Ok(Bus::builder(store).snapshots(snapshots).open()?)
}

fn report(bus: &Bus) {
    let seen = bus.snapshots();
    println!("{} used, {} passed over", seen.used, seen.passed_over);
    if let Some(last) = seen.last_passed_over {
        println!("{last}: {}", last.reason);
    }
}

fn balance(bus: &Bus, as_of: AsOf) -> Result<u64, Box<dyn Error>> {
    let past = bus.load_as_of::<Account>("ada", as_of)?;
    let Account::Open(open) = past.state();
    println!(
        "{} cents at version {:?}, since {:?}",
        open.cents,
        past.version(),
        past.recorded_at()
    );
    Ok(open.cents)
}

fn balances(bus: &Bus, new_year: Timestamp) -> Result<[u64; 2], Box<dyn Error>> {
    let first = balance(bus, AsOf::Version(StreamVersion::FIRST))?;
    let then = balance(bus, AsOf::Time(new_year))?;
    Ok([first, then])
}

#[test]
fn the_program_does_what_the_page_says() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = Arc::new(SqliteStore::open(folder.path().join("accounts.db"))?);
    let bus = open(Arc::clone(&store))?;
    let account = bus.load::<Account>("ada")?.record(Deposited { cents: 500 })?;
    bus.commit(account.record(Withdrawn { cents: 200 })?)?;
    assert_eq!(at_the_end_of_the_day(&bus)?.get(), 2);

    let restarted = open(Arc::clone(&store))?;
    restarted.load::<Account>("ada")?;
    assert_eq!((restarted.snapshots().used, restarted.snapshots().passed_over), (1, 0));

    let later = a_year_later(store)?;
    later.load::<Account>("ada")?;
    let seen = later.snapshots();
    assert_eq!((seen.used, seen.passed_over), (0, 1));
    let reason = seen.last_passed_over.ok_or("nothing was passed over")?.reason;
    assert!(matches!(reason, PassedOverReason::OtherRevision { found: 0, expected: 1 }));
    report(&later);
    assert_eq!(balances(&bus, Timestamp::from_micros(i64::MAX))?, [500, 300]);
    Ok(())
}

#[test]
fn the_page_shows_what_compiles() {
    let page = include_str!("../../docs/snapshots-and-history.md");
    let program = include_str!("snapshots_and_history.rs");
    let blocks: Vec<_> = page.split("```rust\n").skip(1).collect();
    assert!(blocks.len() > 5, "{} blocks", blocks.len());
    for block in blocks {
        let (block, _) = block.split_once("```").expect("a block ends");
        assert!(program.contains(block), "not in the program:\n{block}");
    }
}
