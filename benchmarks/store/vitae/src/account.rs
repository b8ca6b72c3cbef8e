//! The lifecycle of an account.

use serde::{Deserialize, Serialize};
use store_jobs::Deposit;
use vitae::store::RegisteredSchema;
use vitae::{Context, Event, InvalidName, Lifecycle};

/// [`Deposit`], owned: the same bytes.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "account.deposited")]
pub struct Deposited {
    pub number: u64,
    pub cents: u32,
    pub region: u8,
    pub note: String,
}

impl Deposited {
    pub fn borrowed(&self) -> Deposit<'_> {
        let Self { number, cents, region, ref note } = *self;
        Deposit { number, cents, region, note }
    }
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "account.closed")]
pub struct Closed {}

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "account")]
pub enum Account {
    #[state(initial)]
    #[on(Deposited => Open)]
    New,

    #[on(Deposited => Open, Closed => Done)]
    Open(Open),

    #[state(terminal)]
    Done,
}

#[derive(Clone, Debug, Default)]
pub struct Open {
    so_far: store_jobs::Account,
}

impl Open {
    fn deposit(mut self, event: &Deposited) -> Self {
        self.so_far.deposit(&event.borrowed());
        self
    }
}

impl AccountTransitions for Account {
    fn new_on_deposited(_: New, event: &Deposited, _: &Context) -> Open {
        Open::default().deposit(event)
    }
    fn open_on_deposited(from: Open, event: &Deposited, _: &Context) -> Open {
        from.deposit(event)
    }
}

impl Account {
    pub fn so_far(&self) -> store_jobs::Account {
        match self {
            Self::Open(open) => open.so_far,
            Self::New | Self::Done => store_jobs::Account::default(),
        }
    }
}

/// What the log must know of the one event that is written here.
pub fn schemas() -> Result<Vec<RegisteredSchema>, InvalidName> {
    let mut events = Account::DEFINITION.events.iter();
    events.find(|event| event.kind == Deposited::KIND).map_or(Ok(Vec::new()), |it| (it.schemas)())
}
