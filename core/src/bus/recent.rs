//! The lives that were used last, so that loading one reads only what is new.
//!
//! Never the truth: a remembered state is that of a version, and the log is asked for what follows.

use std::any::Any;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use crate::lifecycle::Lifecycle;
use crate::name::StreamId;
use crate::number::StreamVersion;

type Remembered = (StreamVersion, Arc<dyn Any + Send + Sync>);

pub(super) struct Recent(Option<Mutex<LruCache<StreamId, Remembered>>>);

impl Recent {
    pub(super) fn new(lives: usize) -> Self {
        Self(NonZeroUsize::new(lives).map(|lives| Mutex::new(LruCache::new(lives))))
    }

    pub(super) fn get<L: Lifecycle>(&self, stream: &StreamId) -> Option<(StreamVersion, L)> {
        // States are copied and dropped outside the lock: that is their code.
        let (version, state) = self.lock()?.get(stream)?.clone();
        Some((version, state.downcast_ref::<L>()?.duplicate()))
    }

    pub(super) fn put<L: Lifecycle>(&self, stream: &StreamId, version: StreamVersion, state: &L) {
        if self.0.is_none() {
            return;
        }
        let remembered: Remembered = (version, Arc::new(state.duplicate()));
        let Some(mut cache) = self.lock() else { return };
        // Of two threads that bring a life up to date, the one that read less may be the later.
        let newer = cache.peek(stream).is_none_or(|(known, _)| *known < version);
        let forgotten = newer.then(|| cache.push(stream.clone(), remembered));
        drop(cache);
        drop(forgotten);
    }

    pub(super) fn forget_all(&self) {
        let forgotten = self.lock().map(|mut cache| {
            let room = cache.cap();
            std::mem::replace(&mut *cache, LruCache::new(room))
        });
        drop(forgotten);
    }

    fn lock(&self) -> Option<MutexGuard<'_, LruCache<StreamId, Remembered>>> {
        self.0.as_ref().map(|cache| cache.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
