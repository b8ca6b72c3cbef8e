//! The schemas of the events a bus knows, compared with each other and with those in the log.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::OpenError;
use crate::event;
use crate::lifecycle::Lifecycle;
use crate::name::Name;
use crate::number::KindVersion;
use crate::schema::StoredSchema;
use crate::store::{Commit, EventStore, ReadError, RegisteredSchema};

/// The schemas of every event of a lifecycle that was registered or used, and of those that policies
/// and projections handle.
#[derive(Default)]
pub(super) struct Schemas(Mutex<Known>);

#[derive(Default)]
struct Known {
    checked: HashSet<TypeId>,
    announced: Vec<(Option<TypeId>, Vec<event::Schemas>)>,
    by_event: HashMap<(Name, KindVersion), RegisteredSchema>,
}

impl Schemas {
    /// Takes a lifecycle to be checked when the bus opens.
    pub(super) fn announce<L: Lifecycle>(&self) {
        let lifecycle = Some(TypeId::of::<L>());
        self.lock().announced.push((lifecycle, schemas_of::<L>()));
    }

    /// Takes the events that a policy or a projection handles, to be checked when the bus opens.
    pub(super) fn announce_handled(&self, events: &[event::Schemas]) {
        self.lock().announced.push((None, events.to_vec()));
    }

    /// Checks what was announced.
    pub(super) fn check(&self, store: &dyn EventStore) -> Result<(), OpenError> {
        let stored = store.schemas()?;
        let mut known = self.lock();
        for (lifecycle, events) in std::mem::take(&mut known.announced) {
            known.admit(&events, &stored)?;
            known.checked.extend(lifecycle);
        }
        Ok(())
    }

    /// Checks a lifecycle on its first use, if it was not registered.
    pub(super) fn ensure<L: Lifecycle>(&self, store: &dyn EventStore) -> Result<(), OpenError> {
        self.ensure_all(TypeId::of::<L>(), schemas_of::<L>, store)
    }

    /// Checks an event on its first use outside a lifecycle.
    pub(super) fn ensure_event(
        &self,
        event: TypeId,
        schemas: event::Schemas,
        store: &dyn EventStore,
    ) -> Result<(), OpenError> {
        self.ensure_all(event, || vec![schemas], store)
    }

    fn ensure_all(
        &self,
        user: TypeId,
        events: impl FnOnce() -> Vec<event::Schemas>,
        store: &dyn EventStore,
    ) -> Result<(), OpenError> {
        if self.lock().checked.contains(&user) {
            return Ok(());
        }
        let stored = store.schemas()?;
        let mut known = self.lock();
        known.admit(&events(), &stored)?;
        known.checked.insert(user);
        Ok(())
    }

    /// Adds to a commit the schema of a kind and version, unless it is there.
    pub(super) fn add(&self, commit: &mut Commit, kind: &Name, version: KindVersion) {
        let is_it = |schema: &RegisteredSchema| schema.kind == *kind && schema.version == version;
        if !commit.schemas.iter().any(is_it) {
            let event = (kind.clone(), version);
            commit.schemas.extend(self.lock().by_event.get(&event).cloned());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn admit(
        &mut self,
        events: &[event::Schemas],
        stored: &[RegisteredSchema],
    ) -> Result<(), OpenError> {
        let mut admitted = Vec::new();
        for event in events {
            for schema in event()? {
                if StoredSchema::parse(&schema.schema).is_err() {
                    return Err(OpenError::TooDeep { kind: schema.kind, version: schema.version });
                }
                let in_log = stored.iter().find(|stored| same_event(stored, &schema));
                let key = (schema.kind.clone(), schema.version);
                let here = self.by_event.get(&key);
                for other in in_log.into_iter().chain(here) {
                    if other.schema != schema.schema {
                        return Err(mismatch(schema.kind, schema.version, other, &schema.schema));
                    }
                }
                admitted.push((key, schema));
            }
        }
        self.by_event.extend(admitted);
        Ok(())
    }
}

fn schemas_of<L: Lifecycle>() -> Vec<event::Schemas> {
    L::DEFINITION.events.iter().map(|event| event.schemas).collect()
}

fn same_event(one: &RegisteredSchema, other: &RegisteredSchema) -> bool {
    one.kind == other.kind && one.version == other.version
}

fn mismatch(
    kind: Name,
    version: KindVersion,
    stored: &RegisteredSchema,
    here: &Arc<str>,
) -> OpenError {
    OpenError::SchemaMismatch {
        kind,
        version,
        stored: stored.schema.clone(),
        here: Arc::clone(here),
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}
