//! The jobs that event stores are compared by: what is written, what is read, what is timed, and what
//! must come out.
//!
//! A system is a program that implements [`System`] and hands it to [`run`]. Everything else is the
//! same for all: the events ([`Deposit`]), the plans of what goes where ([`plan`]), the clock, the
//! checks of each result, and the command line:
//!
//! ```text
//! PROGRAM JOB --folder DIR --events N --durability full|default
//! ```
//!
//! It prints one line of JSON: [`Outcome`].

mod command;
mod deposit;
mod jobs;
mod measure;
mod outcome;
pub mod plan;
mod system;
mod tasks;

pub use command::{Durability, Job, run};
pub use deposit::{Account, CATEGORY, Deposit, KIND, OwnedDeposit, id_text};
pub use outcome::Outcome;
pub use plan::{Planned, Share};
pub use system::{Failure, Grouping, Row, Rows, System, Unsupported};
pub use tasks::{in_tasks, in_threads, runtime};
