//! The events of a log as lines for a person.
//!
//! Owns what an event says in one line, told by the schema in the log, so that kinds of others have
//! lines too. Must never need the type of an event.

use std::ops::ControlFlow;

use serde::Serialize;
use vitae::schema::Value;
use vitae::store::{EventRef, EventStore, Query, Read};
use vitae::{Catalog, CatalogError, GlobalPosition};

use super::{SightError, excerpt};

/// The longest line, in characters.
const LINE: usize = 400;

/// How deep a payload is looked into.
const DEPTH: usize = 8;

/// Fields that say where something happened, not what.
const PLACES: [&str; 9] =
    ["session", "workflow", "run", "run_id", "agent", "hook", "request", "use_id", "tracker_path"];

/// An event as a line.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Moment {
    /// Where it stands in the log.
    pub position: u64,
    /// When it happened, in Unix milliseconds.
    pub at: i64,
    /// Its kind.
    pub kind: String,
    /// The category and the id of its stream.
    pub life: (String, String),
    /// Whether another event caused it: the bookkeeping of policies.
    pub caused: bool,
    /// What it says.
    pub text: String,
}

/// The events at or before a position, at most `limit`, the newest first. `None` is the end of the log.
///
/// # Errors
/// [`SightError::Read`] if the log cannot be read. A payload that cannot be rendered is a line that says
/// so.
pub fn moments(
    store: &dyn EventStore,
    query: &Query,
    at: Option<GlobalPosition>,
    limit: usize,
) -> Result<Vec<Moment>, SightError> {
    let mut read = Read::log(query.clone()).backwards().page_of(limit);
    if let Some(at) = at {
        read = read.from_position(at);
    }
    let catalog = Catalog::load(store)?;
    let mut moments = Vec::new();
    store.visit(read, |event| {
        if moments.len() >= limit {
            return Ok::<_, SightError>(ControlFlow::Break(()));
        }
        moments.push(Moment::of(event, &catalog));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(moments)
}

impl Moment {
    fn of(event: &EventRef<'_>, catalog: &Catalog) -> Self {
        let mut said = Vec::new();
        match catalog.render(event) {
            Ok(payload) => gather(&payload, DEPTH, &mut said),
            Err(CatalogError::Erased(_)) => said.push("its payload was erased".to_owned()),
            Err(error) => said.push(error.to_string()),
        }
        Self {
            position: event.position().get(),
            at: event.occurred_at().as_millis(),
            kind: event.kind().to_owned(),
            life: (event.category().to_owned(), event.stream().to_owned()),
            caused: event.causation().is_some(),
            text: excerpt(&said.join(" · "), LINE),
        }
    }
}

/// Gathers what a payload says, in its order. Numbers and truth values come with their names.
fn gather(value: &Value, depth: usize, said: &mut Vec<String>) {
    let Some(depth) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::Struct(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| !PLACES.contains(&&**name)) {
                match value {
                    Value::Null => {}
                    Value::Unsigned(_) | Value::Signed(_) | Value::Bool(_) => {
                        said.push(format!("{name} {value}"));
                    }
                    value => gather(value, depth, said),
                }
            }
        }
        Value::Variant(name, held) => {
            said.push(name.to_string());
            if let Some(held) = held {
                gather(held, depth, said);
            }
        }
        Value::List(items) => items.iter().for_each(|item| gather(item, depth, said)),
        Value::Text(text) if text.is_empty() => {}
        Value::Text(text) => said.push(excerpt(text, LINE)),
        Value::Null => {}
        other => said.push(excerpt(&other.to_string(), LINE)),
    }
}
