//! An agent supervisor over one log: the reference application of vitae.
//!
//! A program that supervises a coding agent used to keep two stores: an event log, and beside it a
//! table of workflow states that was written by hand and read back by hand. Here there is the log.
//! Lifecycles that know nothing of each other live on it, policies move them together, and what used
//! to be the second store is a projection.
//!
//! | room | what it owns |
//! |---|---|
//! | [`workflow`] | the loop: turns, budget, tracker, how it ends |
//! | [`run`] | what an agent does between one prompt and the next |
//! | [`request`] | what an agent may not do before somebody has decided |
//! | [`permissions`] | what the agent of a workflow may do without a person being asked |
//! | [`relay`] | what a person is asked, on every channel at once |
//! | [`session`] | who is on the line, and for whom |
//! | [`retry`] | how often a turn is run again, and when |
//! | [`steering`] | what somebody wants the agent to be told |
//! | [`branches`] | runs that fork and join, and their tree |
//! | [`policies`] | how these move together |
//! | [`projections`] | what a person sees: workflows, runs, feed |
//! | [`supervisor`] | what is heard, turned into events |
//! | [`hook`] | the words of the agent's hooks |
//! | [`json`] | one mistake in what agents write |
//! | [`prompt`] | what an agent is told when its turn begins |
//! | [`recording`], [`replay`] | sessions from a file, with a checkpoint |
//! | [`import`] | sessions of the program before, from its files |
//! | [`workflow_file`] | what a person writes to start a workflow |
//! | [`live`] | real agent processes: their socket, their hooks, their turns |
//! | [`context`] | one permission request and everything around it, in one read |
//! | [`diagram`] | a lifecycle as text |
//! | [`overview`] | how everything stood, at any position of the log |
//! | [`answering`] | what a person answers who looks on |
//! | [`signals`] | what tells a process to end |
//! | [`watch`], [`serve`] | everything live: on a terminal, and on a page with its past |

pub mod answering;
pub mod branches;
pub mod context;
pub mod diagram;
pub mod hook;
pub mod import;
pub mod json;
pub mod live;
pub mod overview;
pub mod permissions;
pub mod policies;
pub mod projections;
pub mod prompt;
pub mod recording;
pub mod relay;
pub mod replay;
pub mod request;
pub mod retry;
pub mod run;
pub mod serve;
pub mod session;
pub mod signals;
pub mod steering;
pub mod supervisor;
pub mod watch;
pub mod workflow;
pub mod workflow_file;

use std::sync::Arc;

use vitae::store::{EventStore, Limits};
use vitae::{Bus, BusBuilder, Clock, OpenError};
use vitae_sqlite::{Options, SqliteStore};

/// What stands in place of the agent session while none has started.
pub const UNKNOWN_AGENT: &str = "unknown";

/// What a store takes of the application. An agent writes whole files and reads pictures: whatever comes as
/// a line over the socket has room in an event, or what it asks for would go by unasked.
#[must_use]
pub fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_payload_bytes = 2 * live::protocol::LONGEST_LINE;
    limits
}

/// How a store is opened that is written to.
#[must_use]
pub fn store_options() -> Options {
    SqliteStore::options().limits(limits())
}

/// The bus of the application: every lifecycle, policy and projection, over a store.
///
/// # Errors
/// [`OpenError`] if an event has another shape in the log, or the store cannot be read.
pub fn bus(store: Arc<dyn EventStore>) -> Result<Bus, OpenError> {
    builder(store).open()
}

/// The same with another clock, such as one that a test holds in its hand.
///
/// # Errors
/// As [`bus`].
pub fn bus_with(store: Arc<dyn EventStore>, clock: Arc<dyn Clock>) -> Result<Bus, OpenError> {
    builder(store).clock(clock).open()
}

/// The same, still to be opened.
fn builder(store: Arc<dyn EventStore>) -> BusBuilder {
    let mut builder = Bus::builder(store)
        .register::<workflow::Workflow>()
        .register::<run::Run>()
        .register::<request::Request>()
        .register::<session::Session>()
        .register::<permissions::Permissions>()
        .register::<relay::Relay>()
        .register::<relay::Channels>()
        .register::<retry::Retry>()
        .register::<steering::Steering>();
    for policy in policies::all() {
        builder = builder.policy(policy);
    }
    for projection in projections::all() {
        builder = builder.projection(projection);
    }
    builder
}
