//! x
pub mod policies;
pub mod projections;
pub mod request;
pub mod run;
pub mod session;
pub mod workflow;
/// x
pub const UNKNOWN_AGENT: &str = "unknown";
