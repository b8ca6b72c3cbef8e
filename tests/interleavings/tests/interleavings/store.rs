//! `vitae::store` with the two of its files that threads share.

pub(crate) use real::store::{AppendError, Commit, Digest, ReadError, Receipt, RowChange};

#[path = "../../../../core/src/store/changes.rs"]
mod changes;
#[path = "../../../../core/src/store/ticket.rs"]
mod ticket;

pub(crate) use changes::{Changes, Past, Publisher};
pub(crate) use ticket::{Completer, Ticket};
