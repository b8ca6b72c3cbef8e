//! The schemas of the lifecycles a bus knows, compared with those in the log.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::OpenError;
use crate::lifecycle::{EventDefinition, Lifecycle};
use crate::name::Name;
use crate::number::KindVersion;
use crate::store::{EventStore, ReadError, RegisteredSchema};

/// The schemas of every lifecycle that was registered or used.
#[derive(Default)]
pub(super) struct Schemas(Mutex<Known>);

#[derive(Default)]
struct Known {
    checked: HashSet<TypeId>,
    announced: Vec<(TypeId, &'static [EventDefinition])>,
    by_event: HashMap<(Name, KindVersion), RegisteredSchema>,
}

impl Schemas {
    /// Takes a lifecycle to be checked when the bus opens.
    pub(super) fn announce<L: Lifecycle>(&self) {
        self.lock()
            .announced
            .push((TypeId::of::<L>(), L::DEFINITION.events));
    }

    /// Checks what was announced.
    pub(super) fn check(&self, store: &dyn EventStore) -> Result<(), OpenError> {
        let stored = store.schemas()?;
        let mut known = self.lock();
        for (lifecycle, events) in std::mem::take(&mut known.announced) {
            known.admit(lifecycle, events, &stored)?;
        }
        Ok(())
    }

    /// Checks a lifecycle on its first use, if it was not registered.
    pub(super) fn ensure<L: Lifecycle>(&self, store: &dyn EventStore) -> Result<(), OpenError> {
        let lifecycle = TypeId::of::<L>();
        if self.lock().checked.contains(&lifecycle) {
            return Ok(());
        }
        let stored = store.schemas()?;
        self.lock().admit(lifecycle, L::DEFINITION.events, &stored)
    }

    /// The schema under which events of a kind and version are appended.
    pub(super) fn of(&self, kind: &Name, version: KindVersion) -> Option<RegisteredSchema> {
        let event = (kind.clone(), version);
        self.lock().by_event.get(&event).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn admit(
        &mut self,
        lifecycle: TypeId,
        events: &'static [EventDefinition],
        stored: &[RegisteredSchema],
    ) -> Result<(), OpenError> {
        let mut admitted = Vec::new();
        for event in events {
            for schema in (event.schemas)()? {
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
        self.checked.insert(lifecycle);
        Ok(())
    }
}

fn same_event(one: &RegisteredSchema, other: &RegisteredSchema) -> bool {
    one.kind == other.kind && one.version == other.version
}

fn mismatch(
    kind: Name,
    version: KindVersion,
    stored: &RegisteredSchema,
    here: &std::sync::Arc<str>,
) -> OpenError {
    OpenError::SchemaMismatch {
        kind,
        version,
        stored: stored.schema.clone(),
        here: std::sync::Arc::clone(here),
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}
