//! What a disk may hold when the power goes.
//!
//! Owns the model of a disk with a cache: what was synced is there; of everything else any part may
//! be, in sectors. Names come and go in order, durably with the next sync of their folder. Never
//! looks at what the bytes mean.

mod choices;
mod model;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use fastrand::Rng;

use crate::disk::{Disk, Operation};
use model::Model;

/// A folder after a crash.
#[derive(Clone)]
pub struct Image {
    files: BTreeMap<String, Vec<u8>>,
    /// How many commits had been acknowledged when the power went.
    pub acknowledged: usize,
    /// At which operation of the log, and which choice of what was not synced: to find it again.
    pub place: String,
}

impl Image {
    /// Makes the folder hold this and nothing else.
    pub fn restore(&self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, bytes) in &self.files {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }

    /// The same if nothing but the place differs.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.files, self.acknowledged).hash(&mut hasher);
        hasher.finish()
    }
}

/// Every point of a disk's history at which the power may go: before each sync, and at the end. Of
/// what was not synced by then every subset is tried of up to five changes, nothing and everything of
/// more; and at most `most` others.
///
/// The points between two syncs need none of their own: what they leave, the next sync's point can
/// leave too, with as many acknowledged or more.
pub fn crashes(disk: &Disk, most: usize, seed: u64) -> impl Iterator<Item = Image> + use<> {
    let (base, log) = disk.history();
    let mut model = Some(Model::of(base));
    let end = log.len();
    let mut log = log.into_iter().enumerate();
    let mut rng = Rng::with_seed(seed);
    std::iter::from_fn(move || {
        let mut now = model.take()?;
        for (number, operation) in log.by_ref() {
            let before = operation.is_sync().then(|| now.clone());
            now.apply(number, operation);
            if let Some(before) = before {
                model = Some(now);
                return Some((number, before));
            }
        }
        Some((end, now))
    })
    .flat_map(move |(number, model)| model.images(number, most, &mut rng))
}

/// What the disk may hold if the power goes now, with as many choices as of each point of [`crashes`].
pub fn crashes_now(disk: &Disk, most: usize, seed: u64) -> impl Iterator<Item = Image> + use<> {
    let (base, log) = disk.history();
    let end = log.len();
    let mut model = Model::of(base);
    for (number, operation) in log.into_iter().enumerate() {
        model.apply(number, operation);
    }
    model.images(end, most, &mut Rng::with_seed(seed))
}

impl Operation {
    const fn is_sync(&self) -> bool {
        matches!(self, Self::Synced(_) | Self::SyncFailed(_) | Self::FolderSynced)
    }
}
