//! Whether a store that was found holds what it must, and nothing else.
//!
//! Owns the comparison of a store with what was attempted and acknowledged. Asks only through the
//! store contract: knows no table and no file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use vitae::store::{Commit, EventStore, Page, Query, Read, Receipt};
use vitae::{CommitId, Name, StreamId};
use vitae_sqlite::SqliteStore;

use crate::workload::{draft, name};

/// What is wrong with a store.
#[derive(Debug)]
pub enum Verdict {
    /// It is whole, but this commit, which was acknowledged, is not in it.
    Lost(CommitId),
    /// It is not a prefix of what was attempted, or contradicts itself.
    Broken(String),
}

/// The author of the commit that a store must take after it was found.
const LATER: u8 = 200;

/// An event as it was attempted or found: stream, tags, payload.
type Content = (String, Vec<String>, Vec<u8>);

/// Opens the store at a path and judges it; then it must take a further commit. Says how many
/// commits were found.
///
/// # Errors
/// [`Verdict`].
pub fn judge(
    path: &Path,
    attempted: &[Commit],
    acknowledged: &[Receipt],
) -> Result<usize, Verdict> {
    let store = SqliteStore::open(path).map_err(broken)?;
    let found = judge_store(&store, attempted, acknowledged)?;
    let commit = draft(&store, LATER).map_err(broken)?;
    let receipt = store.append(commit.clone()).wait().map_err(broken)?;
    let again = store.commit(commit).map_err(broken)?;
    ensure(again == receipt.clone().repeated(), || format!("{again:?} is not {receipt:?}"))?;
    Ok(found)
}

/// Judges an open store: acknowledged ⊆ found ⊆ attempted, each commit whole, rows and checkpoints
/// in step with their events, every way of reading in agreement.
///
/// # Errors
/// [`Verdict`].
pub fn judge_store(
    store: &dyn EventStore,
    attempted: &[Commit],
    acknowledged: &[Receipt],
) -> Result<usize, Verdict> {
    let attempted: HashMap<_, _> = attempted.iter().map(|commit| (commit.id, commit)).collect();
    let events = store.verify().map_err(broken)?;
    let found = commits(store)?;
    let number = found.iter().map(|(_, _, events)| events.len() as u64).sum::<u64>();
    ensure(events == number, || format!("verify counts {events} events, reading {number}"))?;
    let mut ids = BTreeSet::new();
    for (id, first, events) in &found {
        let commit = attempted.get(id);
        let commit = commit.ok_or_else(|| broken(format!("{id} was never attempted")))?;
        ensure(ids.insert(*id), || format!("{id} stands there twice"))?;
        ensure(*events == content(commit), || format!("{id} is not as it was attempted"))?;
        let receipt = store.receipt(*id).map_err(broken)?;
        let positions = receipt.and_then(|receipt| receipt.positions);
        let positions = positions.map(|(first, last)| (first.get(), last.get()));
        let expected = Some((*first, first + events.len() as u64 - 1));
        ensure(positions == expected, || format!("{id} is at {expected:?}, not {positions:?}"))?;
    }
    for id in attempted.keys().filter(|id| !ids.contains(id)) {
        let receipt = store.receipt(*id).map_err(broken)?;
        ensure(receipt.is_none(), || format!("{id} has a receipt and no events"))?;
    }
    in_step(store, &found)?;
    for receipt in acknowledged {
        match store.receipt(receipt.commit).map_err(broken)? {
            None => return Err(Verdict::Lost(receipt.commit)),
            Some(found) => {
                let same = found.clone().repeated() == receipt.clone().repeated();
                ensure(same, || format!("{found:?} was {receipt:?}"))?;
            }
        }
    }
    Ok(found.len())
}

/// The commits in the log, with their first positions, in order.
fn commits(store: &dyn EventStore) -> Result<Vec<(CommitId, u64, Vec<Content>)>, Verdict> {
    let mut commits: Vec<(CommitId, u64, Vec<Content>)> = Vec::new();
    let mut versions: HashMap<String, u64> = HashMap::new();
    let mut positions = 0;
    for event in read(store, Read::log(Query::all()))?.iter() {
        let content = seen(&event);
        positions += 1;
        let version = versions.entry(content.0.clone()).or_default();
        *version += 1;
        let place = (event.position().get(), event.version().get());
        ensure(place == (positions, *version), || format!("{place:?}: a gap in {}", content.0))?;
        match commits.last_mut() {
            Some((id, _, events)) if *id == event.id().commit => events.push(content),
            _ => commits.push((event.id().commit, positions, vec![content])),
        }
    }
    Ok(commits)
}

/// Whether streams, tags, rows and checkpoints say what the log says.
fn in_step(store: &dyn EventStore, found: &[(CommitId, u64, Vec<Content>)]) -> Result<(), Verdict> {
    let mut streams: BTreeMap<&str, Vec<&Content>> = BTreeMap::new();
    let mut tags: BTreeMap<&str, Vec<&Content>> = BTreeMap::new();
    for content in found.iter().flat_map(|(_, _, events)| events) {
        streams.entry(&content.0).or_default().push(content);
        for tag in &content.1 {
            tags.entry(tag).or_default().push(content);
        }
    }
    for (tag, events) in tags {
        agree(store, Read::log(Query::tag(name(tag))), &events, tag)?;
    }
    for (stream, events) in &streams {
        let (category, id) = stream.split_once('/').unwrap();
        agree(store, Read::stream(StreamId::new(category, id).unwrap()), events, stream)?;
        if let Some(author) = stream.strip_prefix("own/") {
            author_in_step(store, author.parse().unwrap(), events.len() as u64)?;
        }
    }
    let listed = store.streams(&name("own"), None, 1_000).map_err(broken)?;
    let written = streams.keys().filter(|stream| stream.starts_with("own/")).count();
    ensure(listed.len() == written, || format!("{listed:?} of {streams:?}"))?;
    let rows = store.rows(&name("counts"), &[], None, 1_000).map_err(broken)?;
    ensure(rows.len() == written, || format!("{} rows of {written} authors", rows.len()))
}

/// Whether the rows and the checkpoint of an author fit the number of the author's commits.
fn author_in_step(store: &dyn EventStore, author: u8, commits: u64) -> Result<(), Verdict> {
    let value = |view: Name| store.row(&view, &[author]).map_err(broken);
    let expected = Some(commits.to_be_bytes().to_vec());
    let count = value(name("counts"))?.map(|row| row.value);
    ensure(count == expected, || format!("author {author}: row {count:?}, not {commits}"))?;
    let odd = value(name("odd"))?.map(|row| row.value);
    let fits = odd == expected.clone().filter(|_| commits % 2 == 1);
    ensure(fits, || format!("author {author}: row {odd:?} after {commits}"))?;
    // Asking for it holds its position and checksum against the log.
    let checkpoint = store.checkpoint(&name(&format!("reader-{author}"))).map_err(broken)?;
    let cursor = checkpoint.map(|checkpoint| checkpoint.cursor);
    ensure(cursor == expected, || format!("author {author}: checkpoint at {cursor:?}"))
}

fn agree(
    store: &dyn EventStore,
    selection: Read,
    expected: &[&Content],
    what: &str,
) -> Result<(), Verdict> {
    let page = read(store, selection)?;
    let same =
        page.iter().map(|event| seen(&event)).eq(expected.iter().map(|&event| event.clone()));
    ensure(same, || format!("`{what}` reads otherwise than the log"))
}

fn read(store: &dyn EventStore, read: Read) -> Result<Page, Verdict> {
    let mut all = Page::new();
    (store as &dyn EventStore)
        .visit(read, |event| {
            all.keep(event);
            Ok::<_, vitae::store::ReadError>(std::ops::ControlFlow::Continue(()))
        })
        .map_err(broken)?;
    Ok(all)
}

fn seen(event: &vitae::store::EventRef<'_>) -> Content {
    (
        format!("{}/{}", event.category(), event.stream()),
        event.tags().map(str::to_owned).collect(),
        event.payload().unwrap_or_default().to_vec(),
    )
}

fn content(commit: &Commit) -> Vec<Content> {
    let events = commit.events.iter().map(|event| {
        let stream = &commit.streams[event.stream].id;
        (
            format!("{}/{}", stream.category(), stream.id()),
            event.tags.iter().map(str::to_owned).collect(),
            event.payload.bytes().unwrap().to_vec(),
        )
    });
    events.collect()
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Verdict> {
    if holds { Ok(()) } else { Err(Verdict::Broken(otherwise())) }
}

fn broken(reason: impl std::fmt::Debug) -> Verdict {
    Verdict::Broken(format!("{reason:?}"))
}
