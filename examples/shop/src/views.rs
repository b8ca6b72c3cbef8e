//! What is looked at: rows that follow from the events.

use serde::{Deserialize, Serialize};
use vitae::Projection;
use vitae_sqlite::TableProjection;
use vitae_sqlite::rusqlite::params;

use crate::order::{Closed, Lapsed, Paid, Placed};

/// A row of the view `open-orders`, by the order's id.
#[derive(Serialize, Deserialize, Debug, PartialEq)]
pub struct OpenOrder {
    /// Whose it is.
    pub customer: String,
    /// Whether the money is there.
    pub paid: bool,
}

/// The orders that are not closed yet, always as new as the orders themselves.
pub fn open_orders() -> Projection {
    Projection::new("open-orders")
        .on(|event: &Placed, order, rows| {
            let customer = event.customer.clone();
            rows.put(order.stream().id().as_str(), &OpenOrder { customer, paid: false })
        })
        .on(|_: &Paid, order, rows| {
            let id = order.stream().id().as_str();
            if let Some(row) = rows.get::<OpenOrder>(id)? {
                rows.put(id, &OpenOrder { paid: true, ..row })?;
            }
            Ok(())
        })
        .on(|_: &Closed, order, rows| rows.delete(order.stream().id().as_str()))
        .on(|_: &Lapsed, order, rows| rows.delete(order.stream().id().as_str()))
}

/// What was taken on each day since 1970, a moment behind the orders. Raise the version when the rows are
/// to be other ones.
pub fn takings() -> Projection {
    let takings = Projection::new("takings").on(|event: &Paid, order, rows| {
        let day = order.occurred_at().as_millis().div_euclid(86_400_000).to_string();
        let so_far: u64 = rows.get(&day)?.unwrap_or_default();
        rows.put(&day, &(so_far + event.cents))
    });
    takings.catch_up(1)
}

/// Every order in a table, for questions that nobody has thought of yet.
pub fn sales() -> TableProjection {
    TableProjection::new("sales", 1)
        .table(
            "orders",
            "CREATE TABLE {orders} (id TEXT PRIMARY KEY, customer TEXT NOT NULL, paid INTEGER) STRICT",
        )
        .index("by_customer", "CREATE INDEX {by_customer} ON {orders} (customer, paid)")
        .on(|event: &Placed, order, sql| {
            let id = order.stream().id().as_str();
            sql.execute("INSERT INTO {orders} VALUES (?1, ?2, NULL)", params![id, event.customer])
        })
        .on(|event: &Paid, order, sql| {
            let (id, cents) = (order.stream().id().as_str(), i64::try_from(event.cents)?);
            sql.execute("UPDATE {orders} SET paid = ?2 WHERE id = ?1", params![id, cents])
        })
}
