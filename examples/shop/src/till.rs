//! What comes in from outside.

use vitae::{Bus, DecideError, HandlerError};

use crate::order::{Order, Paid};

/// Why a payment was not taken.
pub type Refused = DecideError<HandlerError>;

/// Takes a payment. The same request again, by its key, gets the same answer and pays nothing.
///
/// # Errors
/// If the order cannot be paid now, or the store did not take it.
pub fn take_payment(bus: &Bus, order: &str, cents: u64, key: &str) -> Result<String, Refused> {
    let decided = bus.decide::<Order>(order).key(key).retries(5).run(|order| {
        let paid = order.record(Paid { cents })?;
        let answer = format!("{} is paid", paid.stream().id());
        Ok::<_, HandlerError>((paid, answer))
    })?;
    Ok(decided.answer)
}
