//! What can be committed in one piece: an aggregate, a tuple or a `Vec` of them.

use super::working::{Life, Working};
use super::{CommitReason, Inner, LoadError};
use crate::aggregate::{Aggregate, Attempt};
use crate::id::{CommitId, LogId};
use crate::lifecycle::{Lifecycle, Stage};

/// One aggregate, a tuple of up to eight, an `Option` or a `Vec` of them, or `()` for none.
///
/// Sealed: implemented here and nowhere else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be committed",
    label = "not an aggregate, nor several of them",
    note = "a commit takes aggregates by value, and gives them back: one, a tuple of up to eight, \
            an `Option` or a `Vec` of them"
)]
pub trait CommitSet: Sized + sealed::Members {}

impl<T: sealed::Members> CommitSet for T {}

pub(super) mod sealed {
    use super::{Attempt, CommitId, CommitReason, Inner, Life, LogId, Working};

    #[expect(private_interfaces, reason = "nobody outside can name the trait")]
    pub trait Members {
        /// The commit's id: that of the first aggregate.
        fn commit_id(&self) -> Option<CommitId>;
        /// What was tried before, if the outcome of that is unknown.
        fn attempt(&self) -> Option<Attempt>;
        /// Whether everything recorded here was in that try.
        fn was_in(&self, commit: CommitId) -> bool;
        /// Remembers that the outcome of a try is unknown. How many events of each aggregate it held,
        /// each fills in for itself.
        fn attempted(&mut self, attempt: Attempt);
        /// Whether every aggregate belongs to a log.
        fn belong_to(&self, log: LogId) -> bool;
        /// Copies for the commit to work on.
        fn fork(&self, inner: &Inner, into: &mut Vec<Box<dyn Life>>) -> Result<(), CommitReason>;
        /// Brings the aggregates to where the commit left them.
        fn settle(&mut self, working: &mut Working);
        /// The lives as the log has them, after a try that had succeeded.
        fn reload(&self, inner: &Inner, into: &mut Vec<Box<dyn Life>>) -> Result<(), CommitReason>;
    }
}

#[expect(private_interfaces, reason = "nobody outside can name the trait")]
impl<L: Lifecycle, S: Stage<L>> sealed::Members for Aggregate<L, S> {
    fn commit_id(&self) -> Option<CommitId> {
        Some(self.draft.commit)
    }

    fn attempt(&self) -> Option<Attempt> {
        self.draft.attempt
    }

    fn was_in(&self, commit: CommitId) -> bool {
        let events = match self.draft.attempt {
            Some(attempt) if attempt.commit == commit => attempt.events,
            _ => 0,
        };
        self.draft.pending.len() == events
    }

    fn attempted(&mut self, attempt: Attempt) {
        self.draft.attempt = Some(Attempt { events: self.draft.pending.len(), ..attempt });
    }

    fn belong_to(&self, log: LogId) -> bool {
        self.draft.home.log == log
    }

    fn fork(&self, inner: &Inner, into: &mut Vec<Box<dyn Life>>) -> Result<(), CommitReason> {
        inner.schemas.ensure::<L>(inner.store.as_ref()).map_err(LoadError::from)?;
        let draft = Box::new(self.draft.fork());
        into.push(Box::new(Aggregate::<L> { draft, state: S::duplicate(&self.state) }));
        Ok(())
    }

    fn settle(&mut self, working: &mut Working) {
        match working.take_out::<L>(&self.draft.stream) {
            Some(newest) => self.settle_as(newest),
            None => self.draft.committed(),
        }
    }

    fn reload(&self, inner: &Inner, into: &mut Vec<Box<dyn Life>>) -> Result<(), CommitReason> {
        let newest = inner.load::<L>(self.draft.stream.id().as_str())?;
        into.push(Box::new(newest));
        Ok(())
    }
}

impl<L: Lifecycle, S: Stage<L>> Aggregate<L, S> {
    /// Takes over the newest state and version, unless the state is another than the one that the
    /// compiler was promised: then this stays where its own events led.
    fn settle_as(&mut self, newest: Aggregate<L>) {
        let version = newest.draft.version_after();
        if let Ok(state) = S::hold(newest.state) {
            self.state = state;
            self.draft.committed();
            self.draft.base = version;
            return;
        }
        let own = newest.draft.after(self.draft.pending.len());
        if let Some(state) = own.and_then(|own| S::hold(own).ok()) {
            self.state = state;
        }
        self.draft.committed();
    }
}

macro_rules! members {
    ($(($($member:ident $index:tt)*))*) => {
        $(
            #[expect(private_interfaces, reason = "nobody outside can name the trait")]
            #[allow(unused_variables, unused_mut, reason = "the empty tuple uses nothing")]
            impl<$($member: sealed::Members),*> sealed::Members for ($($member,)*) {
                fn commit_id(&self) -> Option<CommitId> {
                    None$(.or_else(|| self.$index.commit_id()))*
                }

                fn attempt(&self) -> Option<Attempt> {
                    None$(.or_else(|| self.$index.attempt()))*
                }

                fn was_in(&self, commit: CommitId) -> bool {
                    true $(&& self.$index.was_in(commit))*
                }

                fn attempted(&mut self, attempt: Attempt) {
                    $(self.$index.attempted(attempt);)*
                }

                fn belong_to(&self, log: LogId) -> bool {
                    true $(&& self.$index.belong_to(log))*
                }

                fn fork(
                    &self,
                    inner: &Inner,
                    into: &mut Vec<Box<dyn Life>>,
                ) -> Result<(), CommitReason> {
                    $(self.$index.fork(inner, into)?;)*
                    Ok(())
                }

                fn settle(&mut self, working: &mut Working) {
                    $(self.$index.settle(working);)*
                }

                fn reload(
                    &self,
                    inner: &Inner,
                    into: &mut Vec<Box<dyn Life>>,
                ) -> Result<(), CommitReason> {
                    $(self.$index.reload(inner, into)?;)*
                    Ok(())
                }
            }
        )*
    };
}

members! {
    ()
    (A 0)
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
    (A 0 B 1 C 2 D 3 E 4)
    (A 0 B 1 C 2 D 3 E 4 F 5)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7)
}

macro_rules! collections {
    ($($collection:ident)*) => {
        $(
            #[expect(private_interfaces, reason = "nobody outside can name the trait")]
            impl<M: sealed::Members> sealed::Members for $collection<M> {
                fn commit_id(&self) -> Option<CommitId> {
                    self.iter().find_map(M::commit_id)
                }

                fn attempt(&self) -> Option<Attempt> {
                    self.iter().find_map(M::attempt)
                }

                fn was_in(&self, commit: CommitId) -> bool {
                    self.iter().all(|member| member.was_in(commit))
                }

                fn attempted(&mut self, attempt: Attempt) {
                    self.iter_mut().for_each(|member| member.attempted(attempt));
                }

                fn belong_to(&self, log: LogId) -> bool {
                    self.iter().all(|member| member.belong_to(log))
                }

                fn fork(
                    &self,
                    inner: &Inner,
                    into: &mut Vec<Box<dyn Life>>,
                ) -> Result<(), CommitReason> {
                    self.iter().try_for_each(|member| member.fork(inner, into))
                }

                fn settle(&mut self, working: &mut Working) {
                    self.iter_mut().for_each(|member| member.settle(working));
                }

                fn reload(
                    &self,
                    inner: &Inner,
                    into: &mut Vec<Box<dyn Life>>,
                ) -> Result<(), CommitReason> {
                    self.iter().try_for_each(|member| member.reload(inner, into))
                }
            }
        )*
    };
}

collections! { Option Vec }
