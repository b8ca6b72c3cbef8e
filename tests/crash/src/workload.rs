//! Commits whose parts belong together.
//!
//! Owns what is attempted, and the record of what was acknowledged. Never judges.

use std::sync::{Mutex, MutexGuard, PoisonError};

use vitae::store::{
    AppendError, Checkpoint, CheckpointMove, Commit, EventStore, ExpectedVersion, Metadata,
    NameList, NewEvent, Page, Read, ReadError, Receipt, RegisteredSchema, RowChange, StreamAppend,
};
use vitae::{CommitId, KindVersion, Name, StreamId, Timestamp};

use crate::disk::Disk;

/// What was attempted and what was acknowledged, in order.
#[derive(Default)]
pub struct Record(Mutex<(Vec<Commit>, Vec<Receipt>)>);

impl Record {
    /// What was attempted.
    #[must_use]
    pub fn attempted(&self) -> Vec<Commit> {
        self.lock().0.clone()
    }

    /// What was acknowledged, in the order in which it was.
    #[must_use]
    pub fn acknowledged(&self) -> Vec<Receipt> {
        self.lock().1.clone()
    }

    /// Adds a commit that is about to be appended.
    pub(crate) fn attempt(&self, commit: Commit) {
        self.lock().0.push(commit);
    }

    /// Adds an acknowledgement, here and in the log of the disk.
    pub fn acknowledge(&self, receipt: Receipt, disk: &Disk) {
        let mut record = self.lock();
        record.1.push(receipt);
        disk.acknowledged(record.1.len());
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<Commit>, Vec<Receipt>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a commit was not acknowledged.
#[derive(Debug)]
pub enum Failed {
    /// What it builds on could not be read.
    Read(ReadError),
    /// It was submitted.
    Append(Box<Commit>, AppendError),
}

/// Commits the next commit of an author, on this thread and on the writer's by turns, and records what
/// became of it.
///
/// # Errors
/// [`Failed`].
pub fn run(
    store: &dyn EventStore,
    author: u8,
    record: &Record,
    disk: &Disk,
) -> Result<Receipt, Failed> {
    let commit = draft(store, author).map_err(Failed::Read)?;
    let tried = commit.clone();
    record.attempt(commit.clone());
    // The last byte of an id is the commit's number.
    let here = (author ^ commit.id.as_bytes()[15]) & 1 == 0;
    let answer = if here { store.commit(commit) } else { store.append(commit).wait() };
    match answer {
        Ok(receipt) => {
            record.acknowledge(receipt.clone(), disk);
            Ok(receipt)
        }
        Err(error) => Err(Failed::Append(Box::new(tried), error)),
    }
}

/// The next commit of an author, from what the store says.
///
/// The author's n-th commit puts the n-th event into the author's stream, one or two into one that
/// all share, n into a row, a row where n is odd, and moves a checkpoint to the event before.
///
/// # Errors
/// If the store cannot be read.
pub fn draft(store: &dyn EventStore, author: u8) -> Result<Commit, ReadError> {
    let own = StreamId::new("own", author.to_string()).unwrap();
    let mut page = Page::new();
    store.read(&Read::stream(own.clone()).backwards().page_of(1), &mut page)?;
    let last = page.iter().next();
    let number = last.map_or(1, |event| event.version().get() + 1);
    let mut id = [author; 16];
    id[8..].copy_from_slice(&number.to_be_bytes());
    let mut commit = Commit::new(CommitId::from_bytes(id));

    let expected = ExpectedVersion::read_at(last.map(|event| event.version()));
    commit.streams.push(StreamAppend { id: own, expected });
    // Now and then one that fills pages of its own.
    let filler = if number.is_multiple_of(8) { 9_000 } else { number as usize * 37 % 400 };
    commit.events.push(event(&commit, 0, &[], filler));
    let shared = StreamId::new("shared", (number % 3).to_string()).unwrap();
    commit.streams.push(StreamAppend { id: shared, expected: ExpectedVersion::Any });
    let tags = [format!("author-{author}"), format!("rest-{}", number % 4)];
    for _ in 0..=number % 2 {
        commit.events.push(event(&commit, 1, &tags, 60));
    }
    commit.schemas.push(RegisteredSchema {
        kind: name("counted"),
        version: KindVersion::FIRST,
        schema: "\"bytes\"".into(),
    });

    let present = Some(number.to_be_bytes().to_vec());
    commit.rows.push(row(store, "counts", author, present.clone())?);
    commit.rows.push(row(store, "odd", author, present.filter(|_| number % 2 == 1))?);
    let checkpoint = name(&format!("reader-{author}"));
    commit.checkpoints.push(CheckpointMove {
        from: store.checkpoint(&checkpoint)?,
        name: checkpoint,
        to: Checkpoint {
            position: last.map(|event| event.position()),
            checksum: last.map(|event| event.checksum()),
            cursor: number.to_be_bytes().to_vec(),
        },
    });
    Ok(commit)
}

fn event(commit: &Commit, stream: usize, tags: &[String], filler: usize) -> NewEvent {
    let mut payload = commit.id.as_bytes().to_vec();
    payload.resize(16 + filler, commit.id.as_bytes()[15]);
    let mut list = NameList::default();
    for tag in tags {
        list.insert(&name(tag));
    }
    NewEvent {
        stream,
        kind: name("counted"),
        kind_version: KindVersion::FIRST,
        occurred_at: Timestamp::from_micros(1_760_000_000_000_000),
        correlation: commit.id,
        causation: None,
        tags: list,
        metadata: Metadata::default(),
        payload: payload.into(),
    }
}

fn row(
    store: &dyn EventStore,
    view: &str,
    author: u8,
    value: Option<Vec<u8>>,
) -> Result<RowChange, ReadError> {
    let (view, key) = (name(view), vec![author]);
    let expected = store.row(&view, &key)?.map(|row| row.version);
    Ok(RowChange { view, key, expected, value })
}

/// The name that a text is.
#[must_use]
pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}
