//! Projections into tables of their own in the SQLite store.

mod bound;
mod drift;
mod drift_meanwhile;
mod faults;
mod follow;
mod generations;
mod rights;
mod support;
mod transactions;
