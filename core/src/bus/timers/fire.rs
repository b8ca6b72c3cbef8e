//! The part of a bus that lets timers fire.
//!
//! Owns that each fires once: its row goes in the commit of its event, by compare-and-set. Never lets a
//! timer that cannot fire keep back those behind it.

use std::collections::HashMap;
use std::time::Duration;

use super::due::Standing;
use super::{DueTimers, PendingTimer, PendingTimers, VIEW};
use crate::aggregate::{Aggregate, FoldReason};
use crate::bus::commit::at_once;
use crate::bus::parts::{Part, PartError, PartKind, Step, Stop, guarded};
use crate::bus::sight::{self, Committing};
use crate::bus::turns::{MAX_TRIES, back_off};
use crate::bus::{Alongside, CommitReason, HandlerError, Inner, LoadError};
use crate::event::DecodeError;
use crate::id::CommitId;
use crate::lifecycle::Lifecycle;
use crate::name::Name;
use crate::number::{GlobalPosition, RowVersion};
use crate::store::{AppendError, Commit, ReadError, RowChange};

/// The most timers that one step deals with.
const AT_ONCE: usize = 64;

type Fire = fn(&Inner, &PendingTimer, RowVersion) -> Result<Outcome, PartError>;

/// What became of a timer that is due. An error of the store is none of the timer's.
enum Outcome {
    /// It has fired, here or elsewhere.
    Fired,
    /// The life does not wait for it any more.
    Ended,
    /// It cannot fire.
    Stuck(HandlerError),
}

/// The lifecycles whose timers fire on a bus, by their categories.
#[derive(Default)]
pub(in crate::bus) struct Lifecycles {
    by_category: HashMap<&'static str, Fire>,
}

impl Lifecycles {
    pub(in crate::bus) fn add<L: Lifecycle>(&mut self) {
        self.by_category.insert(L::DEFINITION.name, fire::<L>);
    }

    pub(super) fn categories(&self) -> impl Iterator<Item = &'static str> {
        self.by_category.keys().copied()
    }

    /// The part that lets them fire, if there are any. Whichever they are: a policy may set a timer in
    /// each, also one of another program on the log.
    pub(in crate::bus) fn into_part(self) -> Option<TimerPart> {
        let Self { by_category } = self;
        (!by_category.is_empty()).then_some(TimerPart { name: VIEW, by_category })
    }
}

pub(in crate::bus) struct TimerPart {
    name: Name,
    by_category: HashMap<&'static str, Fire>,
}

impl Part for TimerPart {
    fn kind(&self) -> PartKind {
        PartKind::Timers
    }

    fn name(&self) -> &Name {
        &self.name
    }

    fn step(&self, inner: &Inner, stop: Stop<'_>) -> Result<Step, PartError> {
        let now = inner.home.clock.now();
        let (mut fired, mut ended) = (0, Vec::new());
        let (mut stuck, mut until) = (None, None);
        let mut timers = PendingTimers::of(inner.store.as_ref());
        while let Some((timer, row)) = timers.next_row()? {
            if timer.due > now {
                until = Some(timer.due);
                break;
            }
            // Somebody else's stay for them.
            let category = timer.stream.category().as_str();
            let Some(fire) = self.by_category.get(category) else { continue };
            let _span = sight::firing(&self.name, &timer);
            let outcome = guarded(|| Ok(fire(inner, &timer, row)));
            match outcome.unwrap_or_else(|panic| Ok(Outcome::Stuck(panic)))? {
                Outcome::Fired => fired += 1,
                Outcome::Ended => ended.push(timer.change(Some(row))?),
                Outcome::Stuck(source) => {
                    let PendingTimer { stream, kind, .. } = timer;
                    stuck.get_or_insert(PartError::Timer { stream, kind, source });
                }
            }
            if fired + ended.len() == AT_ONCE || stop() {
                break;
            }
        }
        if fired + ended.len() > 0 {
            delete(inner, ended)?;
            return Ok(Step::Moved);
        }
        stuck.map_or(Ok(Step::Idle { until }), Err)
    }

    /// It follows no events: whatever is on the log, there is nothing left of it to look at.
    fn position(&self, inner: &Inner) -> Result<Option<GlobalPosition>, ReadError> {
        inner.store.head()
    }

    fn seen(&self, _: &Inner) -> Option<GlobalPosition> {
        None
    }

    fn timers(&self, inner: &Inner) -> Result<Option<DueTimers>, ReadError> {
        DueTimers::of(inner, |category| self.by_category.contains_key(category)).map(Some)
    }

    /// One that cannot fire must not keep back for long those that are due meanwhile.
    fn longest_pause(&self) -> Duration {
        Duration::from_secs(1)
    }
}

/// Deletes the rows of timers that have ended, all in one commit.
fn delete(inner: &Inner, rows: Vec<RowChange>) -> Result<(), PartError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut commit = Commit::new(CommitId::generate());
    commit.rows = rows;
    match inner.store.commit(commit) {
        // Somebody else has deleted one of them: the others are looked at again.
        Ok(_) | Err(AppendError::StaleRow { .. }) => Ok(()),
        Err(source) => Err(PartError::EndTimers(source)),
    }
}

/// Lets a timer of a lifecycle fire, if the life waits for it still.
fn fire<L: Lifecycle>(
    inner: &Inner,
    timer: &PendingTimer,
    row: RowVersion,
) -> Result<Outcome, PartError> {
    let mut tries = 1;
    loop {
        let life = match event_of::<L>(inner, timer) {
            Ok(Ok(life)) => life,
            Ok(Err(outcome)) => return Ok(outcome),
            Err(error) => return not_loaded(error),
        };
        let alongside = Alongside::new().row(timer.change(Some(row))?);
        let source = match commit(inner, life, &alongside) {
            Ok(()) => return Ok(Outcome::Fired),
            Err(CommitReason::Append(source)) => source,
            Err(CommitReason::Contended { tries, source }) => {
                return Err(PartError::Contended { tries, source });
            }
            Err(CommitReason::Read(error)) => return Err(error.into()),
            Err(CommitReason::Load(error)) => return not_loaded(error),
            Err(reason) => return Ok(Outcome::Stuck(reason.into())),
        };
        match source {
            // Its own row: somebody else has seen to it.
            AppendError::StaleRow { .. } => return Ok(Outcome::Fired),
            // The life has moved meanwhile, and may wait for it no more.
            AppendError::Conflict { .. } if tries < MAX_TRIES => back_off(tries),
            source @ AppendError::Conflict { .. } => {
                return Err(PartError::Contended { tries, source });
            }
            AppendError::Closed => return Err(ReadError::Closed.into()),
            AppendError::Invalid(invalid) => return Ok(Outcome::Stuck(invalid.into())),
            source => {
                let (stream, kind) = (timer.stream.clone(), timer.kind.clone());
                return Err(PartError::Timer { stream, kind, source: source.into() });
            }
        }
        tries += 1;
    }
}

/// A life could not be loaded. The store may answer the next time.
fn not_loaded(error: LoadError) -> Result<Outcome, PartError> {
    match error {
        LoadError::Read(error) => Err(error.into()),
        error => Ok(Outcome::Stuck(error.into())),
    }
}

/// The life with the timer's event recorded in it, or why there is none.
fn event_of<L: Lifecycle>(
    inner: &Inner,
    timer: &PendingTimer,
) -> Result<Result<Aggregate<L>, Outcome>, LoadError> {
    let life = match inner.load::<L>(timer.stream.id().as_str()) {
        Ok(life) => life,
        // Nothing can happen in this life any more.
        Err(LoadError::Fold(error)) if matches!(error.reason, FoldReason::Erased(_)) => {
            return Ok(Err(Outcome::Ended));
        }
        Err(error) => return Err(error),
    };
    let Some(event) = timer.event(life.state()) else { return Ok(Err(Outcome::Ended)) };
    let Some(standing) = inner.standing(&life, timer)? else { return Ok(Err(Outcome::Ended)) };
    Ok(recorded(life, timer, standing, event).map_err(Outcome::Stuck))
}

fn recorded<L: Lifecycle>(
    life: Aggregate<L>,
    timer: &PendingTimer,
    Standing { tags }: Standing,
    event: Result<L::Event, DecodeError>,
) -> Result<Aggregate<L>, HandlerError> {
    let life = life.caused_by(timer.set_by, timer.correlation).with_metadata(timer.made()?);
    life.tagged(tags).record(event?).map_err(|error| error.into_parts().1.into())
}

/// Commits what the timer has made happen, as everything else is: with policies and projections.
fn commit<L: Lifecycle>(
    inner: &Inner,
    mut life: Aggregate<L>,
    alongside: &Alongside,
) -> Result<(), CommitReason> {
    let sight = Committing::begin();
    let committed = sight.work(|| {
        let begun = inner.begin(&mut life, alongside, at_once, &sight)?;
        inner.conclude(&mut life, alongside, begun)
    });
    sight.conclude(&committed);
    committed.map(drop)
}
