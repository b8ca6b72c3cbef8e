//! Members on several handles of one file, as in several processes.

use std::sync::Arc;

use vitae::ManualClock;
use vitae_tests::Subject;

use crate::support::*;
use crate::team::*;

on_every_store! {
    members_on_several_handles_share_and_take_over
    members_in_several_threads_share
}

fn members_on_several_handles_share_and_take_over(log: Subject) {
    let Some(second) = log.second() else { return };
    let here = Team::new(&log);
    let there = Team::on(second, Arc::clone(&here.clock));
    let (mut one, mut other) = (here.start().join().unwrap(), there.start().join().unwrap());
    for _ in 0..2 {
        here.advance(LEASE / 3);
        assert_eq!((work(&mut one), work(&mut other)), (Vec::new(), Vec::new()));
    }
    assert_eq!([held(&one), held(&other)], [[0, 1], [2, 3]]);
    (0..30).for_each(|entity| add(&here.bus, &(entity % 10).to_string(), 1));
    let mut done = work(&mut one);
    assert!(!done.is_empty() && done.len() < 30);

    // One of them dies with its batch, and comes back too late.
    let late = next(&mut other).unwrap();
    here.advance(LEASE);
    done.extend(work(&mut one));
    assert_eq!(held(&one), [0, 1, 2, 3]);
    assert!(late.done().is_err());
    assert!(next(&mut other).is_none());
    assert_eq!(positions(done), (1..=30).collect::<Vec<_>>());
}

const EVENTS: u64 = 60;

fn members_in_several_threads_share(log: Subject) {
    let stores = [log.shared(), log.second().unwrap_or_else(|| log.shared())];
    // The time stands still: nobody dies, whatever the machine does meanwhile.
    let clock = Arc::new(ManualClock::new(vitae::Timestamp::from_micros(0)));
    let teams = stores.map(|store| Team::on(store, Arc::clone(&clock)));
    let groups: Vec<_> = teams.iter().map(Team::start).collect();
    let mut members: Vec<_> = (0..4).map(|number| groups[number % 2].join().unwrap()).collect();
    for _ in 0..2 {
        teams[0].advance(LEASE / 3);
        members.iter_mut().for_each(|member| assert_eq!(work(member), []));
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for mut member in members {
            let sender = sender.clone();
            scope.spawn(move || {
                assert_eq!(held(&member).len(), 1);
                // Ends with the event that the test writes last for each partition.
                let mut ended = false;
                while !ended {
                    let batch = member.next_timeout(std::time::Duration::from_secs(60)).unwrap();
                    let batch = batch.expect("it was not woken");
                    ended = batch.iter().any(|event| event.kind() == "life.end");
                    sender.send(events(&batch)).unwrap();
                    batch.done().unwrap();
                }
                // Gone in order only when all have had what is theirs.
                std::mem::forget(member);
            });
        }
        for number in 0..EVENTS {
            add(&teams[0].bus, &(number % 12).to_string(), 1);
        }
        for last in one_for_each_partition() {
            let count = teams[1].bus.load::<Count>(&last).unwrap();
            teams[1].bus.commit(count.record(Ended).unwrap()).unwrap();
        }
    });
    drop(sender);
    let seen = positions(receiver.iter().flatten());
    assert_eq!(seen, (1..=EVENTS + 4).collect::<Vec<_>>());
}

/// An entity in each of the four partitions, found as the format says: XXH3-64 of the id, with that
/// of the category as seed.
fn one_for_each_partition() -> Vec<String> {
    let team = Team::new(&memory());
    let mut member = team.start().join().unwrap();
    (100..200).for_each(|id| add(&team.bus, &id.to_string(), 1));
    let mut found = Vec::new();
    while let Some(batch) = next(&mut member) {
        found.push(batch.iter().next().unwrap().stream().to_owned());
        batch.done().unwrap();
    }
    assert_eq!(found.len(), 4);
    found
}
