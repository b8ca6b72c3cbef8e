//! An agent supervisor over one log: the reference application of vitae.
//!
//! A program that supervises a coding agent used to keep two stores: an event log, and beside it a
//! table of workflow states that was written by hand and read back by hand. Here there is the log.
//! Four lifecycles that know nothing of each other live on it, policies move them together, and
//! what used to be the second store is a projection.
//!
//! | room | what it owns |
//! |---|---|
//! | [`workflow`] | the loop: turns, budget, tracker, how it ends |
//! | [`run`] | what an agent does between one prompt and the next |
//! | [`request`] | what an agent may not do before somebody has decided |
//! | [`session`] | who is on the line, and for whom |
//! | [`policies`] | how these move together |
//! | [`projections`] | what a person sees: workflows, runs, feed |
//! | [`supervisor`] | what is heard, turned into events |
//! | [`hook`] | the words of the agent's hooks |
//! | [`recording`], [`replay`] | sessions from a file, with a checkpoint |
//! | [`workflow_file`] | what a person writes to start a workflow |
//! | [`live`] | real agent processes: their socket, their hooks, their turns |
//! | [`context`] | one permission request and everything around it, in one read |
//! | [`diagram`] | a lifecycle as text |

pub mod context;
pub mod diagram;
pub mod hook;
pub mod live;
pub mod policies;
pub mod projections;
pub mod recording;
pub mod replay;
pub mod request;
pub mod run;
pub mod session;
pub mod supervisor;
pub mod workflow;
pub mod workflow_file;

use std::sync::Arc;

use vitae::store::EventStore;
use vitae::{Bus, OpenError};

/// What stands in place of the agent session while none has started.
pub const UNKNOWN_AGENT: &str = "unknown";

/// The bus of the application: every lifecycle, policy and projection, over a store.
///
/// # Errors
/// [`OpenError`] if an event has another shape in the log, or the store cannot be read.
pub fn bus(store: Arc<dyn EventStore>) -> Result<Bus, OpenError> {
    let mut builder = Bus::builder(store)
        .register::<workflow::Workflow>()
        .register::<run::Run>()
        .register::<request::Request>()
        .register::<session::Session>();
    for policy in policies::all() {
        builder = builder.policy(policy);
    }
    for projection in projections::all() {
        builder = builder.projection(projection);
    }
    builder.open()
}
