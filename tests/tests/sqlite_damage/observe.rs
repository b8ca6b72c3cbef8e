//! Everything that can be asked of the specimen, and how an answer relates to the right one.

use vitae::store::{EventRef, EventStore, Page, Query, Read, ReadError};
use vitae_tests::{name, stream};

use crate::specimen::{COMMITS, id};

/// What a question is about, and its answer: each thing that was shown, with all there is to it.
pub(crate) type Answer = (&'static str, Result<Vec<String>, ReadError>);

/// How an answer relates to what was written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Verdict {
    Same,
    Reported,
    /// Some of what was written is not shown, and nothing else is.
    Hidden,
    /// Something is shown that was not written.
    Wrong,
}

/// What questions about events are about. Of these, nothing wrong may ever be shown.
pub(crate) const EVENTS: [&str; 5] = ["log", "kind", "category", "tag", "stream"];

pub(crate) fn observe(store: &dyn EventStore) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (what, read) in reads() {
        answers.push((what, events(store, &read)));
        answers.push((what, events(store, &read.backwards())));
    }
    for category in ["a", "b"] {
        let listed = store.streams(&name(category), None, usize::MAX);
        answers.push(("streams of a category", shown(listed)));
    }
    for nth in 0..=COMMITS {
        answers.push(("receipt", shown(store.receipt(id(nth)))));
    }
    for nth in 0..COMMITS {
        answers.push(("row", shown(store.row(&name("v"), &[nth]))));
    }
    answers.push(("rows", shown(store.rows(&name("v"), b"", None, usize::MAX))));
    answers.push(("row", shown(store.row(&name("w"), b"k"))));
    answers.push(("checkpoint", shown(store.checkpoint(&name("c")))));
    answers.push(("schemas", shown(store.schemas())));
    answers.push(("head", shown(store.head())));
    answers
}

fn reads() -> Vec<(&'static str, Read)> {
    let mut reads = vec![
        ("log", Read::log(Query::all())),
        ("kind", Read::log(Query::kinds([name("y")]))),
        ("category", Read::log(Query::category(name("b")))),
        ("tag", Read::log(Query::tag(name("t")))),
        ("tag", Read::log(Query::tag(name("u")))),
        ("stream", Read::stream(stream("a/1"))),
    ];
    for nth in 0..COMMITS {
        reads.push(("tag", Read::log(Query::tag(name(&format!("t:{nth}"))))));
        reads.push(("stream", Read::stream(stream(&format!("b/{nth}")))));
    }
    reads
}

fn events(store: &dyn EventStore, read: &Read) -> Result<Vec<String>, ReadError> {
    let mut page = Page::new();
    store.read(read, &mut page)?;
    Ok(page.iter().map(show).collect())
}

pub(crate) fn show(event: EventRef<'_>) -> String {
    let place = (event.position(), event.category(), event.stream(), event.version());
    let kind = (event.kind(), event.kind_version());
    let ids = (event.id(), event.correlation(), event.causation());
    let times = (event.occurred_at(), event.recorded_at());
    let tags: Vec<_> = event.tags().collect();
    let metadata: Vec<_> = event.metadata().collect();
    format!("{place:?} {kind:?} {ids:?} {times:?} {tags:?} {metadata:?} {:?}", event.payload())
}

fn shown<T: std::fmt::Debug>(
    found: Result<impl IntoIterator<Item = T>, ReadError>,
) -> Result<Vec<String>, ReadError> {
    Ok(found?.into_iter().map(|thing| format!("{thing:?}")).collect())
}

pub(crate) fn judge(answer: &Answer, right: &Answer) -> Verdict {
    let (Ok(answer), Ok(right)) = (&answer.1, &right.1) else {
        return Verdict::Reported;
    };
    let mut written = right.iter();
    match answer.iter().all(|thing| written.any(|other| other == thing)) {
        true if answer.len() == right.len() => Verdict::Same,
        true => Verdict::Hidden,
        false => Verdict::Wrong,
    }
}
