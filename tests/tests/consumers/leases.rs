//! How members come to their partitions and lose them.

use std::time::Duration;

use vitae::store::{Commit, Query, ReadError, RowChange};
use vitae::{CommitId, ConsumerError, MemberId, PartError, PartKind, PartState, Start};
use vitae_tests::Subject;

use crate::support::*;
use crate::team::*;

on_every_store! {
    a_member_that_joins_gets_its_share_when_the_others_let_it_go
    a_member_that_leaves_gives_its_partitions_back_at_once
    one_that_died_is_taken_over_after_the_lease_and_not_before
    who_works_keeps_its_partitions
    a_clock_that_is_set_back_stops_nobody
    there_may_be_more_members_than_partitions
    the_status_says_who_has_what
    the_status_of_a_bus_has_all_groups_of_the_log
    a_group_that_cannot_be_read_harms_no_other
    it_ends_with_the_store
}

fn a_member_that_joins_gets_its_share_when_the_others_let_it_go(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    let mut first = group.join().unwrap();
    assert_eq!(held(&first), [0, 1, 2, 3]);
    let mut second = group.join().unwrap();
    assert!(held(&second).is_empty());
    (0..20).for_each(|entity| add(&team.bus, &entity.to_string(), 1));
    // What is under way is not taken from it, and what it was about to get is another's.
    let under_way = next(&mut first).unwrap();
    let mut done = events(&under_way);
    team.advance(LEASE / 3);
    assert!(next(&mut second).is_none());
    under_way.done().unwrap();
    done.extend(work(&mut first));
    assert_eq!(held(&first), [0, 1]);
    team.advance(LEASE / 3);
    done.extend(work(&mut second));
    assert_eq!(held(&second), [2, 3]);
    done.extend(work(&mut first));
    assert_eq!(positions(done), (1..=20).collect::<Vec<_>>());
}

fn a_member_that_leaves_gives_its_partitions_back_at_once(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    add(&team.bus, "a", 1);
    let mut first = group.join().unwrap();
    assert_eq!(positions(events(&next(&mut first).unwrap())), [1]);
    drop(first);
    let mut second = group.join().unwrap();
    assert_eq!(held(&second), [0, 1, 2, 3]);
    assert_eq!(positions(events(&next(&mut second).unwrap())), [1]);
    second.leave().unwrap();
    assert!(group.status().unwrap().iter().all(|partition| partition.owner.is_none()));
    // It is no member any more: the next one need not share with it.
    let third = group.join().unwrap();
    let fourth = group.join().unwrap();
    drop(third);
    assert_eq!(held(&group.join().unwrap()), [0, 1]);
    drop(fourth);
}

fn one_that_died_is_taken_over_after_the_lease_and_not_before(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    (0..8).for_each(|entity| add(&team.bus, &entity.to_string(), 1));
    let mut dead = group.join().unwrap();
    let batch = next(&mut dead).unwrap();
    let mut done = events(&batch);
    batch.done().unwrap();
    assert!(next(&mut dead).is_some());
    std::mem::forget(dead);

    let mut heir = group.join().unwrap();
    for _ in 0..8 {
        assert!(next(&mut heir).is_none(), "it was not dead yet");
        team.advance(LEASE / 9);
    }
    heir.leave().unwrap();
    team.advance(LEASE / 9 - Duration::from_micros(1));
    assert!(held(&group.join().unwrap()).is_empty(), "it was not dead yet");
    team.advance(Duration::from_micros(1));
    let mut heir = group.join().unwrap();
    assert_eq!(held(&heir), [0, 1, 2, 3]);
    done.extend(work(&mut heir));
    assert_eq!(positions(done), (1..=8).collect::<Vec<_>>());
}

fn who_works_keeps_its_partitions(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    let mut first = group.join().unwrap();
    team.advance(LEASE / 3);
    assert_eq!(work(&mut first), []);
    let mut second = group.join().unwrap();
    for number in 1..=20 {
        add(&team.bus, "a", 1);
        team.advance(LEASE / 3);
        let (mut done, others) = (work(&mut first), work(&mut second));
        done.extend(others);
        assert_eq!(positions(done), [number]);
        assert_eq!(held(&first).len() + held(&second).len(), 4);
    }
    assert_eq!([held(&first), held(&second)], [[0, 1], [2, 3]]);
}

fn a_clock_that_is_set_back_stops_nobody(log: Subject) {
    let team = Team::new(&log);
    team.advance(100 * LEASE);
    let group = team.start();
    let mut first = group.join().unwrap();
    team.clock.set(vitae::Timestamp::from_micros(0));
    let mut second = group.join().unwrap();
    assert_eq!(work(&mut first), []);
    team.advance(LEASE / 3);
    assert_eq!(work(&mut second), []);
    assert_eq!([held(&first), held(&second)], [[0, 1], [2, 3]]);
}

fn there_may_be_more_members_than_partitions(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    let mut members: Vec<_> = (0..6).map(|_| group.join().unwrap()).collect();
    for _ in 0..2 {
        team.advance(LEASE / 3);
        members.iter_mut().for_each(|member| assert_eq!(work(member), []));
    }
    let counts: Vec<usize> = members.iter().map(|member| held(member).len()).collect();
    assert_eq!(counts, [1, 1, 1, 1, 0, 0]);
    // One that had nothing has something when another has gone.
    drop(members.remove(0));
    team.advance(LEASE / 3);
    members.iter_mut().for_each(|member| assert_eq!(work(member), []));
    let counts: Vec<usize> = members.iter().map(|member| held(member).len()).collect();
    assert_eq!(counts, [1, 1, 1, 1, 0]);
}

fn the_status_says_who_has_what(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    assert_eq!(group.status().unwrap().len(), 4);
    let mut member = group.join().unwrap();
    (0..3).for_each(|_| add(&team.bus, "a", 1));
    let batch = next(&mut member).unwrap();
    let partition = batch.partition();
    batch.done().unwrap();
    add(&team.bus, "a", 1);
    let owner: MemberId = member.member();
    for status in group.status().unwrap() {
        let behind = u64::from(status.partition != partition) * 3 + 1;
        assert_eq!((status.owner, status.lag), (Some(owner), behind));
        assert_eq!(status.position.map_or(0, |position| position.get()), 4 - behind);
        assert_eq!(status.until.unwrap().as_millis(), 900);
    }
    team.advance(LEASE);
    let status = group.status().unwrap();
    assert!(status.iter().all(|status| status.owner.is_none() && status.until.is_none()));
}

fn the_status_of_a_bus_has_all_groups_of_the_log(log: Subject) {
    let team = Team::new(&log);
    assert!(team.bus.status().unwrap().is_empty());
    // No name is taken for the beginning of another one, and the order is that of names.
    for group in ["mail\u{1}", "mailer", "mail"] {
        let group = team.bus.consumers(group, Query::all()).partitions(2).lease(LEASE);
        work(&mut group.start(Start::Beginning).unwrap().join().unwrap());
    }
    let group = team.bus.consumers("mails", Query::all()).partitions(4).lease(LEASE);
    let group = group.start(Start::Beginning).unwrap();
    let mut member = group.join().unwrap();
    (0..3).for_each(|_| add(&team.bus, "a", 1));
    next(&mut member).unwrap().done().unwrap();
    add(&team.bus, "a", 1);
    // By whichever bus it is asked for.
    let status = Team::new(&log).bus.status().unwrap();
    let names: Vec<_> = status.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["mail", "mail\u{1}", "mailer", "mails"]);
    let partitions: Vec<_> = status.iter().map(|group| group.partitions.len()).collect();
    assert_eq!(partitions, [2, 2, 2, 4]);
    let mails = &status[3];
    assert_eq!((mails.kind, mails.state), (PartKind::Consumers, PartState::Well));
    // One partition has come to 3, and the others nowhere.
    assert_eq!((mails.position, mails.lag), (None, 4));
    assert_eq!(mails.partitions, group.status().unwrap());
}

fn a_group_that_cannot_be_read_harms_no_other(log: Subject) {
    let team = Team::new(&log);
    team.start();
    let mut commit = Commit::new(CommitId::generate());
    let (view, value) = (vitae_tests::name("vitae.leases"), Some(b"?".to_vec()));
    commit.rows.push(RowChange { view, key: b"broken\0".to_vec(), expected: None, value });
    log.append(commit).wait().unwrap();
    let status = team.bus.status().unwrap();
    let states: Vec<_> = status.iter().map(|group| (group.name.as_str(), group.state)).collect();
    let failing = PartState::Failing { failures: 1 };
    assert_eq!(states, [("broken", failing), ("mailer", PartState::Well)]);
    assert!(matches!(status[0].last_error.as_deref(), Some(PartError::Group(_))));
}

fn it_ends_with_the_store(mut log: Subject) {
    let Team { bus, .. } = Team::new(&log);
    let group = bus.consumers("mailer", vitae::store::Query::all());
    let group = group.start(vitae::Start::Beginning).unwrap();
    let mut waits = group.join().unwrap();
    let idle = group.join().unwrap();
    let ended = std::thread::spawn(move || waits.next_timeout(Duration::MAX).map(drop));
    drop(bus);
    drop(log.close());
    let closed = |error| matches!(error, ConsumerError::Read(ReadError::Closed));
    assert!(closed(ended.join().unwrap().unwrap_err()));
    assert!(closed(group.join().unwrap_err()));
    assert!(closed(idle.leave().unwrap_err()));
}
