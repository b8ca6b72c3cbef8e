//! The kit is proven: for each of its tests there is a store that breaks just that rule, and is caught.

mod beside;
mod commits;
mod conditions;
mod disk;
mod erasures;
mod flaw;
mod handles;
mod matrix;
mod on_files;
mod reads;
mod relay;
mod snapshots;
mod waking;
