//! Where a group begins, and how far it has come.

use vitae::store::{CheckpointMove, Commit, Query, ReadError};
use vitae::{CommitId, ConsumerError, ConsumerGroup, Start};
use vitae_tests::{Draft, Subject, name, position};

use crate::support::*;
use crate::team::*;

on_every_store! {
    a_group_begins_where_it_is_told_and_goes_on_where_it_was
    the_first_to_start_a_group_says_where
    a_place_that_is_not_on_the_log_is_none
    no_partition_falls_far_behind
    a_partition_that_is_behind_catches_up_alone
    a_checkpoint_of_another_log_is_noticed
}

fn a_group_begins_where_it_is_told_and_goes_on_where_it_was(log: Subject) {
    let team = Team::new(&log);
    (0..5).for_each(|entity| add(&team.bus, &entity.to_string(), 1));
    let starts = [
        ("all", Start::Beginning, vec![1, 2, 3, 4, 5]),
        ("behind", Start::After(position(3)), vec![4, 5]),
        ("now", Start::Now, vec![]),
    ];
    let group = |name, start| team.bus.consumers(name, Query::all()).start(start).unwrap();
    for (name, start, expected) in &starts {
        assert_eq!(positions(work(&mut group(*name, *start).join().unwrap())), *expected);
    }
    add(&team.bus, "a", 1);
    for (name, start, _) in &starts {
        assert_eq!(positions(work(&mut group(*name, *start).join().unwrap())), [6]);
    }
}

fn the_first_to_start_a_group_says_where(log: Subject) {
    let team = Team::new(&log);
    add(&team.bus, "a", 1);
    let double = Double::of(&log);
    let other = Team::on(double.clone(), Team::new(&log).clock);
    let bus = team.bus.clone();
    double.sneak(move || {
        let first = bus.consumers("mailer", Query::all()).partitions(4);
        first.start(Start::Now).unwrap();
    });
    let group = other.start();
    add(&team.bus, "a", 1);
    assert_eq!(positions(work(&mut group.join().unwrap())), [2]);
}

fn a_place_that_is_not_on_the_log_is_none(log: Subject) {
    let team = Team::new(&log);
    add(&team.bus, "a", 1);
    let error = team.group().start(Start::After(position(2))).unwrap_err();
    assert!(matches!(error, ConsumerError::NoSuchStart { position: at } if at == position(2)));
    assert_eq!(positions(work(&mut team.start().join().unwrap())), [1]);
}

/// More events than a checkpoint may fall behind by, in one stream.
fn fill(log: &Subject, stream: &str) {
    let draft = (0..1_100).fold(Draft::new().on(stream), |draft, _| draft.event("x", b""));
    draft.must(&**log);
}

fn furthest_behind(group: &ConsumerGroup) -> u64 {
    group.status().unwrap().iter().map(|status| status.lag).max().unwrap()
}

fn no_partition_falls_far_behind(log: Subject) {
    let team = Team::new(&log);
    let query = Query::category(name("of-interest"));
    let group = team.bus.consumers("mailer", query).start(Start::Beginning).unwrap();
    let mut member = group.join().unwrap();
    fill(&log, "of-interest/a");
    assert_eq!(work(&mut member).len(), 1_100);
    assert!(furthest_behind(&group) < 1_024, "events of others");
    fill(&log, "of-no-interest/a");
    assert_eq!(work(&mut member), []);
    assert_eq!(work(&mut member), []);
    assert!(furthest_behind(&group) < 1_024, "events that do not match");
}

fn a_partition_that_is_behind_catches_up_alone(log: Subject) {
    let team = Team::new(&log);
    let group = team.group().batch_of(4).start(Start::Beginning).unwrap();
    (0..60).for_each(|entity| add(&team.bus, &(entity % 12).to_string(), 1));
    // One member gets far with all partitions but one, and dies.
    let mut first = group.join().unwrap();
    let left = next(&mut first).unwrap().partition();
    let mut done = Vec::new();
    while done.len() < 30 {
        let batch = next(&mut first).unwrap();
        if batch.partition() != left {
            done.extend(events(&batch));
            batch.done().unwrap();
        }
    }
    drop(first);
    let mut second = group.join().unwrap();
    done.extend(work(&mut second));
    assert_eq!(positions(done), (1..=60).collect::<Vec<_>>());
}

fn a_checkpoint_of_another_log_is_noticed(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    add(&team.bus, "a", 1);
    let mut member = group.join().unwrap();
    let partition = next(&mut member).unwrap().partition();
    work(&mut member);
    drop(member);
    let name = name(&format!("consumer/mailer/{partition}"));
    let from = log.checkpoint(&name).unwrap();
    let mut to = from.clone().unwrap();
    to.checksum = Some(vitae::store::Checksum(7));
    let mut commit = Commit::new(CommitId::generate());
    commit.checkpoints.push(CheckpointMove { name, from, to });
    log.append(commit).wait().unwrap();
    let error = group.join().unwrap_err();
    assert!(matches!(error, ConsumerError::Read(ReadError::Diverged { .. })), "{error}");
}
