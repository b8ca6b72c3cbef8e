//! The lifecycle model: what `#[derive(Lifecycle)]` turns an enum into.
//!
//! Owns the traits between a declaration and everything that runs it, and the constant table that
//! describes a lifecycle at run time. Never sees a store or a bus.

mod context;
mod definition;
mod diagram;
mod edges;
mod refusal;
mod timer;

pub use context::Context;
pub use definition::{Definition, EdgeDefinition, EventDefinition, StateDefinition};
pub use edges::EdgeCounts;
pub use refusal::{Illegal, Refusal, Rejection};
pub use timer::{Timer, TimerEvent};
pub use vitae_diagram::{Diagram, Mismatch};

use crate::aggregate::Aggregate;
use crate::event::{AnyEvent, DecodeError, EncodeError, Event};
use crate::name::InvalidName;
use crate::store::NameList;

/// A lifecycle: states, the events that are legal in each, and where they lead.
///
/// Derived from an enum with one variant per state; see the [crate's documentation](crate).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lifecycle",
    label = "not a lifecycle",
    note = "a lifecycle is an enum with `#[derive(vitae::Lifecycle)]`",
    note = "where a state is meant, take its lifecycle, and then `at::<State>()`"
)]
pub trait Lifecycle: Send + Sync + Sized + 'static {
    /// Every event of the lifecycle, as one enum.
    type Event: LifecycleEvent;

    /// What a guard says no with.
    type Refusal: std::error::Error + Send + Sync + 'static;

    /// An aggregate whose state is known to the compiler: one variant per state.
    type Typed;

    /// The lifecycle as a table.
    const DEFINITION: &'static Definition;

    /// The state before the first event.
    fn initial() -> Self;

    /// Another one in the same state: a commit works on copies.
    fn duplicate(&self) -> Self;

    /// Which state this is.
    fn state(&self) -> &'static StateDefinition;

    /// Whether an event may be recorded now: it is legal in this state and its guard agrees.
    ///
    /// # Errors
    /// [`Rejection::Illegal`] or [`Rejection::Refused`].
    fn check(&self, event: &Self::Event, context: &Context)
    -> Result<(), Rejection<Self::Refusal>>;

    /// Moves along the edge of an event, without asking its guard: what happened, happened.
    ///
    /// # Errors
    /// The state itself, unmoved, if the event is not legal in it.
    fn apply(self, event: &Self::Event, context: &Context) -> Result<Self, Self>;

    /// Sorts an aggregate by its state.
    fn typed(aggregate: Aggregate<Self>) -> Self::Typed;

    /// The timers of this state, in the order of the declaration: what happens of itself, and how
    /// long after the state was entered.
    #[must_use]
    fn timers(&self) -> Vec<Timer<Self::Event>> {
        Vec::new()
    }

    /// The lifecycle as a diagram, for Mermaid, DOT and SVG. Its edges carry the stored names of
    /// their events, their guards and the durations of their timers, and stand in the order of
    /// [`Definition::edges`].
    ///
    /// [`Diagram::with_counts`] takes the [`EdgeCounts`] of a log, as a slice;
    /// [`Diagram::with_current`] takes the name of a life's [`state`](Self::state).
    #[must_use]
    fn diagram() -> Diagram {
        diagram::diagram(Self::DEFINITION)
    }
}

/// The events of one lifecycle, as one enum.
pub trait LifecycleEvent: Sized + Send + Sync + 'static {
    /// Which event this is.
    fn definition(&self) -> &'static EventDefinition;

    /// Reads an event of the lifecycle.
    ///
    /// # Errors
    /// [`DecodeError`] if the lifecycle has no such event, or the bytes are not one.
    fn decode(kind: &str, version: u32, payload: &[u8]) -> Result<Self, DecodeError>;

    /// The event itself, whichever it is.
    fn any(&self) -> &dyn AnyEvent;

    /// Writes the payload in its newest version.
    ///
    /// # Errors
    /// [`EncodeError`] if serde refuses the value.
    fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        self.any().encode()
    }

    /// The event's tags.
    ///
    /// # Errors
    /// [`InvalidName`] if a tagged field's value cannot be part of a tag.
    fn tags(&self) -> Result<NameList, InvalidName> {
        self.any().tags()
    }
}

/// A state of a lifecycle, as the type that holds its data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state of a lifecycle",
    note = "a state is the struct inside a variant of an enum with `#[derive(vitae::Lifecycle)]`, \
            or the unit struct that the derive makes for a variant without data"
)]
pub trait State: Stage<Self::Lifecycle, Held = Self> {
    /// The lifecycle that has this state.
    type Lifecycle: Lifecycle;

    /// The state's row in the table.
    const DEFINITION: &'static StateDefinition;
}

/// What is known of a life's state: which [`State`] of the lifecycle `L` it is, or [`AnyState`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state of `{L}`",
    label = "not a state of `{L}`",
    note = "a state is the struct inside a variant of the lifecycle's enum, \
            or the unit struct that the derive makes for a variant without data"
)]
pub trait Stage<L: Lifecycle> {
    /// What is held of the lifecycle: the state's data, or all of it.
    type Held;

    /// The state's name.
    const NAME: &'static str;

    /// Takes out of the lifecycle what is held.
    ///
    /// # Errors
    /// The lifecycle itself, unmoved, if it is in another state.
    fn hold(lifecycle: L) -> Result<Self::Held, L>;

    /// Puts it back.
    fn release(held: Self::Held) -> L;

    /// The lifecycle with a copy of what is held.
    fn duplicate(held: &Self::Held) -> L;
}

/// In place of a state: which one it is, is known at run time only.
#[derive(Clone, Copy, Debug)]
pub enum AnyState {}

impl<L: Lifecycle> Stage<L> for AnyState {
    type Held = L;

    const NAME: &'static str = "any";

    fn hold(lifecycle: L) -> Result<L, L> {
        Ok(lifecycle)
    }

    fn release(held: L) -> L {
        held
    }

    fn duplicate(held: &L) -> L {
        held.duplicate()
    }
}

/// An edge: this event, recorded in state `S`, leads to state [`To`](Transition::To).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot happen in state `{S}`",
    label = "not legal in state `{S}`",
    note = "what is legal in a state stands in the documentation of the state's type"
)]
pub trait Transition<S: State>: Event + Into<<S::Lifecycle as Lifecycle>::Event> + Sized {
    /// The state that the edge leads to.
    type To: State<Lifecycle = S::Lifecycle>;

    /// Asks the edge's guard. One without a guard always agrees.
    ///
    /// # Errors
    /// The guard's refusal.
    fn guard(
        &self,
        from: &S,
        context: &Context,
    ) -> Result<(), <S::Lifecycle as Lifecycle>::Refusal> {
        let _ = (from, context);
        Ok(())
    }

    /// Moves along the edge.
    fn apply(from: S, event: &Self, context: &Context) -> Self::To;
}
