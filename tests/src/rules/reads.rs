//! R8: what a read finds, against a model.

#![allow(missing_docs)]

use std::collections::BTreeMap;

use vitae::store::{Metadata, Page, Query, QueryItem, Read};
use vitae::{CommitId, EventId, Timestamp};

use crate::{Draft, Seen, Subject, name, position, read_all, read_pages, stream, version};

/// Ninety events of three categories, three kinds and up to two tags each, and what they are.
fn fill(store: &Subject) -> Vec<Seen> {
    let mut model: Vec<Seen> = Vec::new();
    for number in 0..90_u8 {
        let id = format!("{}/{}", ["a", "b", "c"][usize::from(number % 3)], number % 4);
        let kind = ["x", "y", "z"][usize::from(number / 2 % 3)];
        let mut draft = Draft::new().on(&id).event(kind, &[number]);
        let mut tags = Vec::new();
        for (every, tag) in [(2, "even"), (5, "five")] {
            if number % every == 0 {
                draft = draft.tag(tag);
                tags.push(tag.to_owned());
            }
        }
        draft.must(&**store);
        let before = model.iter().filter(|seen| seen.stream == id).count() as u64;
        model.push(Seen {
            position: u64::from(number) + 1,
            version: before + 1,
            stream: id,
            kind: kind.to_owned(),
            tags,
            payload: vec![number],
        });
    }
    model
}

fn queries() -> Vec<Query> {
    let names = |texts: &[&str]| texts.iter().map(|text| name(text)).collect::<Vec<_>>();
    let item = |kinds: &[&str], categories: &[&str], tags: &[&str]| QueryItem {
        kinds: names(kinds),
        categories: names(categories),
        tags: names(tags),
    };
    let query = |items: &[QueryItem]| Query { items: items.to_vec() };
    vec![
        Query::all(),
        Query::kinds([name("x")]),
        Query::kinds([name("x"), name("z")]),
        Query::kinds([name("nothing")]),
        Query::category(name("b")),
        Query::tag(name("five")),
        Query::tag(name("nothing")),
        query(&[item(&["x"], &["a", "b"], &[])]),
        query(&[item(&["x"], &["a"], &["even"])]),
        query(&[item(&[], &[], &["five", "even"])]),
        query(&[item(&[], &[], &["nothing"]), item(&["y"], &[], &["five"])]),
        query(&[item(&[], &[], &["even"]), item(&[], &["c"], &["five"])]),
        query(&[item(&["z"], &[], &[]), item(&[], &[], &["five"])]),
        query(&[QueryItem::default()]),
    ]
}

fn expected(model: &[Seen], query: &Query, from: Option<u64>, backwards: bool) -> Vec<Seen> {
    let mut wanted: Vec<Seen> = model
        .iter()
        .filter(|seen| {
            let (category, _) = seen.stream.split_once('/').unwrap();
            query.matches(category, &seen.kind, seen.tags.iter().map(String::as_str))
        })
        .filter(|seen| match (from, backwards) {
            (None, _) => true,
            (Some(from), false) => seen.position >= from,
            (Some(from), true) => seen.position <= from,
        })
        .cloned()
        .collect();
    if backwards {
        wanted.reverse();
    }
    wanted
}

pub fn r08_the_log_is_filtered_by_kind_category_and_tag(mut store: Subject) {
    let model = fill(&store);
    assert_eq!(read_all(&*store), model);
    store.reopen();
    for query in queries() {
        for from in [None, Some(1), Some(45), Some(90), Some(91), Some(u64::MAX)] {
            for (backwards, page) in [(false, 1), (false, 7), (true, 7), (false, 999), (true, 999)]
            {
                let mut read = Read::log(query.clone()).page_of(page);
                if let Some(from) = from {
                    read = read.from_position(position(from));
                }
                if backwards {
                    read = read.backwards();
                }
                let wanted = expected(&model, &query, from, backwards);
                let shown = format!("{read:?}");
                assert_eq!(read_pages(&*store, read), wanted, "{shown}");
            }
        }
    }
}

pub fn r08_a_stream_is_read_in_both_directions(store: Subject) {
    let model = fill(&store);
    let of_stream: Vec<Seen> = model.iter().filter(|seen| seen.stream == "a/0").cloned().collect();
    assert!(of_stream.len() > 5);
    let id = stream("a/0");
    let count = of_stream.len() as u64;
    for from in [None, Some(1), Some(3), Some(count), Some(count + 1), Some(u64::MAX)] {
        for page in [1, 2, 999] {
            let mut read = Read::stream(id.clone()).page_of(page);
            if let Some(from) = from {
                read = read.from_version(version(from));
            }
            let forwards: Vec<Seen> = of_stream
                .iter()
                .filter(|seen| seen.version >= from.unwrap_or(1))
                .cloned()
                .collect();
            assert_eq!(read_pages(&*store, read.clone()), forwards);
            let backwards: Vec<Seen> = of_stream
                .iter()
                .rev()
                .filter(|seen| seen.version <= from.unwrap_or(u64::MAX))
                .cloned()
                .collect();
            assert_eq!(read_pages(&*store, read.backwards()), backwards);
        }
    }
    assert_eq!(read_pages(&*store, Read::stream(stream("a/nothing"))), []);
    assert_eq!(read_pages(&*store, Read::stream(stream("nothing/0"))), []);
}

pub fn r08_pages_are_bounded_by_bytes_and_hold_at_least_one_event(store: Subject) {
    for _ in 0..10 {
        Draft::new().on("a/1").event("x", &[7; 1_000]).must(&*store);
    }
    let mut page = Page::new();
    for (bytes, most) in [(0, 1), (1, 1), (3_000, 4), (1 << 20, 10)] {
        let mut read = Read::log(Query::all());
        read.max_bytes = bytes;
        store.read(&read, &mut page).unwrap();
        assert!((1..=most).contains(&page.len()), "{} events", page.len());
        assert_eq!(page.is_last(), page.len() == 10);
        assert_eq!(read_pages(&*store, read).len(), 10);
    }
    // A page that ends exactly at the last event promises nothing.
    store.read(&Read::log(Query::all()).page_of(10), &mut page).unwrap();
    assert!(page.is_last());
    store.read(&Read::log(Query::all()).page_of(9), &mut page).unwrap();
    assert!(!page.is_last());
    // What a page held is gone.
    store.read(&Read::stream(stream("a/2")), &mut page).unwrap();
    assert!(page.is_empty() && page.is_last());
}

pub fn r08_streams_of_a_category_are_listed(store: Subject) {
    // Bytewise: upper case before lower, and é after every ASCII letter.
    let ids = ["\u{1}", "B", "a", "a!", "aa", "z", "é"];
    for id in ids.iter().rev() {
        for category in ["a", "aa", "b"] {
            Draft::new().on(&format!("{category}/{id}")).event("x", b"").must(&*store);
        }
    }
    let list = |after: Option<&str>, limit| {
        let after = after.map(name);
        store.streams(&name("aa"), after.as_ref(), limit).unwrap()
    };
    let wanted: Vec<_> = ids.iter().map(|id| stream(&format!("aa/{id}"))).collect();
    assert_eq!(list(None, 99), wanted);
    assert_eq!(list(None, 2), wanted[..2]);
    assert_eq!(list(Some("a"), 99), wanted[3..]);
    assert_eq!(list(Some("az"), 99), wanted[5..]);
    assert_eq!(list(Some("ü"), 99), []);
    assert_eq!(list(None, 0), []);
    assert_eq!(store.streams(&name("c"), None, 9).unwrap(), []);
}

pub fn r08_events_come_back_as_they_went_in(mut store: Subject) {
    let cause = EventId { commit: CommitId::generate(), index: u32::MAX };
    let mut draft =
        Draft::new().on("ä/ö").event("kind", b"").event("kind", &[0, 255]).tag("é").tag("a");
    let event = &mut draft.0.events[1];
    event.occurred_at = Timestamp::from_micros(i64::MIN);
    event.correlation = cause.commit;
    event.causation = Some(cause);
    let map = BTreeMap::from([("k".to_owned(), "v".to_owned()), ("l".to_owned(), String::new())]);
    event.metadata = Metadata::new(&map).unwrap();
    let receipt = draft.must(&*store);
    store.reopen();
    let mut page = Page::new();
    store.read(&Read::log(Query::all()), &mut page).unwrap();
    let (first, second) = (page.iter().next().unwrap(), page.iter().next_back().unwrap());
    assert_eq!(first.id().commit, draft.0.id);
    assert_eq!((first.id().index, second.id().index), (0, 1));
    assert_eq!(first.correlation(), draft.0.id);
    assert_eq!((first.causation(), first.metadata().count(), first.tags().count()), (None, 0, 0));
    assert_eq!(first.payload().unwrap(), b"");
    assert_eq!((second.category(), second.stream(), second.kind()), ("ä", "ö", "kind"));
    assert_eq!(second.correlation(), cause.commit);
    assert_eq!(second.causation(), Some(cause));
    assert_eq!(second.occurred_at().as_micros(), i64::MIN);
    assert_eq!(second.recorded_at(), receipt.recorded_at);
    assert_eq!(second.tags().collect::<Vec<_>>(), ["é", "a"]);
    assert_eq!(second.metadata().collect::<Vec<_>>(), [("k", "v"), ("l", "")]);
    assert_eq!(second.payload().unwrap(), [0, 255]);
}

pub fn r08_many_events_of_two_tags_are_read_in_pages(store: Subject) {
    let mut draft = Draft::new().on("a/1");
    for number in 0..1_500_usize {
        draft = draft.event("x", b"");
        // Runs of one tag that are longer than a store may fetch at once.
        let tag = if number / 400 % 2 == 0 { "t" } else { "u" };
        if number % 3 != 0 {
            draft = draft.tag(tag);
        }
    }
    draft.must(&*store);
    let tags = ["t", "u"].map(|tag| Query::tag(name(tag)).items);
    let query = Query { items: tags.concat() };
    let wanted: Vec<u64> = (1..=1_500).filter(|position| (position - 1) % 3 != 0).collect();
    for page in [100, 256, 9_999] {
        let read = Read::log(query.clone()).page_of(page);
        let positions = |read: Read| -> Vec<u64> {
            read_pages(&*store, read).iter().map(|seen| seen.position).collect()
        };
        assert_eq!(positions(read.clone()), wanted);
        let mut backwards = positions(read.backwards());
        backwards.reverse();
        assert_eq!(backwards, wanted);
    }
}
