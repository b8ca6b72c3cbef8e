//! What is done on both stores, and the answer as a text that can be compared.
//!
//! Errors carry what knows no `==`, so answers are compared by everything that `{:?}` shows of them.

use std::fmt::Write;

use vitae::store::{
    AppendError, Commit, Digest, EventRef, EventStore, Page, Query, Read, Receipt, Ticket, ViewRow,
};
use vitae::{CommitId, Name, StreamId};
use vitae_tests::{name, stream};

use crate::alphabet::{CATEGORIES, CHECKPOINTS, KEYS, KINDS, STREAMS, TAGS, VIEWS};
use crate::versions::Versions;
use crate::world::World;

/// A page that no event of these tests fills.
pub(crate) const ROOMY: usize = 1 << 20;

/// One concrete question or deed.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Hands over all of them before it waits for the first answer.
    Append(Vec<Commit>),
    Read(Read),
    Streams {
        category: Name,
        after: Option<Name>,
        limit: usize,
    },
    Receipt(CommitId),
    Schemas,
    Checkpoint(Name),
    Snapshot(StreamId),
    Row {
        view: Name,
        key: Vec<u8>,
    },
    Rows {
        view: Name,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        limit: usize,
    },
    Verify,
    Head,
}

impl Act {
    pub(crate) fn perform(&self, store: &dyn EventStore, versions: &mut Versions) -> String {
        match self {
            Self::Append(commits) => shown(&append(store, commits, versions)),
            Self::Read(read) => all_pages(store, read),
            Self::Streams { category, after, limit } => {
                shown(&store.streams(category, after.as_ref(), *limit))
            }
            Self::Receipt(commit) => {
                shown(&store.receipt(*commit).map(|receipt| receipt.map(without_digest)))
            }
            Self::Schemas => shown(&store.schemas()),
            Self::Checkpoint(name) => shown(&store.checkpoint(name)),
            Self::Snapshot(stream) => shown(&store.snapshot(stream)),
            Self::Row { view, key } => {
                let found = store.row(view, key);
                shown(&found.map(|row| row.map(|row| versions.shown(view, row))))
            }
            Self::Rows { view, prefix, after, limit } => {
                let found = store.rows(view, prefix, after.as_deref(), *limit);
                let same = |row| versions.shown(view, row);
                shown(&found.map(|rows| rows.into_iter().map(same).collect::<Vec<_>>()))
            }
            Self::Verify => shown(&store.verify()),
            Self::Head => shown(&store.head()),
        }
    }
}

/// Hands over one commit after the other, and waits only where one needs a version of a row that
/// another before it gives, and for every third, which is committed on this thread behind those that
/// are queued.
fn append(
    store: &dyn EventStore,
    commits: &[Commit],
    versions: &mut Versions,
) -> Vec<Result<Receipt, AppendError>> {
    let (mut answers, mut tickets) = (Vec::new(), Vec::new());
    for commit in commits {
        let mut commit = commit.clone();
        if !commit.rows.iter().all(|row| versions.can_say(row)) {
            answers.extend(tickets.drain(..).map(Ticket::wait));
        }
        commit.rows.iter_mut().for_each(|row| versions.say(row, store));
        // The last byte of an id counts the commits.
        if commit.id.as_bytes()[15].is_multiple_of(3) {
            let answer = store.commit(commit);
            answers.extend(tickets.drain(..).map(Ticket::wait));
            answers.push(answer);
        } else {
            tickets.push(store.append(commit));
        }
    }
    answers.extend(tickets.into_iter().map(Ticket::wait));
    answers.into_iter().map(comparable).collect()
}

/// An answer in what the stores must agree on: of a receipt all but the digest, for that covers the
/// versions of rows; of a stale row all but its version.
pub(crate) fn comparable(answer: Result<Receipt, AppendError>) -> Result<Receipt, AppendError> {
    answer.map(without_digest).map_err(Versions::refused)
}

fn without_digest(mut receipt: Receipt) -> Receipt {
    receipt.digest = Digest(0);
    receipt
}

/// Every row that there is, with its version.
pub(crate) fn rows(store: &dyn EventStore) -> Vec<(Name, ViewRow)> {
    let all = |view: Name| {
        let rows = store.rows(&view, b"", None, usize::MAX).unwrap();
        rows.into_iter().map(move |row| (view.clone(), row)).collect::<Vec<_>>()
    };
    VIEWS.map(name).into_iter().flat_map(all).collect()
}

fn shown(answer: &impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

/// Every page from this one on. Where each ends is part of the answer if events bound it; bytes do so
/// only about.
fn all_pages(store: &dyn EventStore, read: &Read) -> String {
    let mut text = String::new();
    let mut page = Page::new();
    let mut next = Some(read.clone());
    while let Some(read) = next {
        if let Err(error) = store.read(&read, &mut page) {
            return text + &shown(&error);
        }
        assert!(page.len() <= read.max_events, "a page has too many events");
        assert!(page.is_last() || !page.is_empty(), "an empty page promises more");
        for event in page.iter() {
            show(event, &mut text);
        }
        if read.max_bytes == ROOMY {
            text += if page.is_last() { "the end\n" } else { "a page\n" };
        }
        next = page.next_read(&read);
    }
    text
}

fn show(event: EventRef<'_>, text: &mut String) {
    let place = (event.position(), event.category(), event.stream(), event.version());
    let kind = (event.kind(), event.kind_version());
    let ids = (event.id(), event.correlation(), event.causation());
    let times = (event.occurred_at(), event.recorded_at(), event.checksum());
    let tags: Vec<_> = event.tags().collect();
    let metadata: Vec<_> = event.metadata().collect();
    writeln!(
        text,
        "{place:?} {kind:?} {ids:?} {times:?} {tags:?} {metadata:?} {:?} {:?}",
        event.payload(),
        event.payload_digest()
    )
    .unwrap();
}

/// Every payload and every snapshot: what an erasure reaches.
pub(crate) fn kept() -> impl Iterator<Item = Act> {
    snapshots().chain([Act::Read(Read::log(Query::all()))])
}

fn snapshots() -> impl Iterator<Item = Act> {
    STREAMS.map(|id| Act::Snapshot(stream(id))).into_iter()
}

/// Everything that can be asked of a store that came to be what the world is.
pub(crate) fn everything(world: &World) -> Vec<Act> {
    let mut reads = vec![Read::log(Query::all())];
    reads.extend(STREAMS.map(|id| Read::stream(stream(id))));
    reads.extend(CATEGORIES.map(|category| Read::log(Query::category(name(category)))));
    reads.extend(KINDS.map(|kind| Read::log(Query::kinds([name(kind)]))));
    reads.extend(TAGS.map(|tag| Read::log(Query::tag(name(tag)))));
    let backwards = reads.clone().into_iter().map(|read| read.backwards().page_of(3));
    let mut acts: Vec<_> = reads.clone().into_iter().chain(backwards).map(Act::Read).collect();
    for category in CATEGORIES {
        acts.push(Act::Streams { category: name(category), after: None, limit: usize::MAX });
    }
    acts.extend(CHECKPOINTS.map(|checkpoint| Act::Checkpoint(name(checkpoint))));
    acts.extend(snapshots());
    for view in VIEWS.map(name) {
        for key in KEYS.map(<[u8]>::to_vec) {
            acts.push(Act::Row { view: view.clone(), key });
        }
        acts.push(Act::Rows { view, prefix: Vec::new(), after: None, limit: usize::MAX });
    }
    acts.extend(world.tried.iter().map(|commit| Act::Receipt(commit.id)));
    acts.extend([Act::Schemas, Act::Verify, Act::Head]);
    acts
}
