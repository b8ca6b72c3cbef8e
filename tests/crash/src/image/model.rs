//! A disk with a cache.
//!
//! Owns what is durable of it, and what of the rest a choice leaves. Makes no choice.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;

use super::Image;
use super::choices::choices;
use crate::disk::{FileId, Operation};

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// A disk with its cache.
#[derive(Clone)]
pub(super) struct Model {
    files: Vec<File>,
    names: BTreeMap<String, FileId>,
    renamed: Vec<(String, Option<FileId>)>,
    acknowledged: usize,
}

#[derive(Clone, Default)]
struct File {
    durable: Arc<Vec<u8>>,
    /// In their order, from the first that is not durable.
    changes: Vec<Change>,
}

#[derive(Clone)]
struct Change {
    number: usize,
    edit: Arc<Edit>,
    state: Cached,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cached {
    Unsynced,
    /// A sync of it failed: no later one makes it durable.
    Doomed,
    Durable,
}

enum Edit {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { size: usize },
}

/// How much of a change reached the disk: bit n says whether its n-th sector did.
pub(super) type Sectors = u64;
pub(super) const NOTHING: Sectors = 0;
pub(super) const WHOLE: Sectors = Sectors::MAX;

impl Model {
    pub(super) fn of(base: BTreeMap<String, Vec<u8>>) -> Self {
        let (names, files): (Vec<_>, Vec<_>) = base
            .into_iter()
            .map(|(name, bytes)| (name, File { durable: Arc::new(bytes), changes: Vec::new() }))
            .unzip();
        let names = names.into_iter().enumerate().map(|(file, name)| (name, file)).collect();
        Self { files, names, renamed: Vec::new(), acknowledged: 0 }
    }

    pub(super) fn apply(&mut self, number: usize, operation: Operation) {
        match operation {
            Operation::Named { name, file } => {
                self.files.resize_with(self.files.len().max(file + 1), File::default);
                self.renamed.push((name, Some(file)));
            }
            Operation::Deleted(name) => self.renamed.push((name, None)),
            Operation::Written { file, offset, bytes } => {
                let offset = usize::try_from(offset).unwrap();
                self.files[file].change(number, Edit::Write { offset, bytes });
            }
            Operation::Truncated { file, size } => {
                let size = usize::try_from(size).unwrap();
                self.files[file].change(number, Edit::Truncate { size });
            }
            Operation::Synced(file) => self.files[file].settle(Cached::Durable),
            Operation::SyncFailed(file) => self.files[file].settle(Cached::Doomed),
            Operation::FolderSynced => {
                for (name, file) in self.renamed.drain(..) {
                    rename(&mut self.names, name, file);
                }
            }
            Operation::Acknowledged(commits) => self.acknowledged = commits,
        }
    }

    pub(super) fn images(
        self,
        number: usize,
        most: usize,
        rng: &mut Rng,
    ) -> impl Iterator<Item = Image> + use<> {
        let mut open: Vec<_> = self.files.iter().flat_map(|file| &file.changes).collect();
        open.retain(|change| change.state != Cached::Durable);
        open.sort_by_key(|change| change.number);
        let numbers: Vec<_> = open.iter().map(|change| change.number).collect();
        let sizes: Vec<_> = open.iter().map(|change| change.sectors()).collect();
        let names = self.renamed.len();
        let mut choices: Vec<_> =
            choices(&sizes, most, rng).into_iter().map(|taken| (taken, names)).collect();
        for fewer in 0..names {
            choices.push((vec![NOTHING; sizes.len()], fewer));
            choices.push((vec![WHOLE; sizes.len()], fewer));
        }
        choices.into_iter().enumerate().map(move |(choice, (taken, names))| {
            let place =
                format!("before operation {number}, choice {choice}, {names} names changed");
            let taken = numbers.iter().copied().zip(taken).collect();
            self.image(&taken, names, place)
        })
    }

    fn image(&self, taken: &BTreeMap<usize, Sectors>, renamed: usize, place: String) -> Image {
        let mut names = self.names.clone();
        for (name, file) in self.renamed.iter().take(renamed) {
            rename(&mut names, name.clone(), *file);
        }
        let files = names.into_iter().map(|(name, file)| (name, self.files[file].image(taken)));
        Image { files: files.collect(), acknowledged: self.acknowledged, place }
    }
}

fn rename(names: &mut BTreeMap<String, FileId>, name: String, file: Option<FileId>) {
    match file {
        Some(file) => names.insert(name, file),
        None => names.remove(&name),
    };
}

impl File {
    fn change(&mut self, number: usize, edit: Edit) {
        let edit = Arc::new(edit);
        self.changes.push(Change { number, edit, state: Cached::Unsynced });
    }

    fn settle(&mut self, state: Cached) {
        for change in self.changes.iter_mut().filter(|change| change.state == Cached::Unsynced) {
            change.state = state;
        }
        let open = self.changes.iter().position(|change| change.state != Cached::Durable);
        let durable = Arc::make_mut(&mut self.durable);
        for change in self.changes.drain(..open.unwrap_or(self.changes.len())) {
            change.edit.apply(durable, WHOLE);
        }
    }

    fn image(&self, taken: &BTreeMap<usize, Sectors>) -> Vec<u8> {
        let mut bytes = Vec::clone(&self.durable);
        for change in &self.changes {
            change.edit.apply(&mut bytes, *taken.get(&change.number).unwrap_or(&WHOLE));
        }
        bytes
    }
}

impl Change {
    fn sectors(&self) -> usize {
        match &*self.edit {
            Edit::Write { offset, bytes } => (offset % SECTOR + bytes.len()).div_ceil(SECTOR),
            Edit::Truncate { .. } => 1,
        }
    }
}

impl Edit {
    fn apply(&self, file: &mut Vec<u8>, taken: Sectors) {
        match self {
            Self::Truncate { size } if taken != NOTHING => file.resize(*size, 0),
            Self::Truncate { .. } => {}
            Self::Write { offset, bytes } => {
                let mut at = *offset;
                while at < offset + bytes.len() {
                    let end = (at / SECTOR * SECTOR + SECTOR).min(offset + bytes.len());
                    let sector = at / SECTOR - offset / SECTOR;
                    // A write of more sectors than there are bits is torn in the same way again.
                    if taken >> (sector % 64) & 1 == 1 {
                        file.resize(file.len().max(end), 0);
                        file[at..end].copy_from_slice(&bytes[at - offset..end - offset]);
                    }
                    at = end;
                }
            }
        }
    }
}
