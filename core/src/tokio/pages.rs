//! A subscription as a stream.
//!
//! Owns when the log is read: when somebody asks for a page, and not before.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::elsewhere;
use crate::store::{Page, ReadError, Subscription};

/// A [`Subscription`] as a [`Stream`] of pages: what it says of order, errors and its end holds here.
///
/// Nothing is read before a page is asked for, and never more than one: who reads slowly makes
/// nobody else wait. While there is nothing new it holds no thread. Dropping it ends it.
pub struct Pages(Stage);

type Turn = (Subscription, Result<Page, ReadError>);

enum Stage {
    Idle(Subscription),
    UnderWay(Pin<Box<dyn Future<Output = Turn> + Send>>),
    Ended,
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Stage::Idle(_) => "Pages(idle)",
            Stage::UnderWay(_) => "Pages(under way)",
            Stage::Ended => "Pages(ended)",
        })
    }
}

impl From<Subscription> for Pages {
    fn from(subscription: Subscription) -> Self {
        Self(Stage::Idle(subscription))
    }
}

impl Pages {
    /// The next page, `None` after an error. Waiting for it may be broken off: nothing is lost.
    pub async fn next(&mut self) -> Option<Result<Page, ReadError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for Pages {
    type Item = Result<Page, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut turn = match std::mem::replace(&mut self.0, Stage::Ended) {
            Stage::Idle(subscription) => Box::pin(next_page(subscription)),
            Stage::UnderWay(turn) => turn,
            Stage::Ended => return Poll::Ready(None),
        };
        let Poll::Ready((subscription, page)) = turn.as_mut().poll(cx) else {
            self.0 = Stage::UnderWay(turn);
            return Poll::Pending;
        };
        if page.is_ok() {
            self.0 = Stage::Idle(subscription);
        }
        Poll::Ready(Some(page))
    }
}

async fn next_page(mut subscription: Subscription) -> Turn {
    loop {
        let read = move || {
            let page = subscription.read();
            (subscription, page)
        };
        let page;
        (subscription, page) = elsewhere::run(read).await;
        let outcome = match page.transpose() {
            Some(page) => return (subscription, page),
            None => subscription.more().await,
        };
        if let Err(error) = outcome {
            return (subscription, Err(error));
        }
    }
}
