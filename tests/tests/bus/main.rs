//! The bus, on every store: what works in memory works on a disk.

#![allow(unreachable_pub, reason = "a derive wants what it is put on to be as visible as its enum")]

mod support;

mod alongside;
mod as_of;
mod at_work;
mod catch_up;
mod commit;
mod context;
mod decide;
mod decisions;
mod drift;
mod durable;
mod edges;
mod effects;
mod effects_parked;
mod effects_stuck;
mod given_back;
mod kept_rows;
mod load;
mod policies;
mod policy_conflicts;
mod projections;
mod rebuild;
mod recent;
mod shadows;
mod sight;
mod snapshot_faults;
mod snapshots;
mod status;
mod subscriptions;
mod tags;
mod threads;
mod timers;
mod unknown;
mod unreadable;
mod versions;
