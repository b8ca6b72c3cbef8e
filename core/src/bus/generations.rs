//! Which rows of a view are the live ones.
//!
//! The rows of a projection that follows the log can be computed anew beside the live ones. So a view
//! has generations, each with rows and a checkpoint of its own, and one row of the view `vitae.views`
//! says which of them is live, which is being built and which are to be removed.
//!
//! Owns that row and the names that follow from it. Never touches the rows of a view.

use serde::{Deserialize, Serialize};

use super::view::{decode_row, unreadable};
use crate::id::CommitId;
use crate::name::{InvalidName, Name};
use crate::number::RowVersion;
use crate::store::{AppendError, Commit, EventStore, ReadError, RowChange};

/// Where the row stands.
const VIEWS: Name = Name::of_library("vitae.views");

/// The version of rows that no projection which follows the log has made: an inline one did, before it
/// followed, or somebody by hand. That of a projection is at least 1.
const OF_NOBODY: u32 = 0;

/// What is known of the rows of a view.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(super) struct Generations {
    pub(super) live: Generation,
    /// The one that is computed beside the live one.
    pub(super) shadow: Option<Generation>,
    /// Whether the shadow is not to go on for now.
    pub(super) paused: bool,
    /// Those whose rows are to be removed.
    pub(super) retired: Vec<u32>,
    /// The highest number that was given.
    newest: u32,
}

/// Rows of a view that were made by one version of its projection.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(super) struct Generation {
    pub(super) number: u32,
    pub(super) version: u32,
}

impl Generations {
    pub(super) const fn first(version: u32) -> Self {
        let live = Generation { number: 0, version };
        Self { live, shadow: None, paused: false, retired: Vec::new(), newest: 0 }
    }

    /// For a view that has rows before anybody follows: they are the live ones until others are computed.
    pub(super) fn beside_rows(version: u32) -> Self {
        let mut generations = Self::first(OF_NOBODY);
        generations.begin_shadow(version);
        generations
    }

    /// Begins a shadow, in the place of one that there is.
    pub(super) fn begin_shadow(&mut self, version: u32) {
        self.drop_shadow();
        self.newest = self.newest.saturating_add(1);
        self.shadow = Some(Generation { number: self.newest, version });
    }

    pub(super) fn drop_shadow(&mut self) {
        self.retired.extend(self.shadow.take().map(|shadow| shadow.number));
        self.paused = false;
    }

    /// Puts the shadow in the place of the live rows.
    pub(super) fn switch(&mut self) {
        if let Some(shadow) = self.shadow.take() {
            self.retired.push(self.live.number);
            self.live = shadow;
        }
    }
}

/// What the store knows of the rows of a view, with the version of the row that says so.
pub(super) type Stored = Option<(Generations, RowVersion)>;

pub(super) fn stored(store: &dyn EventStore, view: &Name) -> Result<Stored, ReadError> {
    let Some(row) = store.row(&VIEWS, view.as_str().as_bytes())? else {
        return Ok(None);
    };
    let generations = decode_row(&row.value).map_err(unreadable)?;
    Ok(Some((generations, row.version)))
}

/// The generation that is live.
pub(super) fn live(store: &dyn EventStore, view: &Name) -> Result<u32, ReadError> {
    Ok(stored(store, view)?.map_or(0, |(generations, _)| generations.live.number))
}

/// A commit that puts new generations in the place of those that were read.
pub(super) fn replaced(
    view: &Name,
    before: Option<RowVersion>,
    after: &Generations,
) -> Result<Commit, AppendError> {
    let value = postcard::to_allocvec(after)
        .map_err(|error| AppendError::Backend(std::sync::Arc::new(error)))?;
    let mut commit = Commit::new(CommitId::generate());
    commit.rows.push(RowChange {
        view: VIEWS,
        key: view.as_str().as_bytes().to_vec(),
        expected: before,
        value: Some(value),
    });
    Ok(commit)
}

/// The name under which the rows of a generation stand.
pub(super) fn rows_of(view: &Name, number: u32) -> Result<Name, InvalidName> {
    match number {
        0 => Ok(view.clone()),
        _ => Name::new(format!("{VIEWS}/{number}/{view}")),
    }
}

/// The checkpoint of a generation.
pub(super) fn checkpoint_of(view: &Name, number: u32) -> Result<Name, InvalidName> {
    Name::new(format!("view/{number}/{view}"))
}
