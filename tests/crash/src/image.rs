//! What a disk may hold when the power goes.
//!
//! Owns the model of a disk with a cache: what was synced is there; of everything else any part may
//! be, in sectors. Names come and go in order, durably with the next sync of their folder. Never
//! looks at what the bytes mean.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;

use fastrand::Rng;

use crate::disk::{Disk, FileId, Operation};

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// Of up to so many unsynced changes, every subset is tried.
const EXHAUSTIVE: usize = 5;

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

/// Every point of a disk's history at which the power may go: before each sync, and at the end.
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

/// What the disk may hold if the power goes now.
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

/// A disk with its cache.
#[derive(Clone)]
struct Model {
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
type Sectors = u64;
const NOTHING: Sectors = 0;
const WHOLE: Sectors = Sectors::MAX;

impl Model {
    fn of(base: BTreeMap<String, Vec<u8>>) -> Self {
        let (names, files): (Vec<_>, Vec<_>) = base
            .into_iter()
            .map(|(name, bytes)| (name, File { durable: Arc::new(bytes), changes: Vec::new() }))
            .unzip();
        let names = names.into_iter().enumerate().map(|(file, name)| (name, file)).collect();
        Self { files, names, renamed: Vec::new(), acknowledged: 0 }
    }

    fn apply(&mut self, number: usize, operation: Operation) {
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

    fn images(
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

/// Which changes reach the disk, given how many sectors each has: every subset of a few; of many
/// each prefix, each alone missing, each alone there, and some at random; then each torn. At most
/// `most`, chosen at random, and always nothing and everything.
fn choices(sizes: &[usize], most: usize, rng: &mut Rng) -> Vec<Vec<Sectors>> {
    let count = sizes.len();
    let pick = |chosen: &dyn Fn(usize) -> bool| -> Vec<Sectors> {
        (0..count).map(|index| if chosen(index) { WHOLE } else { NOTHING }).collect()
    };
    let mut all = vec![pick(&|_| false), pick(&|_| true)];
    if count <= EXHAUSTIVE {
        all.extend((0..1_usize << count).map(|subset| pick(&|index| subset >> index & 1 == 1)));
    } else {
        for one in 0..count {
            all.push(pick(&|index| index < one));
            all.push(pick(&|index| index != one));
            all.push(pick(&|index| index == one));
            let subset: Vec<_> = (0..count).map(|_| rng.bool()).collect();
            all.push(pick(&|index| subset[index]));
        }
    }
    for (torn, sectors) in sizes.iter().enumerate().filter(|(_, sectors)| **sectors > 1) {
        let half = (1 << (sectors / 2).min(63)) - 1;
        for part in [half, !half, 0x5555_5555_5555_5555, rng.u64(..)] {
            for mut taken in [pick(&|index| index < torn), pick(&|_| true)] {
                taken[torn] = part;
                all.push(taken);
            }
        }
    }
    all.dedup();
    let fixed = all.len().min(2);
    rng.shuffle(&mut all[fixed..]);
    all.truncate(most.max(2));
    all
}
