//! The bus for tasks on tokio: what blocks is done on the runtime's threads for blocking work, and
//! what waits holds no thread.
//!
//! Owns where a call of the bus is run. Never does anything that [`Bus`] does not do.
//!
//! ```
//! use std::sync::Arc;
//! # use serde::{Deserialize, Serialize};
//! # use vitae::{Context, Event, Lifecycle};
//! use vitae::store::Query;
//! use vitae::tokio::AsyncBus;
//! use vitae::{Bus, MemoryStore};
//! # #[derive(Event, Serialize, Deserialize)]
//! # #[event(name = "order.paid")]
//! # pub struct Paid {}
//! # #[derive(Lifecycle, Debug)]
//! # #[lifecycle(name = "order")]
//! # pub enum Order {
//! #     #[state(initial)]
//! #     #[on(Paid => Done)]
//! #     Open,
//! #     #[state(terminal)]
//! #     Done,
//! # }
//! # impl OrderTransitions for Order {}
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let bus = AsyncBus::new(Bus::open(Arc::new(MemoryStore::new()))?);
//! let mut pages = bus.subscribe(Query::all(), None);
//!
//! let order = bus.load::<Order>("order-7").await?.at::<Open>()?;
//! bus.commit(order.record(Paid {})?).await?;
//!
//! let page = pages.next().await.transpose()?;
//! assert_eq!(page.map(|page| page.len()), Some(1));
//! # Ok(())
//! # }
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(example()).unwrap();
//! ```
//!
//! A future that is dropped cancels nothing that has begun: a commit that was handed to the store
//! becomes durable or not as if somebody had waited for it.

mod pages;

pub use pages::Pages;

use crate::aggregate::Aggregate;
use crate::bus::{Alongside, Bus, CommitError, CommitSet, LoadError, Submitted};
use crate::elsewhere;
use crate::lifecycle::Lifecycle;
use crate::name::InvalidName;
use crate::number::GlobalPosition;
use crate::store::{Query, Receipt};

/// A [`Bus`] for tasks: the same bus, and none of its calls blocks the executor. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct AsyncBus {
    bus: Bus,
}

impl AsyncBus {
    /// The bus, for tasks.
    #[must_use]
    pub const fn new(bus: Bus) -> Self {
        Self { bus }
    }

    /// The bus, for threads.
    #[must_use]
    pub const fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Does anything else with the bus that may block: views, receipts, reads of the log.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Bus) -> T + Send + 'static) -> T {
        let bus = self.bus.clone();
        elsewhere::run(move || work(&bus)).await
    }

    /// [`Bus::load`].
    ///
    /// # Errors
    /// As [`Bus::load`].
    pub async fn load<L: Lifecycle>(
        &self,
        id: impl Into<String>,
    ) -> Result<Aggregate<L>, LoadError> {
        let id = id.into();
        self.run(move |bus| bus.load(id)).await
    }

    /// [`Bus::load_existing`].
    ///
    /// # Errors
    /// As [`Bus::load_existing`].
    pub async fn load_existing<L: Lifecycle>(
        &self,
        id: impl Into<String>,
    ) -> Result<Aggregate<L>, LoadError> {
        let id = id.into();
        self.run(move |bus| bus.load_existing(id)).await
    }

    /// [`Bus::commit`]. While the store is at work no thread is held, so that the commits of many tasks
    /// can be under way at once.
    ///
    /// # Errors
    /// As [`Bus::commit`], with the aggregates as they were.
    pub async fn commit<A: CommitSet + Send + 'static>(
        &self,
        aggregates: A,
    ) -> Result<(A, Receipt), CommitError<A>> {
        self.commit_alongside(aggregates, Alongside::default()).await
    }

    /// [`Bus::commit_alongside`].
    ///
    /// # Errors
    /// As [`Bus::commit_alongside`], with the aggregates as they were.
    pub async fn commit_alongside<A: CommitSet + Send + 'static>(
        &self,
        aggregates: A,
        alongside: Alongside,
    ) -> Result<(A, Receipt), CommitError<A>> {
        let submitted =
            self.run(move |bus| Submitted::new(bus.clone(), aggregates, alongside)).await;
        submitted.await
    }

    /// [`Bus::subscribe`], as a stream of pages.
    #[must_use]
    pub fn subscribe(&self, query: Query, after: Option<GlobalPosition>) -> Pages {
        self.bus.subscribe(query, after).into()
    }

    /// [`Bus::subscribe_to`], as a stream of pages.
    ///
    /// # Errors
    /// As [`Bus::subscribe_to`].
    pub fn subscribe_to<L: Lifecycle>(
        &self,
        id: impl AsRef<str>,
        after: Option<GlobalPosition>,
    ) -> Result<Pages, InvalidName> {
        Ok(self.bus.subscribe_to::<L>(id, after)?.into())
    }
}
