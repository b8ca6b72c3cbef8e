//! Events as any tool can read them, with no Rust type at hand.

use std::collections::HashMap;

use crate::name::Name;
use crate::number::KindVersion;
use crate::schema::{RenderError, StoredSchema, Value};
use crate::store::{Erased, EventRef, EventStore, ReadError};

/// The schemas of a log, to render its events with.
#[derive(Debug, Default)]
pub struct Catalog(HashMap<Name, Vec<(KindVersion, Option<StoredSchema>)>>);

impl Catalog {
    /// Reads the schemas of a log.
    ///
    /// # Errors
    /// [`ReadError`] if the store cannot be read.
    pub fn load(store: &dyn EventStore) -> Result<Self, ReadError> {
        let mut catalog = Self::default();
        for schema in store.schemas()? {
            // One that is none spoils its own events only.
            let parsed = StoredSchema::parse(&schema.schema).ok();
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
        let schema = schema.ok_or(CatalogError::Unknown)?.as_ref();
        Ok(schema.ok_or(CatalogError::InvalidSchema)?.render(payload)?)
    }
}

/// Why an event could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The catalog has no schema for the event.
    #[error("the catalog has no schema for the event; load the catalog again")]
    Unknown,
    /// The schema in the log is not one that this version knows.
    #[error(
        "the event's schema is not one that this version knows; update this program, or verify \
             the log"
    )]
    InvalidSchema,
    /// The payload was erased.
    #[error(transparent)]
    Erased(#[from] Erased),
    /// The payload does not fit its schema.
    #[error(transparent)]
    Render(#[from] RenderError),
}
