//! What leaves the house.

use std::error::Error;
use std::time::Duration;

use vitae::{BackOff, Effect, Start};

use crate::order::Paid;

/// Somebody who sends mails.
pub trait Mailer: Send + Sync + 'static {
    /// Sends one. Two with one key are one: whoever has sent the first leaves the second.
    ///
    /// # Errors
    /// Whatever can happen far away.
    fn send(&self, key: &str, text: &str) -> Result<(), Box<dyn Error + Send + Sync>>;
}

/// Who has paid is told so: at least once, and in the order of what happened to the order.
pub fn receipts(mailer: impl Mailer) -> Effect {
    Effect::new("receipts", Start::Now)
        .on(move |paid: &Paid, order, call| {
            let id = order.stream().id();
            mailer.send(call.key(), &format!("{} cents came in for order {id}", paid.cents))
        })
        .back_off(BackOff { first: Duration::from_secs(1), ..BackOff::default() })
        .attempts(5)
}
