//! A store under test.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use vitae::MemoryStore;
use vitae::store::EventStore;

type Open = Box<dyn Fn() -> Arc<dyn EventStore>>;

/// An empty store under test, and how to open it again.
pub struct Subject {
    store: Arc<dyn EventStore>,
    open: Option<Open>,
    _guard: Box<dyn Any>,
}

impl Subject {
    /// A store that ends with its handle.
    #[must_use]
    pub fn volatile(store: Arc<dyn EventStore>) -> Self {
        Self { store, open: None, _guard: Box::new(()) }
    }

    /// A store that outlives its handle; `guard` keeps what it lives in.
    #[must_use]
    pub fn persistent(guard: impl Any, open: impl Fn() -> Arc<dyn EventStore> + 'static) -> Self {
        Self { store: open(), open: Some(Box::new(open)), _guard: Box::new(guard) }
    }

    /// Closes the store and opens it again, if it outlives its handle.
    pub fn reopen(&mut self) {
        if let Some(open) = &self.open {
            // The old handle is closed before the new one is opened.
            self.store = Arc::new(MemoryStore::new());
            self.store = open();
        }
    }

    /// Closes the store for good.
    pub fn close(&mut self) {
        self.open = None;
        self.store = Arc::new(MemoryStore::new());
    }

    /// The store, to share with threads.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn EventStore> {
        Arc::clone(&self.store)
    }
}

impl Deref for Subject {
    type Target = dyn EventStore;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}
