//! Passes on what a log says of itself, for as long as a handle is there: the log outlives it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Wake, Waker};

use vitae::store::{Changes, Past, Publisher};

struct Relay {
    log: Changes,
    handle: Weak<Publisher>,
    next: Mutex<Option<Past>>,
}

/// A publisher for a handle, which is told of each commit before the commit is acknowledged.
pub(crate) fn follow(log: Changes) -> Arc<Publisher> {
    let publisher = Arc::new(Publisher::new(log.head()));
    let handle = Arc::downgrade(&publisher);
    Arc::new(Relay { log, handle, next: Mutex::default() }).wake();
    publisher
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(Arc::clone(&self));
        // Held throughout: of two that are told at once, the later one must not lose its place.
        let mut next = self.next.lock().unwrap();
        while let Some(handle) = self.handle.upgrade() {
            let head = self.log.head();
            handle.publish(head);
            let mut past = self.log.past(head);
            match Pin::new(&mut past).poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(_)) => return handle.close(),
                Poll::Pending => {
                    *next = Some(past);
                    return;
                }
            }
        }
    }
}
