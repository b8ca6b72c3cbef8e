//! Projections that follow the log.
//!
//! Owns how events become rows in a commit with the checkpoint, and when the rows of a view are computed
//! anew, into a shadow beside the live ones that takes their place when it has caught up. Never touches
//! the live rows for the sake of a shadow. What is said of rows here goes for those in tables too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::generations::{self, Generation, Generations};
use super::known_rows::KnownRows;
use super::parts::{
    Contexts, Follower, Part, PartError, PartKind, Prepared, Step, Stop, Stopped, guarded, lock,
    until_stopped,
};
use super::projection::{Checked, Projection};
use super::tables::{Keeps, ProjectionInTables, TablesError};
use super::{Inner, OpenError, RebuildError, Rows, ShadowProgress, Start};
use crate::id::CommitId;
use crate::name::Name;
use crate::number::{GlobalPosition, RowVersion};
use crate::store::{
    AppendError, Checkpoint, CheckpointMove, Commit, EventRef, Query, ReadError, RowChange,
};

/// How many rows of a former generation are removed in one commit.
const REMOVED: usize = 1_024;

/// What stands in the checkpoint of a generation that gets no more rows: whoever would move it from
/// where it was before cannot any more.
const RETIRED: &[u8] = b"retired";

pub(super) struct CatchUp {
    name: Name,
    /// Under which its generations stand in the store.
    view: Name,
    pub(super) makes: Makes,
    version: u32,
    batch: usize,
    /// By the number of the generation.
    followers: Mutex<HashMap<u32, Arc<Following>>>,
    /// What was in the way of the live rows while a shadow went on.
    complaint: Mutex<Option<PartError>>,
}

/// What follows the log for one generation.
struct Following {
    follower: Follower,
    kept: Mutex<Kept>,
}

/// What is known of the rows after a commit.
#[derive(Default)]
struct Kept {
    rows: KnownRows,
    /// The checkpoint that the commit moved to: as long as it stands there, nobody else has changed a row.
    at: Option<Checkpoint>,
}

/// What a projection makes of events.
pub(super) enum Makes {
    /// Rows of its view.
    Rows(Checked),
    /// What a store keeps in tables.
    Tables(Box<dyn Keeps>),
}

impl CatchUp {
    pub(super) fn new(projection: Projection) -> Result<Self, OpenError> {
        let (version, batch) = (projection.version.unwrap_or_default().max(1), projection.batch);
        let projection = Checked::new(projection)?;
        let view = projection.view.clone();
        Self::over(view.clone(), view, Makes::Rows(projection), (version, batch))
    }

    pub(super) fn in_tables(projection: ProjectionInTables) -> Result<Self, OpenError> {
        let ProjectionInTables { name, version, batch, keeps, .. } = projection;
        // Not the name of any view: the library's begin like this.
        let view = Name::new(format!("vitae.tables/{name}"))?;
        Self::over(Name::new(name)?, view, Makes::Tables(keeps), (version, batch))
    }

    fn over(
        name: Name,
        view: Name,
        makes: Makes,
        (version, batch): (u32, usize),
    ) -> Result<Self, OpenError> {
        // The longest names that it can come to.
        generations::rows_of(&view, u32::MAX)?;
        generations::checkpoint_of(&view, u32::MAX)?;
        let (followers, complaint) = (Mutex::default(), Mutex::default());
        Ok(Self { name, view, makes, version, batch, followers, complaint })
    }

    /// Under which name its generations stand in the store.
    pub(super) const fn view(&self) -> &Name {
        &self.view
    }

    fn query(&self) -> Query {
        match &self.makes {
            Makes::Rows(projection) => projection.query(),
            Makes::Tables(tables) => tables.query(),
        }
    }

    /// The generation that is live; `None` if there is none yet. One that another version has made
    /// cannot be compared with what this one makes.
    pub(super) fn live(&self, inner: &Inner) -> Result<Option<u32>, RebuildError> {
        let live = match generations::stored(&*inner.store, self.view())? {
            Some((generations, _)) => generations.live,
            None if self.has_rows(inner)? => Generations::beside_rows(self.version).live,
            None => return Ok(None),
        };
        if live.version == self.version {
            return Ok(Some(live.number));
        }
        let (view, stored) = (self.name.clone(), live.version);
        Err(RebuildError::OtherVersion { view, stored, version: self.version })
    }

    /// Whether the view has rows before this was ever at work. Which events they hold nobody knows, so none
    /// may be added to them.
    fn has_rows(&self, inner: &Inner) -> Result<bool, ReadError> {
        match &self.makes {
            Makes::Rows(_) => Ok(!inner.store.rows(self.view(), &[], None, 1)?.is_empty()),
            Makes::Tables(_) => Ok(false),
        }
    }

    /// The generations as they are, after what is due of them: rows of this version must be there or
    /// under way.
    fn settle(&self, inner: &Inner) -> Result<Settled, PartError> {
        let stored = generations::stored(&*inner.store, self.view())?;
        let Some((generations, row)) = stored else {
            let first = match self.has_rows(inner)? {
                true => Generations::beside_rows(self.version),
                false => Generations::first(self.version),
            };
            return self.replace(inner, None, &first, None).map(|_| Settled::Changed);
        };
        let (live, shadow) = (generations.live.version, generations.shadow);
        let built = shadow.map_or(live, |shadow| shadow.version);
        // While newer rows are built, the live ones of this version go on.
        if live > self.version || (live < self.version && built > self.version) {
            let (view, newer) = (self.name.clone(), live.max(built));
            return Err(PartError::Superseded { view, version: self.version, newer });
        }
        if built < self.version {
            let mut anew = generations;
            let retired = self.retirement_of(inner, shadow)?;
            anew.begin_shadow(self.version);
            return self.replace(inner, Some(row), &anew, retired).map(|_| Settled::Changed);
        }
        Ok(Settled::As(generations, row))
    }

    /// Deals with the next events in one generation.
    fn follow(
        &self,
        inner: &Inner,
        generation: Generation,
        stop: Stop<'_>,
    ) -> Result<Step, PartError> {
        let rows = generations::rows_of(self.view(), generation.number)?;
        let following = self.follower(generation.number)?;
        let Following { follower, kept } = &*following;
        follower.step(inner, |from, events| match &self.makes {
            Makes::Rows(projection) => {
                Self::prepare(projection, inner, (&rows, kept), from, (events, stop))
            }
            Makes::Tables(tables) => tables.prepare(&self.name, generation.number, events),
        })
    }

    fn follower(&self, number: u32) -> Result<Arc<Following>, PartError> {
        let mut followers = lock(&self.followers);
        if let Some(follower) = followers.get(&number) {
            return Ok(Arc::clone(follower));
        }
        let checkpoint = generations::checkpoint_of(self.view(), number)?;
        let follower = Follower::new(checkpoint, self.query(), Start::Beginning, self.batch);
        let following = Arc::new(Following { follower, kept: Mutex::default() });
        followers.insert(number, Arc::clone(&following));
        Ok(following)
    }

    fn prepare<'p>(
        projection: &Checked,
        inner: &'p Inner,
        (view, kept): (&'p Name, &'p Mutex<Kept>),
        from: Option<&Checkpoint>,
        (events, stop): (&[EventRef<'_>], Stop<'_>),
    ) -> Result<Prepared<'p>, Stopped> {
        // Taken out until it is right again: what comes to nothing leaves nothing behind.
        let before = Some(std::mem::take(&mut *lock(kept)));
        let known = before.filter(|kept| kept.at.as_ref() == from).unwrap_or_default().rows;
        let mut rows = Rows::known(view, inner.store.as_ref(), known);
        let mut contexts = Contexts::default();
        let mut dealt = 0;
        for (at, event) in until_stopped(events, stop) {
            guarded(|| projection.apply_read(event, &mut contexts, &mut rows))
                .map_err(|source| Stopped { at, error: PartError::of_handler(event, source) })?;
            dealt = at + 1;
        }
        let mut commit = Commit::new(CommitId::generate());
        let (written, known) = rows.into_written();
        commit.rows = written;
        let prepared = Prepared::of(commit, |to| {
            let rows = known.committed(view, inner.store.as_ref());
            *lock(kept) = Kept { rows, at: Some(to.clone()) };
        });
        Ok(prepared.of_first(dealt))
    }

    /// Puts a shadow that has caught up in the place of the live rows: only if these stand still
    /// meanwhile, and not behind the shadow.
    fn switch(
        &self,
        inner: &Inner,
        before: &Generations,
        row: RowVersion,
    ) -> Result<(), PartError> {
        let Some(shadow) = before.shadow else { return Ok(()) };
        let built = &self.follower(shadow.number)?.follower;
        built.settle(inner)?;
        let retired = self.retirement_of(inner, Some(before.live))?;
        let live = retired.as_ref().and_then(|retired| retired.to.position);
        if built.position(inner)? < live {
            return Ok(());
        }
        let mut after = before.clone();
        after.switch();
        self.replace(inner, Some(row), &after, retired)?;
        Ok(())
    }

    /// The move of a generation's checkpoint after which nobody adds to its rows.
    pub(super) fn retirement_of(
        &self,
        inner: &Inner,
        generation: Option<Generation>,
    ) -> Result<Option<CheckpointMove>, PartError> {
        let Some(Generation { number, .. }) = generation else { return Ok(None) };
        let name = generations::checkpoint_of(self.view(), number)?;
        let from = inner.store.checkpoint(&name)?;
        let none = Checkpoint { position: None, checksum: None, cursor: Vec::new() };
        let to = Checkpoint { cursor: RETIRED.to_vec(), ..from.clone().unwrap_or(none) };
        Ok(Some(CheckpointMove { name, from, to }))
    }

    /// Puts other generations in the place of those that were read. False if somebody else was faster:
    /// then they have to be read again.
    pub(super) fn replace(
        &self,
        inner: &Inner,
        before: Option<RowVersion>,
        after: &Generations,
        retired: Option<CheckpointMove>,
    ) -> Result<bool, PartError> {
        let failed = |source| PartError::View { view: self.name.clone(), source };
        let mut commit = generations::replaced(self.view(), before, after).map_err(failed)?;
        commit.checkpoints.extend(retired);
        let taken = match &self.makes {
            Makes::Rows(_) => inner.store.commit(commit).map(drop).map_err(TablesError::from),
            Makes::Tables(tables) => {
                let ours = |generation: &Generation| generation.version == self.version;
                let live = Some(after.live).filter(ours).map(|live| live.number);
                let shadow = after.shadow.filter(ours).map(|shadow| shadow.number);
                tables.arrange(live, shadow, commit)
            }
        };
        match taken {
            Ok(()) => Ok(true),
            Err(error) if error.is_contention() => Ok(false),
            Err(error) => Err(error.on_part(&self.name)),
        }
    }

    /// Removes rows of a generation that is not wanted any more, and in the end the mention of it.
    fn remove(
        &self,
        inner: &Inner,
        (before, row): (&Generations, RowVersion),
        number: u32,
    ) -> Result<(), PartError> {
        let mut after = before.clone();
        after.retired.retain(|retired| *retired != number);
        if let Makes::Tables(tables) = &self.makes {
            let failed = |source| PartError::View { view: self.name.clone(), source };
            let commit = generations::replaced(self.view(), Some(row), &after).map_err(failed)?;
            return match tables.remove(number, commit) {
                // Somebody else removes them too.
                Err(error) if !error.is_contention() => Err(error.on_part(&self.name)),
                _ => Ok(()),
            };
        }
        let view = generations::rows_of(self.view(), number)?;
        let rows = inner.store.rows(&view, &[], None, REMOVED)?;
        if rows.is_empty() {
            self.replace(inner, Some(row), &after, None)?;
            return Ok(());
        }
        let mut commit = Commit::new(CommitId::generate());
        commit.rows.extend(rows.into_iter().map(|row| RowChange {
            view: view.clone(),
            key: row.key,
            expected: Some(row.version),
            value: None,
        }));
        match inner.store.commit(commit) {
            // Somebody else removes them too.
            Ok(_) | Err(AppendError::StaleRow { .. }) => Ok(()),
            Err(source) => Err(PartError::View { view, source }),
        }
    }
}

/// What became of the generations.
enum Settled {
    /// They are other ones now.
    Changed,
    /// Nothing was due: they are these, in this version of their row.
    As(Generations, RowVersion),
}

impl Part for CatchUp {
    fn kind(&self) -> PartKind {
        PartKind::Projection
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn step(&self, inner: &Inner, stop: Stop<'_>) -> Result<Step, PartError> {
        let Settled::As(generations, row) = self.settle(inner)? else {
            return Ok(Step::Moved);
        };
        let Generations { live, shadow, paused, .. } = &generations;
        // Of what is retired nothing is known any more.
        let wanted = [Some(*live), *shadow].map(|it| it.map(|generation| generation.number));
        lock(&self.followers).retain(|number, _| wanted.contains(&Some(*number)));
        let step = match live.version == self.version {
            true => self.follow(inner, *live, stop),
            false => Ok(Step::IDLE),
        };
        let ours = |shadow: &Generation| shadow.version == self.version && !paused;
        if let Some(shadow) = shadow.filter(ours) {
            // Live rows that cannot go on are what a shadow is to take the place of.
            let live_moved = matches!(step, Ok(Step::Moved));
            *lock(&self.complaint) = step.err();
            if self.follow(inner, shadow, stop)? == Step::IDLE && !live_moved {
                self.switch(inner, &generations, row)?;
            }
            return Ok(Step::Moved);
        }
        let step = step?;
        if let (Step::Idle { .. }, Some(retired)) = (step, generations.retired.first()) {
            self.remove(inner, (&generations, row), *retired)?;
            return Ok(Step::Moved);
        }
        Ok(step)
    }

    fn complaint(&self) -> Option<PartError> {
        lock(&self.complaint).take()
    }

    fn position(&self, inner: &Inner) -> Result<Option<GlobalPosition>, ReadError> {
        let live = generations::live(&*inner.store, self.view())?;
        match self.follower(live) {
            Ok(following) => following.follower.position(inner),
            Err(_) => Ok(None),
        }
    }

    fn seen(&self, inner: &Inner) -> Option<GlobalPosition> {
        let live = generations::live(&*inner.store, self.view()).ok()?;
        self.follower(live).ok()?.follower.seen()
    }

    fn shadow(&self, inner: &Inner) -> Result<Option<ShadowProgress>, ReadError> {
        let stored = generations::stored(&*inner.store, self.view())?;
        let Some((Generations { shadow: Some(shadow), paused, .. }, _)) = stored else {
            return Ok(None);
        };
        let position = match self.follower(shadow.number) {
            Ok(following) => following.follower.position(inner)?,
            Err(_) => None,
        };
        let head = inner.store.head()?;
        Ok(Some(ShadowProgress { version: shadow.version, position, head, paused }))
    }
}
