//! Whoever lost its lease writes nothing.

use vitae::store::AppendError;
use vitae::{CommitReason, ConsumerError};
use vitae_tests::Subject;

use crate::support::*;
use crate::team::*;

on_every_store! {
    what_the_dead_one_says_late_is_refused
    what_the_dead_one_commits_late_is_refused
    what_is_committed_alongside_is_done
    who_was_slow_and_not_missed_may_go_on
    a_batch_is_done_once
    whatever_became_of_a_commit_the_log_says_so
    the_token_rises_with_each_taking
}

/// The rows and checkpoints of the group, to see that nothing has changed.
fn everything(team: &Team) -> String {
    let rows = team.bus.store().rows(&vitae_tests::name("vitae.leases"), &[], None, 99).unwrap();
    let checkpoint = |partition| {
        let name = vitae_tests::name(&format!("consumer/mailer/{partition}"));
        team.bus.store().checkpoint(&name).unwrap()
    };
    format!("{rows:?} {:?}", (0..4).map(checkpoint).collect::<Vec<_>>())
}

/// Whether or not the heir has done it by then.
const HOW_FAR: [bool; 2] = [false, true];

fn what_the_dead_one_says_late_is_refused(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    for heir_is_done in HOW_FAR {
        add(&team.bus, "a", 1);
        let mut slow = group.join().unwrap();
        let late = next(&mut slow).unwrap();
        team.advance(LEASE);
        let mut heir = group.join().unwrap();
        let batch = next(&mut heir).unwrap();
        assert_eq!(events(&batch), events(&late));
        if heir_is_done {
            batch.done().unwrap();
        }
        let (before, partition) = (everything(&team), late.partition());
        let error = late.done().unwrap_err();
        assert!(
            matches!(&error, ConsumerError::LeaseLost { group, partition: of }
            if group.as_str() == "mailer" && *of == partition),
            "{error}"
        );
        assert_eq!(everything(&team), before);
        // It goes on with what it has: nothing now.
        assert!(next(&mut slow).is_none());
        assert!(held(&slow).is_empty());
        assert_eq!(work(&mut heir).len(), usize::from(!heir_is_done));
    }
}

fn what_the_dead_one_commits_late_is_refused(log: Subject) {
    let team = Team::new(&log);
    let group = team.bus.consumers("mailer", team.bus.events_of::<Count>().unwrap());
    let group = group.partitions(4).lease(LEASE).start(vitae::Start::Beginning).unwrap();
    for heir_is_done in HOW_FAR {
        add(&team.bus, "a", 1);
        let mut slow = group.join().unwrap();
        let late = next(&mut slow).unwrap();
        let answer = team.bus.load::<Note>("a").unwrap().record(wrote("late")).unwrap();
        team.advance(LEASE);
        let mut heir = group.join().unwrap();
        let batch = next(&mut heir).unwrap();
        if heir_is_done {
            batch.done().unwrap();
        }
        let (before, head) = (everything(&team), log.head().unwrap());
        let error = team.bus.commit_alongside(answer, late.alongside()).unwrap_err();
        assert!(error.reason().is_lease_lost(), "{error}");
        assert_eq!((everything(&team), log.head().unwrap()), (before, head));
        work(&mut heir);
    }
    assert_eq!(note(&team.bus, "a"), Note::Blank);
}

fn what_is_committed_alongside_is_done(log: Subject) {
    let team = Team::new(&log);
    let group = team.bus.consumers("mailer", team.bus.events_of::<Count>().unwrap());
    let group = group.partitions(4).start(vitae::Start::Beginning).unwrap();
    (0..8).for_each(|entity| add(&team.bus, &entity.to_string(), 1));
    let mut member = group.join().unwrap();
    let mut answered = 0;
    while let Some(batch) = next(&mut member) {
        let mut answer = team.bus.load::<Note>("log").unwrap();
        for event in batch.iter() {
            answer = answer.record(wrote(event.stream())).unwrap();
            answered += 1;
        }
        if answered % 2 == 0 {
            // Somebody else is faster: nothing of this is done, and it comes again.
            write(&team.bus, "log", "theirs");
            let error = team.bus.commit_alongside(answer, batch.alongside()).unwrap_err();
            let conflict =
                matches!(error.reason(), CommitReason::Append(AppendError::Conflict { .. }));
            assert!(conflict && !error.reason().is_lease_lost());
            answered -= batch.iter().len();
            let again = team.bus.load::<Note>("log").unwrap();
            let again = batch.iter().fold(again, |note, event| {
                answered += 1;
                note.record(wrote(event.stream())).unwrap()
            });
            team.bus.commit_alongside(again, batch.alongside()).unwrap();
        } else {
            team.bus.commit_alongside(answer, batch.alongside()).unwrap();
        }
    }
    let note = note(&team.bus, "log");
    let mut texts = note.texts();
    texts.retain(|text| *text != "theirs");
    texts.sort_unstable();
    assert_eq!(texts, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    drop(member);
    assert!(next(&mut group.join().unwrap()).is_none());
}

fn who_was_slow_and_not_missed_may_go_on(log: Subject) {
    let team = Team::new(&log);
    let mut slow = team.start().join().unwrap();
    add(&team.bus, "a", 1);
    let batch = next(&mut slow).unwrap();
    team.advance(5 * LEASE);
    batch.done().unwrap();
    add(&team.bus, "a", 1);
    assert_eq!(positions(work(&mut slow)), [2]);
    assert_eq!(held(&slow), [0, 1, 2, 3]);
}

fn a_batch_is_done_once(log: Subject) {
    let team = Team::new(&log);
    let mut member = team.start().join().unwrap();
    add(&team.bus, "a", 1);
    let batch = next(&mut member).unwrap();
    team.bus.commit_alongside((), batch.alongside()).unwrap();
    let before = everything(&team);
    assert!(matches!(batch.done(), Err(ConsumerError::LeaseLost { .. })));
    assert_eq!(everything(&team), before);
    // It has lost nothing by that.
    assert!(next(&mut member).is_none());
    assert_eq!(held(&member), [0, 1, 2, 3]);
}

fn whatever_became_of_a_commit_the_log_says_so(log: Subject) {
    for written in [true, false] {
        let double = Double::of(&log);
        let team = Team::on(double.clone(), Team::new(&log).clock);
        let mut member = team.start().join().unwrap();
        work(&mut member);
        add(&team.bus, "a", 1);
        let batch = next(&mut member).unwrap();
        let told = events(&batch);
        double.lose_answer(written);
        let error = batch.done().unwrap_err();
        let unknown = |error: &AppendError| error.outcome() == vitae::store::Outcome::Unknown;
        assert!(matches!(&error, ConsumerError::Append(error) if unknown(error)), "{error}");
        let again = work(&mut member);
        assert_eq!(again, if written { Vec::new() } else { told });

        // The same of what it does for its leases.
        team.advance(LEASE / 3);
        double.lose_answer(written);
        assert!(member.next_timeout(std::time::Duration::ZERO).is_err());
        add(&team.bus, "a", 1);
        assert_eq!(work(&mut member).len(), 1);
        assert_eq!(held(&member), [0, 1, 2, 3]);
    }
}

fn the_token_rises_with_each_taking(log: Subject) {
    let team = Team::new(&log);
    let group = team.start();
    add(&team.bus, "a", 1);
    for token in 1..=4 {
        let mut member = group.join().unwrap();
        assert_eq!(next(&mut member).unwrap().token(), token);
        if token % 2 == 0 {
            std::mem::forget(member);
            team.advance(LEASE);
        }
    }
}
