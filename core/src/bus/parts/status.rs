//! What a bus can say of its parts.

use std::fmt;
use std::sync::Arc;

use super::{PartError, Report, Watched};
use crate::bus::consumers::{self, PartitionStatus};
use crate::bus::{Bus, DueTimers, Inner, ShadowProgress, sight};
use crate::name::Name;
use crate::number::GlobalPosition;
use crate::store::ReadError;

/// As far as is counted what is parked, and what is due: more is not told apart.
pub(in crate::bus) const COUNTED: usize = 1_000;

/// What a part of a bus is, or what else follows the log.
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
    /// A group of [consumers](crate::Bus::consumers), whoever has started it.
    Consumers,
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Policy => "policy",
            Self::Projection => "projection",
            Self::Timers => "timers",
            Self::Effect => "effect",
            Self::Consumers => "consumers",
        })
    }
}

/// Where a part of a bus stands, or a group of consumers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartStatus {
    /// What it is.
    pub kind: PartKind,
    /// Its name.
    pub name: Name,
    /// Where its checkpoint stands: at the last event that it has dealt with for good, `None` before the
    /// first. Behind it may be up to 16,384 events that do not concern it. That of a group is the one of
    /// its partition that is the furthest behind.
    pub position: Option<GlobalPosition>,
    /// How many events of the log it has not looked at, as far as this bus knows; not all of them need
    /// concern it.
    pub lag: u64,
    /// How far the [shadow](crate::Shadow) of a projection has come, if there is one.
    pub shadow: Option<ShadowProgress>,
    /// How many events of an effect are [parked](crate::Bus::parked), one for a stream at the most, counted
    /// up to 1,000; `None` of all else.
    pub parked: Option<usize>,
    /// The timers that are to fire here; `None` of all else.
    pub timers: Option<DueTimers>,
    /// Where each partition of a group of consumers stands, in their order; nothing of all else.
    pub partitions: Vec<PartitionStatus>,
    /// How it is doing. Of a group nobody here knows more than that it can be read: it is doing well
    /// then.
    pub state: PartState,
    /// The last error, from whenever it was; `None` if there was none since the bus was opened. That of an
    /// effect may be a try that failed: it goes on with other events meanwhile, and is doing well.
    pub last_error: Option<Arc<PartError>>,
}

/// How a part of a bus is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PartState {
    /// Its last step went well, or it has not had one.
    Well,
    /// It cannot go on, and tries again; or it cannot be read where it stands.
    Failing {
        /// How often in a row it has failed, 1 at the least.
        failures: u32,
    },
}

impl Watched {
    /// What cannot be read of a part is its own error, and keeps nothing of the others back.
    fn status(&self, inner: &Inner, head: Option<GlobalPosition>) -> PartStatus {
        let Report { mut failures, mut last_error } = self.report().clone();
        let mut unread = |error| {
            failures = failures.max(1);
            last_error = Some(Arc::new(PartError::Read(error)));
        };
        let position = self.part.position(inner).map_err(&mut unread).ok().flatten();
        let seen = position.max(self.part.seen(inner));
        let number = |position: Option<GlobalPosition>| position.map_or(0, GlobalPosition::get);
        PartStatus {
            kind: self.part.kind(),
            name: self.part.name().clone(),
            position,
            lag: number(head).saturating_sub(number(seen)),
            shadow: self.part.shadow(inner).map_err(&mut unread).ok().flatten(),
            parked: self.part.parked(inner).map_err(&mut unread).ok().flatten(),
            timers: self.part.timers(inner).map_err(&mut unread).ok().flatten(),
            partitions: Vec::new(),
            state: match failures {
                0 => PartState::Well,
                failures => PartState::Failing { failures },
            },
            last_error,
        }
    }
}

impl Bus {
    /// Where everything stands that follows the log: the parts of this bus, in the order in which they
    /// were added, and then the groups of consumers that were ever started on the log, in bytewise order
    /// of their names. What happened to parts is told of this bus only; positions are those in the store,
    /// whoever got there. Each time, the lags go to the gauge `vitae_part_lag_events`.
    ///
    /// Reads no events: for each part, and each partition of a group, its checkpoint and a few rows, and up
    /// to 1,000 rows where something is counted.
    ///
    /// What cannot be read of one of them, because a row of it is damaged or its checkpoint is that of
    /// another log, is its last error, and it is [failing](PartState::Failing). The others are told as they
    /// are.
    ///
    /// # Errors
    /// If it cannot be read how far the log goes, or which groups there are.
    pub fn status(&self) -> Result<Vec<PartStatus>, ReadError> {
        let inner = &*self.inner;
        let head = inner.store.head()?;
        let parts = inner.parts.all.iter().map(|watched| watched.status(inner, head));
        let mut all: Vec<_> = parts.collect();
        all.extend(consumers::statuses(inner.store.as_ref(), inner.home.clock.now())?);
        all.iter().for_each(|part| sight::lags(part.kind, &part.name, part.lag));
        Ok(all)
    }
}
