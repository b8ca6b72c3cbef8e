//! Who gets which events.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use vitae::store::Query;
use vitae::{ConsumerError, Start};
use vitae_tests::Subject;

use crate::support::*;
use crate::team::*;

on_every_store! {
    every_event_comes_to_one_member_in_the_order_of_its_entity
    what_is_not_done_comes_again_when_others_have_had_their_turn
    what_is_not_done_comes_again_after_a_while_however_much_else_there_is
    a_partition_that_nobody_gets_through_with_stops_no_other
    a_member_sees_only_what_its_query_says
    batches_are_bounded
    a_member_is_woken_by_what_comes
    groups_know_nothing_of_each_other
    with_another_number_of_partitions_it_does_not_start
}

fn every_event_comes_to_one_member_in_the_order_of_its_entity(log: Subject) {
    let team = Team::new(&log);
    let group = team.group().partitions(16).batch_of(5).start(Start::Beginning).unwrap();
    let mut members = vec![group.join().unwrap()];
    for _ in 0..2 {
        members.push(group.join().unwrap());
        team.advance(LEASE / 3);
        members.iter_mut().for_each(|member| drop(next(member)));
    }
    let mut owners: HashMap<String, usize> = HashMap::new();
    let mut seen = Vec::new();
    for round in 0..4 {
        for entity in 0..40 {
            add(&team.bus, &entity.to_string(), round);
        }
        for (number, member) in members.iter_mut().enumerate() {
            let done = work(member);
            assert!(!done.is_empty());
            for (entity, _) in &done {
                assert_eq!(*owners.entry(entity.clone()).or_insert(number), number);
            }
            for (entity, at) in &done {
                let of_entity = done.iter().filter(|(of, _)| of == entity);
                assert!(of_entity.map(|(_, at)| at).is_sorted(), "{entity} at {at}");
            }
            seen.extend(done);
        }
    }
    assert_eq!(positions(seen), (1..=160).collect::<Vec<_>>());
    assert!(members.iter_mut().all(|member| next(member).is_none()));
}

fn what_is_not_done_comes_again_when_others_have_had_their_turn(log: Subject) {
    let team = Team::new(&log);
    let mut member = team.start().join().unwrap();
    (0..9).for_each(|entity| add(&team.bus, &entity.to_string(), 1));
    let mut first = HashMap::new();
    for _ in 0..4 {
        let batch = next(&mut member).unwrap();
        assert!(first.insert(batch.partition(), events(&batch)).is_none(), "too early");
    }
    for _ in 0..2 {
        let mut again = HashSet::new();
        for _ in 0..4 {
            let batch = next(&mut member).unwrap();
            assert_eq!(first[&batch.partition()], events(&batch));
            assert!(again.insert(batch.partition()), "not in turn");
        }
    }
    assert_eq!(positions(work(&mut member)), (1..=9).collect::<Vec<_>>());
    assert!(next(&mut member).is_none());
}

fn what_is_not_done_comes_again_after_a_while_however_much_else_there_is(log: Subject) {
    let team = Team::new(&log);
    let mut member = team.start().join().unwrap();
    (0..20).for_each(|entity| add(&team.bus, &entity.to_string(), 1));
    let stuck = next(&mut member).unwrap().partition();
    let other = next(&mut member).unwrap().iter().next().unwrap().stream().to_owned();
    let mut came = 0;
    for _ in 0..36 {
        add(&team.bus, &other, 1);
        team.advance(LEASE / 9);
        let batch = next(&mut member).unwrap();
        if batch.partition() == stuck {
            came += 1;
        } else {
            batch.done().unwrap();
        }
    }
    assert!((6..=12).contains(&came), "in four leases it came {came} times");
}

fn a_partition_that_nobody_gets_through_with_stops_no_other(log: Subject) {
    let team = Team::new(&log);
    let group = team.group().batch_of(3).start(Start::Beginning).unwrap();
    let mut member = group.join().unwrap();
    (0..40).for_each(|number| add(&team.bus, &(number % 10).to_string(), 1));
    let stuck = next(&mut member).unwrap().partition();
    let mut done = Vec::new();
    let mut in_vain = 0;
    while in_vain < 3 {
        let batch = next(&mut member).unwrap();
        assert!(batch.iter().len() <= 3);
        if batch.partition() == stuck {
            in_vain += 1;
            continue;
        }
        done.extend(events(&batch));
        batch.done().unwrap();
        if done.len() % 3 == 0 && done.len() < 60 {
            add(&team.bus, "0", 1);
        }
    }
    // When it gets through at last, nothing of it is missing, and nothing of the others comes again.
    done.extend(work(&mut member));
    let head = team.bus.store().head().unwrap().unwrap().get();
    assert_eq!(positions(done), (1..=head).collect::<Vec<_>>());
}

fn a_member_sees_only_what_its_query_says(log: Subject) {
    let team = Team::new(&log);
    let query = team.bus.events_of::<Count>().unwrap();
    let group = team.bus.consumers("counts", query).start(Start::Beginning).unwrap();
    for _ in 0..3 {
        write(&team.bus, "a", "text");
        add(&team.bus, "a", 1);
    }
    assert_eq!(positions(work(&mut group.join().unwrap())), [2, 4, 6]);
}

fn batches_are_bounded(log: Subject) {
    let team = Team::new(&log);
    let group = team.group().batch_of(3).start(Start::Beginning).unwrap();
    (0..8).for_each(|_| add(&team.bus, "a", 1));
    let mut member = group.join().unwrap();
    for expected in [&[1, 2, 3][..], &[4, 5, 6], &[7, 8]] {
        let batch = next(&mut member).unwrap();
        assert_eq!(positions(events(&batch)), expected);
        batch.done().unwrap();
    }
}

fn a_member_is_woken_by_what_comes(log: Subject) {
    let team = Team::new(&log);
    let mut member = team.start().join().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            let batch = member.next_timeout(Duration::from_secs(60)).unwrap().unwrap();
            (events(&batch), batch.done().unwrap()).0
        });
        add(&team.bus, "a", 1);
        assert_eq!(waiting.join().unwrap(), [("count/a".to_owned(), 1)]);
    });
}

fn groups_know_nothing_of_each_other(log: Subject) {
    let team = Team::new(&log);
    add(&team.bus, "a", 1);
    // The name of one begins with that of the other.
    for name in ["mailer", "mailer/1", "mail"] {
        let group = team.bus.consumers(name, Query::all()).start(Start::Beginning).unwrap();
        let mut member = group.join().unwrap();
        assert_eq!(held(&member).len(), 16, "of {name}");
        assert_eq!(positions(work(&mut member)), [1]);
        std::mem::forget(member);
    }
}

fn with_another_number_of_partitions_it_does_not_start(log: Subject) {
    let team = Team::new(&log);
    team.start();
    let error = team.group().partitions(8).start(Start::Beginning).unwrap_err();
    assert!(matches!(error, ConsumerError::OtherPartitions { started: 4, asked: 8, .. }));
    for asked in [0, 1_025, u16::MAX] {
        let error = team.group().partitions(asked).start(Start::Beginning).unwrap_err();
        assert!(matches!(error, ConsumerError::Partitions { asked: of } if of == asked));
    }
    let most = team.bus.consumers("many", Query::all()).partitions(1_024);
    let member = most.start(Start::Beginning).unwrap().join().unwrap();
    assert_eq!(held(&member).len(), 1_024);
    for name in ["", "n\0", &"n".repeat(502)] {
        let error = team.bus.consumers(name, Query::all()).start(Start::Beginning).unwrap_err();
        assert!(matches!(error, ConsumerError::InvalidName(_)), "{error}");
    }
    let of_library = team.bus.consumers("vitae.mailer", Query::all());
    let error = of_library.start(Start::Beginning).unwrap_err();
    assert!(matches!(error, ConsumerError::Reserved { .. }), "{error}");
    team.start();
}
