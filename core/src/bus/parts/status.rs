//! What a bus can say of its parts.

use std::fmt;
use std::sync::Arc;

use super::PartError;
use crate::bus::{Bus, ShadowProgress, sight};
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::ReadError;

/// What a part of a bus is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum PartKind {
    /// A [durable policy](crate::Policy::durable).
    Policy,
    /// A [catch-up projection](crate::Projection::catch_up).
    Projection,
    /// What lets the timers of the lifecycles that are registered fire, if there are any.
    Timers,
    /// An [effect](crate::Effect).
    Effect,
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "policy",
            Self::Projection => "projection",
            Self::Timers => "timers",
            Self::Effect => "effect",
        })
    }
}

/// Where a part of a bus stands.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartStatus {
    /// What it is.
    pub kind: PartKind,
    /// Its name.
    pub name: Name,
    /// Where its checkpoint stands: at the last event that it has dealt with for good, `None` before the
    /// first. Behind it may be up to 16,384 events that do not concern it.
    pub position: Option<GlobalPosition>,
    /// How many events of the log it has not looked at, as far as this bus knows; not all of them need
    /// concern it.
    pub lag: u64,
    /// How far the [shadow](crate::Shadow) of a projection has come, if there is one.
    pub shadow: Option<ShadowProgress>,
    /// How it is doing.
    pub state: PartState,
    /// The last error, from whenever it was; `None` if there was none since the bus was opened.
    pub last_error: Option<Arc<PartError>>,
}

/// How a part of a bus is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PartState {
    /// Its last step went well, or it has not had one.
    Well,
    /// It cannot go on, and tries again.
    Failing {
        /// How often in a row it has failed.
        failures: u32,
    },
}

impl Bus {
    /// Where every part that follows the log stands, in the order in which they were added. What
    /// happened to them is told of this bus only; positions are those in the store, whoever got
    /// there. Each time, the lags go to the gauge `vitae_part_lag_events`.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn status(&self) -> Result<Vec<PartStatus>, ReadError> {
        let head = self.inner.store.head()?.map_or(0, GlobalPosition::get);
        let mut all = Vec::new();
        for watched in &self.inner.parts.0 {
            let report = watched.report().clone();
            let position = watched.part.position(&self.inner)?;
            let (kind, name) = (watched.part.kind(), watched.part.name().clone());
            let seen = position.max(watched.part.seen(&self.inner));
            let lag = head.saturating_sub(seen.map_or(0, GlobalPosition::get));
            sight::lags(kind, &name, lag);
            all.push(PartStatus {
                kind,
                name,
                position,
                shadow: watched.part.shadow(&self.inner)?,
                lag,
                state: match report.failures {
                    0 => PartState::Well,
                    failures => PartState::Failing { failures },
                },
                last_error: report.last_error,
            });
        }
        Ok(all)
    }
}
