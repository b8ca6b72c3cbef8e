//! R13 and R19: bad input, and strange input.

#![allow(missing_docs)]

use crate::store::{
    AppendError, Checkpoint, ExpectedVersion, InvalidCommit, NameList, Page, Query, Read,
};
use crate::{CommitId, RowVersion, Timestamp};

use crate::testing::store::{Draft, Subject, name, position, read_all, stream, version};

fn refusal(store: &Subject, draft: &Draft) -> InvalidCommit {
    match draft.try_on(&**store).unwrap_err() {
        AppendError::Invalid(invalid) => invalid,
        error => panic!("{error}"),
    }
}

pub fn r13_bad_input_is_refused(store: Subject) {
    let good = Draft::new().on("a/1").event("x", b"");
    let bad = |change: &dyn Fn(&mut Draft)| {
        let mut draft = good.clone();
        change(&mut draft);
        refusal(&store, &draft)
    };
    assert_eq!(refusal(&store, &Draft::new()), InvalidCommit::Empty);
    let too_large = bad(&|draft| draft.0.events[0].payload = vec![0; (1 << 20) + 1].into());
    assert!(matches!(too_large, InvalidCommit::TooLarge { .. }));
    let tags = (0..65).map(|number| format!("t{number}")).collect::<Vec<_>>();
    let tags = NameList::try_from(tags).unwrap();
    let too_many = bad(&|draft| draft.0.events[0].tags = tags.clone());
    assert!(matches!(too_many, InvalidCommit::TooLarge { .. }));
    let no_stream = bad(&|draft| draft.0.events[0].stream = 1);
    assert!(matches!(no_stream, InvalidCommit::NoSuchStream { index: 1 }));
    let twice = refusal(&store, &good.clone().on("a/1").event("x", b""));
    assert!(matches!(twice, InvalidCommit::RepeatedStream { .. }));
    let no_schema = bad(&|draft| draft.0.schemas.clear());
    assert!(matches!(no_schema, InvalidCommit::NoSchema { .. }));
    let row = good.clone().row("v", b"k", None, None).row("v", b"k", None, None);
    assert!(matches!(refusal(&store, &row), InvalidCommit::RepeatedRow { .. }));
    let many = bad(&|draft| draft.0.events = vec![draft.0.events[0].clone(); 65_537]);
    assert!(matches!(many, InvalidCommit::TooManyEvents { .. }));
    assert_eq!(read_all(&*store), []);
    // The bounds themselves are good.
    let mut largest = good.clone();
    largest.0.events[0].payload = vec![0; 1 << 20].into();
    largest.must(&*store);
    let long = "é".repeat(256);
    Draft::new().on(&format!("{long}/{long}")).event(&long, b"").tag(&long).must(&*store);
    assert_eq!(store.verify().unwrap(), 2);
}

pub fn r13_numbers_out_of_range_do_no_harm(store: Subject) {
    let huge = version(u64::MAX);
    let draft = Draft::new().expecting("a/1", ExpectedVersion::Exact(huge)).event("x", b"");
    assert!(matches!(draft.try_on(&*store), Err(AppendError::Conflict { actual: None, .. })));
    let row = Draft::new().row("v", b"k", RowVersion::new(u64::MAX), Some(b""));
    assert!(matches!(row.try_on(&*store), Err(AppendError::StaleRow { actual: None, .. })));
    let to = Checkpoint { position: Some(position(u64::MAX)), checksum: None, cursor: Vec::new() };
    let moving = Draft::new().moving("c", None, to);
    assert!(matches!(refusal(&store, &moving), InvalidCommit::OutOfRange { .. }));
    for micros in [i64::MIN, -1, i64::MAX] {
        let mut draft = Draft::new().on("a/1").event("x", b"");
        draft.0.events[0].occurred_at = Timestamp::from_micros(micros);
        draft.must(&*store);
        let last = Read::log(Query::all()).backwards();
        let mut page = Page::new();
        store.read(&last, &mut page).unwrap();
        assert_eq!(page.iter().next().unwrap().occurred_at().as_micros(), micros);
    }
}

pub fn r19_strange_questions_get_answers(store: Subject) {
    Draft::new().on("a/1").event("x", b"").must(&*store);
    let mut page = Page::new();
    for mut read in [Read::log(Query::all()), Read::stream(stream("a/1"))] {
        read = read.from_position(position(u64::MAX)).from_version(version(u64::MAX));
        store.read(&read, &mut page).unwrap();
        assert!(page.is_empty() && page.is_last());
        store.read(&read.clone().backwards(), &mut page).unwrap();
        assert_eq!(page.len(), 1);
        read.max_events = usize::MAX;
        read.max_bytes = usize::MAX;
        store.read(&read, &mut page).unwrap();
    }
    let mut read = Read::log(Query::all());
    read.max_events = 0;
    store.read(&read, &mut page).unwrap();
    assert_eq!(page.len(), 1, "a page holds at least one event");
    let quote = name("'; DROP TABLE events; --%_\"\u{10ffff}");
    assert_eq!(store.streams(&quote, Some(&quote), usize::MAX).unwrap(), []);
    assert_eq!(store.checkpoint(&quote).unwrap(), None);
    assert_eq!(store.row(&quote, &[0, 255]).unwrap(), None);
    assert_eq!(store.rows(&quote, &[255], Some(&[0]), usize::MAX).unwrap(), []);
    assert_eq!(store.receipt(CommitId::from_bytes([0; 16])).unwrap(), None);
    store.read(&Read::log(Query::tag(quote)), &mut page).unwrap();
    assert!(page.is_empty());
}
