//! What ties orders and parcels together: neither of the two does.

use vitae::{Policy, Start};

use crate::order::{Closed, Order, Paid};
use crate::parcel::{HandedOver, Parcel, Requested};

/// An order that is paid has a parcel, in the same commit: nobody ever sees the one without the other.
pub fn paid_orders_are_packed() -> Policy {
    Policy::new("paid-orders-are-packed").on(|_: &Paid, order, then| {
        then.record::<Parcel>(order.stream().id(), Requested {})?;
        Ok(())
    })
}

/// An order is closed once its parcel is on its way, soon after and exactly once.
pub fn sent_parcels_close_their_orders() -> Policy {
    let policy = Policy::new("sent-parcels-close-their-orders");
    let policy = policy.on(|_: &HandedOver, parcel, then| {
        let id = parcel.stream().id();
        // Somebody may have closed it by hand: then there is nothing to do.
        if matches!(then.state::<Order>(id)?, Order::Settled(_)) {
            then.record::<Order>(id, Closed {})?;
        }
        Ok(())
    });
    policy.durable(Start::Beginning)
}
