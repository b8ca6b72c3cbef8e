//! Events as any tool can read them, with no Rust type at hand.

use std::collections::HashMap;

use crate::name::Name;
use crate::number::KindVersion;
use crate::schema::{InvalidSchema, RenderError, StoredSchema, Value};
use crate::store::{Damage, Erased, EventRef, EventStore, ReadError};

/// The schemas of a log, to render its events with.
#[derive(Debug, Default)]
pub struct Catalog(HashMap<Name, Vec<(KindVersion, StoredSchema)>>);

impl Catalog {
    /// Reads the schemas of a log.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be read, or holds a schema that is none.
    pub fn load(store: &dyn EventStore) -> Result<Self, ReadError> {
        let mut catalog = Self::default();
        for schema in store.schemas()? {
            let parsed = StoredSchema::parse(&schema.schema).map_err(|error: InvalidSchema| {
                let (kind, version) = (&schema.kind, schema.version);
                let reason = format!("the schema of `{kind}` version {version}: {error}");
                ReadError::Damaged(Damage::elsewhere(reason))
            })?;
            catalog.0.entry(schema.kind).or_default().push((schema.version, parsed));
        }
        Ok(catalog)
    }

    /// What an event's payload says.
    ///
    /// # Errors
    /// [`CatalogError`] if the payload was erased, does not fit its schema, or its kind was first
    /// recorded after this catalog was read: then read the catalog again.
    pub fn render(&self, event: &EventRef<'_>) -> Result<Value, CatalogError> {
        let payload = event.payload()?;
        let schema = self.0.get(event.kind()).and_then(|versions| {
            let of_version = |(version, _): &&_| *version == event.kind_version();
            versions.iter().find(of_version).map(|(_, schema)| schema)
        });
        Ok(schema.ok_or(CatalogError::Unknown)?.render(payload)?)
    }
}

/// Why an event could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The catalog has no schema for the event.
    #[error("the catalog has no schema for the event; load the catalog again")]
    Unknown,
    /// The payload was erased.
    #[error(transparent)]
    Erased(#[from] Erased),
    /// The payload does not fit its schema.
    #[error(transparent)]
    Render(#[from] RenderError),
}
