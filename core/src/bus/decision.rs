//! What a decision is made on when that is not one life: events across streams, folded into a model.
//!
//! Owns the query, the folding, and the condition under which the model still holds. Never decides.

use std::any::TypeId;
use std::fmt;
use std::ops::ControlFlow;

use super::{Bus, Inner, LoadError};
use crate::aggregate::{FoldError, FoldReason, context_of};
use crate::event::{self, DecodeError, Event, decode};
use crate::lifecycle::Context;
use crate::name::{InvalidName, Name, StreamId};
use crate::store::{Condition, EventRef, Query, QueryItem, Read};

/// A decision model: which events a decision depends on, whatever their streams, and what they make
/// of a value.
///
/// [`Bus::build_model`] folds it from the log and says under which [`Condition`] it still holds. A
/// commit [with that condition](crate::Alongside::condition) is taken only if no further event that
/// the model would have taken has come in meanwhile.
///
/// ```
/// # use std::sync::Arc;
/// # use serde::{Deserialize, Serialize};
/// # use vitae::{Alongside, Bus, DecisionModel, Event, Lifecycle, MemoryStore, tag};
/// #[derive(Event, Serialize, Deserialize)]
/// #[event(name = "user.registered", tag = username)]
/// pub struct Registered {
///     pub username: String,
/// }
/// # #[derive(Lifecycle, Clone)]
/// # #[lifecycle(name = "user")]
/// # pub enum User {
/// #     #[state(initial)]
/// #     #[on(Registered => Known)]
/// #     Unknown,
/// #     #[state(terminal)]
/// #     Known,
/// # }
/// # impl UserTransitions for User {}
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let bus = Bus::open(Arc::new(MemoryStore::new()))?;
///
/// let taken = DecisionModel::new(false)
///     .on([tag("username", "ada")?], |_: &Registered, _, taken| *taken = true);
/// let (taken, unchanged) = bus.build_model(taken)?;
/// assert!(!taken);
///
/// let user = bus.load::<User>("7")?.record(Registered { username: "ada".into() })?;
/// bus.commit_alongside(user, Alongside::new().condition(unchanged.clone()))?;
///
/// // Whoever decided on the same model loses.
/// let user = bus.load::<User>("8")?.record(Registered { username: "ada".into() })?;
/// assert!(bus.commit_alongside(user, Alongside::new().condition(unchanged)).is_err());
/// # Ok(())
/// # }
/// ```
pub struct DecisionModel<M> {
    model: M,
    parts: Vec<Part<M>>,
}

type Handler<M> = Box<dyn Fn(u32, &[u8], &Context, &mut M) -> Result<(), DecodeError>>;

/// One kind of event with some tags, and what it does to the model.
struct Part<M> {
    kind: &'static str,
    tags: Vec<Name>,
    event: TypeId,
    schemas: event::Schemas,
    handler: Handler<M>,
}

impl<M: fmt::Debug> fmt::Debug for DecisionModel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecisionModel").field("model", &self.model).finish_non_exhaustive()
    }
}

impl<M> DecisionModel<M> {
    /// A model before the first event. It depends on what [`on`](Self::on) names; on everything, if
    /// that is nothing.
    #[must_use]
    pub const fn new(model: M) -> Self {
        Self { model, parts: Vec::new() }
    }

    /// What the events of a kind that have all of these tags do to the model; without a tag, all
    /// events of the kind. An event that several of these concern goes through them in the order in
    /// which they were given.
    ///
    /// The fewer events a tag has, the cheaper is the model: they are all read, each time.
    #[must_use]
    pub fn on<E: Event>(
        mut self,
        tags: impl IntoIterator<Item = Name>,
        handler: impl Fn(&E, &Context, &mut M) + 'static,
    ) -> Self {
        let handler: Handler<M> = Box::new(move |version, payload, context, model| {
            handler(&decode::<E>(version, payload)?, context, model);
            Ok(())
        });
        self.parts.push(Part {
            kind: E::KIND,
            tags: tags.into_iter().collect(),
            event: TypeId::of::<E>(),
            schemas: event::schemas::<E>,
            handler,
        });
        self
    }

    /// Hands an event to the parts that it concerns.
    fn take(&mut self, items: &[QueryItem], event: &EventRef<'_>) -> Result<(), LoadError> {
        let stream = StreamId::new(event.category(), event.stream())?;
        let failed = |reason| FoldError {
            position: event.position(),
            stream: stream.clone(),
            kind: event.kind().to_owned(),
            kind_version: event.kind_version(),
            reason,
        };
        let payload =
            event.payload().map_err(|erased| Box::new(failed(FoldReason::Erased(erased))))?;
        let (context, version) = (context_of(stream.clone(), event), event.kind_version().get());
        for (part, item) in self.parts.iter().zip(items) {
            if item.matches(event.category(), event.kind(), event.tags()) {
                (part.handler)(version, payload, &context, &mut self.model)
                    .map_err(|error| Box::new(failed(FoldReason::Decode(error))))?;
            }
        }
        Ok(())
    }
}

impl<M> Part<M> {
    fn item(&self) -> Result<QueryItem, InvalidName> {
        let kinds = vec![Name::from_static(self.kind)?];
        Ok(QueryItem { kinds, tags: self.tags.clone(), ..QueryItem::default() })
    }
}

impl Bus {
    /// Folds a decision model from the log, and says under which condition it holds: that no further
    /// event that concerns it has come in. Commit what was decided with this condition, through
    /// [`commit_alongside`](Self::commit_alongside); on
    /// [`ConditionFailed`](crate::store::AppendError::ConditionFailed) build the model again and
    /// decide anew.
    ///
    /// # Errors
    /// [`LoadError`] if an event of the model has another shape in the log, the store cannot be read,
    /// or an event does not decode or was erased: nothing is decided on a part of what happened. A
    /// retry is safe.
    pub fn build_model<M>(&self, model: DecisionModel<M>) -> Result<(M, Condition), LoadError> {
        self.inner.build_model(model)
    }
}

impl Inner {
    fn build_model<M>(&self, mut model: DecisionModel<M>) -> Result<(M, Condition), LoadError> {
        for part in &model.parts {
            self.schemas.ensure_event(part.event, part.schemas, self.store.as_ref())?;
        }
        let items = model.parts.iter().map(Part::item).collect::<Result<Vec<_>, _>>()?;
        let query = Query { items };
        // The condition looks at what comes after the end as it is now, not after the last event that
        // concerns the model: that may be long ago.
        let mut after = self.store.head()?;
        self.store.visit(Read::log(query.clone()), |event| {
            model.take(&query.items, event)?;
            after = after.max(Some(event.position()));
            Ok::<_, LoadError>(ControlFlow::Continue(()))
        })?;
        Ok((model.model, Condition { query, after }))
    }
}
