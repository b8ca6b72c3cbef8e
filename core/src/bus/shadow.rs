//! Computing the rows of a projection anew, beside the live ones.
//!
//! Owns what a caller can do about it. The work itself is that of the projection's part.

use std::fmt;
use std::sync::Arc;

use super::catch_up::CatchUp;
use super::generations::{self, Generations};
use super::parts::{Part, Step};
use super::{Bus, RebuildError};
use crate::number::GlobalPosition;
use crate::store::ReadError;

/// How often what a caller wants is tried because others change the same view.
const TRIES: u32 = 64;

/// The shadow of a view: rows that a [projection](crate::Projection::catch_up) computes anew from the
/// first event, beside the live ones. When it has caught up it takes their place in one commit; who
/// reads the view sees the old rows before and the new ones after. The live rows go on meanwhile, and
/// nothing that happens to a shadow harms them.
///
/// A shadow is worked on by whoever runs the projection: [`Bus::start`](crate::Bus::start),
/// [`Bus::catch_up`](crate::Bus::catch_up), or [`finish`](Self::finish). It is kept in the store, so it
/// goes on after a restart. Only the rows of its own view are computed: policies and effects are not
/// asked again.
pub struct Shadow {
    bus: Bus,
    part: Arc<CatchUp>,
}

/// How far a shadow has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ShadowProgress {
    /// The version of the projection that its rows are of.
    pub version: u32,
    /// The last event that it holds for good, `None` before the first.
    pub position: Option<GlobalPosition>,
    /// The last event of the log.
    pub head: Option<GlobalPosition>,
    /// Whether it was told to pause.
    pub paused: bool,
}

impl fmt::Debug for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shadow").field("view", self.part.name()).finish_non_exhaustive()
    }
}

impl Bus {
    /// The shadow of a view whose projection follows the log, whether there is one now or not.
    ///
    /// # Errors
    /// [`RebuildError::NoSuchProjection`] if no projection of this bus that follows the log has this
    /// view. An inline one is computed anew by [`rebuild`](Self::rebuild).
    pub fn shadow(&self, view: impl AsRef<str>) -> Result<Shadow, RebuildError> {
        let view = view.as_ref();
        let mut parts = self.inner.catching_up.iter();
        match parts.find(|part| part.name().as_str() == view) {
            Some(part) => Ok(Shadow { bus: self.clone(), part: Arc::clone(part) }),
            None => Err(RebuildError::NoSuchProjection { view: view.to_owned() }),
        }
    }
}

impl Shadow {
    /// Begins it. Lets one that is there go on, paused or not.
    ///
    /// # Errors
    /// [`RebuildError::Part`]. A retry is safe.
    pub fn begin(&self) -> Result<(), RebuildError> {
        self.change(|generations| match generations.shadow {
            Some(_) => std::mem::take(&mut generations.paused),
            None => {
                generations.begin_shadow(generations.live.version);
                true
            }
        })
    }

    /// Lets it stand still until it is [begun](Self::begin) again; then it goes on where it stood.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn pause(&self) -> Result<(), RebuildError> {
        self.change(|generations| {
            let pauses = generations.shadow.is_some() && !generations.paused;
            generations.paused |= pauses;
            pauses
        })
    }

    /// Gives it up. Its rows are removed, by and by, by whoever runs the projection. One that is there
    /// because the projection has a new version is begun anew at once: pause it, or run the old version.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub fn cancel(&self) -> Result<(), RebuildError> {
        self.change(|generations| {
            let there = generations.shadow.is_some();
            generations.drop_shadow();
            there
        })
    }

    /// How far it has come, `None` if there is none.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn progress(&self) -> Result<Option<ShadowProgress>, ReadError> {
        self.part.shadow(&self.bus.inner)
    }

    /// Works on it, on the caller's thread, until it has taken the place of the live rows, or was paused
    /// or given up. Does nothing if there is none.
    ///
    /// # Errors
    /// [`RebuildError::Part`] with what is in its way. A retry is safe.
    pub fn finish(&self) -> Result<(), RebuildError> {
        while self.progress()?.is_some_and(|progress| !progress.paused) {
            if self.part.step(&self.bus.inner, &|| false)? != Step::Moved {
                break;
            }
        }
        Ok(())
    }

    /// Changes the generations, if there is anything to change.
    fn change(&self, change: impl Fn(&mut Generations) -> bool) -> Result<(), RebuildError> {
        let inner = &self.bus.inner;
        for _ in 0..TRIES {
            let Some((before, row)) = generations::stored(&*inner.store, self.part.view())? else {
                // There are no rows yet, so nothing has to be computed anew.
                return Ok(());
            };
            let mut after = before.clone();
            if !change(&mut after) {
                return Ok(());
            }
            let given_up = before.shadow.filter(|_| after.shadow.is_none());
            let retired = self.part.retirement_of(inner, given_up)?;
            if self.part.replace(inner, Some(row), &after, retired)? {
                inner.parts.ring();
                return Ok(());
            }
        }
        let view = self.part.name().clone();
        Err(RebuildError::Contended { view })
    }
}
