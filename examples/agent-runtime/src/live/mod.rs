//! Supervision of real agent processes, over one log.
//!
//! The log is the interface: a hook that needs a decision is recorded, and answered once the log
//! has the decision, whoever made it. What stands beside the log is only how processes find each
//! other: a socket, a lock, and a folder for each turn, all of which may be lost.
//!
//! | room | what it owns |
//! |---|---|
//! | [`places`] | where the socket, the locks and the turns' folders are |
//! | [`protocol`] | what is said over the socket |
//! | [`hearing`] | a line from the socket, on the log once, however often it comes |
//! | [`server`] | connections and their bounds |
//! | [`client`] | whoever speaks to a supervisor, and what it does without one |
//! | [`hook_call`] | the hook command: a hook's JSON in, the agent's own answer format out |
//! | [`keeper`] | an agent process, kept beside the supervisor so that it can outlive it |
//! | [`output`] | what an agent says of its turn on its standard output |
//! | [`turn`] | a turn, from its prompt to what its keeper left |
//! | `cleaning` | when that goes |
//! | [`conduct`] | turn after turn, until the workflow is over |

mod cleaning;
pub mod client;
pub mod conduct;
mod followed;
pub mod hearing;
pub mod hook_call;
pub mod keeper;
mod lines;
pub mod output;
pub mod places;
pub mod protocol;
pub mod server;
pub mod turn;

/// The environment variable that tells an agent's children where the supervisor listens.
pub const SOCKET: &str = "AGENT_RUNTIME_SOCKET";

/// The environment variable with the path of this program, for `"$AGENT_RUNTIME" hook`.
pub const PROGRAM: &str = "AGENT_RUNTIME";

/// The environment variable with the session.
pub const SESSION: &str = "AGENT_RUNTIME_SESSION";

/// The environment variable with the token by which a person answers over HTTP. It is never the agent's, which
/// could answer its own requests.
pub const TOKEN: &str = "AGENT_RUNTIME_TOKEN";

/// The environment variable with the workflow run whose turn it is.
pub const WORKFLOW: &str = "AGENT_RUNTIME_WORKFLOW";

/// The environment variable with the turn, counted from 1.
pub const ITERATION: &str = "AGENT_RUNTIME_ITERATION";
