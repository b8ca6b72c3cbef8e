//! R17: conditions on the log.

#![allow(missing_docs)]

use std::sync::Barrier;
use std::thread;

use super::reads::{fill, queries};
use crate::store::{AppendError, Condition, Query, QueryItem};
use crate::testing::store::{Draft, Seen, Subject, name, position, read_all};

pub fn r17_a_condition_holds_or_nothing_is_written(store: Subject) {
    Draft::new().on("a/1").event("x", b"").tag("t").event("y", b"").tag("t").tag("u").must(&*store);
    let item = |kind: &str, tags: &[&str]| QueryItem {
        kinds: vec![name(kind)],
        tags: tags.iter().map(|tag| name(tag)).collect(),
        ..QueryItem::default()
    };
    let query = |items: &[QueryItem]| Query { items: items.to_vec() };
    let attempt = |query: Query, after: Option<u64>| {
        let draft = Draft::new().on("b/1").event("z", b"").unless(query, after.map(position));
        match draft.try_on(&*store) {
            Ok(_) => None,
            Err(AppendError::ConditionFailed { condition: 0, position }) => Some(position.get()),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(attempt(query(&[item("y", &["t", "u"])]), None), Some(2));
    assert_eq!(attempt(query(&[item("x", &["u"]), item("x", &["t"])]), None), Some(1));
    assert_eq!(attempt(Query::tag(name("t")), Some(1)), Some(2));
    assert_eq!(attempt(Query::category(name("a")), None), Some(1));
    assert_eq!(attempt(Query::all(), Some(1)), Some(2));
    assert_eq!(read_all(&*store).len(), 2);
    assert_eq!(attempt(query(&[item("x", &["u"])]), None), None);
    assert_eq!(attempt(Query::tag(name("t")), Some(2)), None);
    // It is not asked of the commit's own events.
    assert_eq!(attempt(Query::kinds([name("q")]), None), None);
    assert_eq!(attempt(Query::all(), Some(u64::MAX)), None);
    let second = Draft::new()
        .on("b/1")
        .event("z", b"")
        .unless(Query::kinds([name("q")]), None)
        .unless(Query::kinds([name("y")]), None);
    let error = second.try_on(&*store).unwrap_err();
    assert!(matches!(error, AppendError::ConditionFailed { condition: 1, .. }));
}

/// The first condition that does not hold, counted from 0, and the first event that it finds.
fn broken(model: &[Seen], conditions: &[Condition]) -> Option<(usize, u64)> {
    conditions.iter().enumerate().find_map(|(index, condition)| {
        let after = condition.after.map_or(0, |after| after.get());
        let found =
            model.iter().find(|seen| seen.position > after && seen.matches(&condition.query));
        Some((index, found?.position))
    })
}

pub fn r17_a_condition_finds_what_a_read_finds(mut store: Subject) {
    let model = fill(&store);
    store.reopen();
    let afters = [None, Some(1), Some(44), Some(89), Some(90), Some(u64::MAX)];
    let asked: Vec<Condition> = queries()
        .into_iter()
        .flat_map(|query| {
            afters.map(|after| Condition { query: query.clone(), after: after.map(position) })
        })
        .collect();
    let holding: Vec<Condition> =
        asked.iter().filter(|one| broken(&model, &[(*one).clone()]).is_none()).cloned().collect();
    let several = asked.iter().zip(holding.iter().cycle());
    let several = several.map(|(one, holds)| vec![holds.clone(), one.clone(), holds.clone()]);
    for conditions in asked.iter().map(|one| vec![one.clone()]).chain(several) {
        // A row that is not there and stays so: a commit that leaves no trace in the log.
        let mut draft = Draft::new().row("v", b"k", None, None);
        draft.0.conditions.clone_from(&conditions);
        let found = match draft.try_on(&*store) {
            Ok(_) => None,
            Err(AppendError::ConditionFailed { condition, position }) => {
                Some((condition, position.get()))
            }
            Err(error) => panic!("{conditions:?}: {error}"),
        };
        assert_eq!(found, broken(&model, &conditions), "{conditions:?}");
    }
    assert_eq!(store.verify().unwrap(), 90);
}

pub fn r17_of_several_that_decide_one_wins(store: Subject) {
    const DECIDERS: usize = 4;
    for round in 0..10 {
        let seat = Query::tag(name(&format!("seat-{round}")));
        let together = Barrier::new(DECIDERS);
        let wins: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..DECIDERS)
                .map(|decider| {
                    let (store, seat, together) = (store.shared(), seat.clone(), &together);
                    scope.spawn(move || {
                        let tag = seat.items[0].tags[0].clone();
                        let draft = Draft::new()
                            .on(&format!("a/{decider}"))
                            .event("x", b"")
                            .tag(tag.as_str())
                            .unless(seat, None);
                        together.wait();
                        match draft.try_on(&*store) {
                            Ok(_) => 1,
                            Err(AppendError::ConditionFailed { .. }) => 0,
                            Err(error) => panic!("{error}"),
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
    }
    assert_eq!(read_all(&*store).len(), 10);
}
