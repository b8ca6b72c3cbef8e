//! Commands from outside: decided again when somebody was faster, carried out once for each key.

use std::cell::Cell;
use std::sync::{Arc, Barrier};

use vitae::store::AppendError;
use vitae::{
    Aggregate, Bus, CommitReason, DecideError, Decided, HandlerError, ManualClock, RecordError,
    Refusal, Timestamp,
};
use vitae_tests::{Subject, name};

use crate::support::*;

on_every_store! {
    it_loads_decides_and_commits
    what_is_refused_writes_nothing
    what_records_nothing_writes_nothing
    a_conflict_is_decided_anew_so_often_and_no_more
    a_key_is_carried_out_once
    a_key_counts_for_one_life
    a_refused_key_is_decided_anew
    a_key_is_a_name
    whoever_comes_second_gets_the_answer_of_the_first
    what_came_while_the_life_was_loaded_is_no_refusal
    many_at_once_are_one
    an_unknown_outcome_is_known_by_its_key
    an_answer_that_was_forgotten_is_not_decided_anew
    more_answers_than_a_page_are_forgotten
    an_answer_of_another_type_is_no_answer
    a_life_that_cannot_be_loaded_any_more_keeps_its_answers
}

type Outcome<T> = Result<Decided<T>, DecideError<HandlerError>>;

/// Adds to a count, and answers with its value.
fn adding(by: u64) -> impl Fn(Aggregate<Count>) -> Result<(Aggregate<Count>, u64), HandlerError> {
    move |count| {
        let count = count.record(Added { by })?;
        let value = count.state().value();
        Ok((count, value))
    }
}

fn keyed(bus: &Bus, key: &str) -> Outcome<u64> {
    bus.decide::<Count>("n").key(key).run(adding(1))
}

fn is_repeated<T>(decided: &Decided<T>) -> bool {
    decided.receipt.as_ref().unwrap().already_appended
}

fn it_loads_decides_and_commits(log: Subject) {
    let bus = bus(&log);
    let decided = bus.decide::<Count>("n").run(adding(2)).unwrap();
    assert_eq!((decided.answer, is_repeated(&decided)), (2, false));
    // The state may be known to the compiler, and the answer nothing.
    let closed = bus.decide::<Note>("a").run(|note| {
        let open = note.at::<Blank>()?.record(wrote("x"))?;
        Ok::<_, HandlerError>((open.record(Sealed)?, ()))
    });
    assert_eq!(closed.unwrap().receipt.unwrap().positions.unwrap().1.get(), 3);
    assert_eq!(log_of(&*log), ["count/n count.add", "note/a note.write", "note/a note.seal"]);
    assert!(log.rows(&name("vitae.answers"), &[], None, 1).unwrap().is_empty());
}

fn what_is_refused_writes_nothing(log: Subject) {
    let bus = bus(&log);
    let rude = |note: Aggregate<Note>| note.record(wrote("rude")).map(|note| (note, ()));
    write(&bus, "a", "x");
    let error = bus.decide::<Note>("a").key("k").run(rude).unwrap_err();
    let text = error.to_string();
    let DecideError::Refused(RecordError::<Aggregate<Note>, Refusal> { .. }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(text, "a note says nothing rude");
    assert_eq!(log_of(&*log).len(), 1);
}

fn what_records_nothing_writes_nothing(log: Subject) {
    let bus = bus(&log);
    let look = |count: Aggregate<Count>| {
        let value = count.state().value();
        Ok::<_, HandlerError>((count, value))
    };
    for key in [None, Some("k")] {
        let mut decide = bus.decide::<Count>("n");
        if let Some(key) = key {
            decide = decide.key(key);
        }
        let Decided { answer, receipt, .. } = decide.run(look).unwrap();
        assert_eq!((answer, receipt), (0, None));
    }
    // The key is free still.
    assert!(!is_repeated(&keyed(&bus, "k").unwrap()));
}

fn a_conflict_is_decided_anew_so_often_and_no_more(log: Subject) {
    for (retries, others, value) in [(2, 2, Some(3)), (1, 2, None), (0, 1, None)] {
        let (double, other) = (Double::of(&log), bus(&log));
        for _ in 0..others {
            let other = other.clone();
            double.sneak(move || add(&other, &format!("n-{retries}"), 1));
        }
        let bus = Bus::open(double.clone()).unwrap();
        let asked = Cell::new(0);
        let decided = bus.decide::<Count>(format!("n-{retries}")).retries(retries).run(|count| {
            asked.set(asked.get() + 1);
            adding(1)(count)
        });
        assert_eq!(asked.get(), retries + 1);
        match (decided, value) {
            (Ok(decided), Some(value)) => assert_eq!(decided.answer, value),
            (Err(DecideError::Commit(CommitReason::Append(error))), None) => {
                assert!(matches!(error, AppendError::Conflict { .. }), "{error:?}");
            }
            (outcome, _) => panic!("{outcome:?}"),
        }
    }
}

fn a_key_is_carried_out_once(mut log: Subject) {
    let first = keyed(&bus(&log), "k").unwrap();
    assert!(!is_repeated(&first));
    add(&bus(&log), "n", 7);
    log.reopen();
    let bus = bus(&log);
    let again = bus
        .decide::<Count>("n")
        .key("k")
        .run(|_| -> Result<(Aggregate<Count>, u64), HandlerError> { panic!("asked again") });
    let again = again.unwrap();
    assert_eq!((again.answer, is_repeated(&again)), (1, true));
    assert_eq!(again.receipt, first.receipt.map(|receipt| receipt.repeated()));
    assert_eq!(count(&bus, "n"), 8);
}

fn a_key_counts_for_one_life(log: Subject) {
    let bus = bus(&log);
    keyed(&bus, "k").unwrap();
    assert!(!is_repeated(&bus.decide::<Count>("m").key("k").run(adding(1)).unwrap()));
    let note = |note: Aggregate<Note>| note.record(wrote("x")).map(|note| (note, ()));
    assert!(!is_repeated(&bus.decide::<Note>("n").key("k").run(note).unwrap()));
    assert!(!is_repeated(&keyed(&bus, "l").unwrap()));
    assert_eq!(log_of(&*log).len(), 4);
}

fn a_refused_key_is_decided_anew(log: Subject) {
    let bus = bus(&log);
    let seal = || {
        let sealed = |note: Aggregate<Note>| note.record(Sealed).map(|note| (note, ()));
        bus.decide::<Note>("a").key("k").run(sealed)
    };
    assert!(matches!(seal().unwrap_err(), DecideError::Refused(_)));
    write(&bus, "a", "x");
    assert!(!is_repeated(&seal().unwrap()));
    // Now it would be refused again, were it not known.
    assert!(is_repeated(&seal().unwrap()));
}

fn a_key_is_a_name(log: Subject) {
    let bus = bus(&log);
    for key in ["", "a\0b", &"x".repeat(513)] {
        assert!(matches!(keyed(&bus, key), Err(DecideError::InvalidKey(_))), "{key:?}");
    }
    keyed(&bus, &"x".repeat(512)).unwrap();
}

fn whoever_comes_second_gets_the_answer_of_the_first(log: Subject) {
    // Somebody carries the same request out between the look for it and the commit.
    let (double, other) = (Double::of(&log), bus(&log));
    let first = other.clone();
    double.sneak(move || {
        first.decide::<Count>("n").key("k").run(adding(5)).unwrap();
    });
    let bus = Bus::open(double).unwrap();
    let second = keyed(&bus, "k").unwrap();
    assert_eq!((second.answer, is_repeated(&second), count(&bus, "n")), (5, true, 5));
}

fn what_came_while_the_life_was_loaded_is_no_refusal(log: Subject) {
    let (double, other) = (Double::of(&log), bus(&log));
    write(&other, "a", "x");
    let seal = |bus: &Bus| {
        let sealed = |note: Aggregate<Note>| note.record(Sealed).map(|note| (note, ()));
        bus.decide::<Note>("a").key("k").run(sealed).unwrap()
    };
    let bus = Bus::open(double.clone()).unwrap();
    let release = double.hold_read();
    let second = std::thread::spawn(move || seal(&bus));
    while double.reads() == 0 {
        std::thread::yield_now();
    }
    assert!(!is_repeated(&seal(&other)));
    release.send(()).unwrap();
    assert!(is_repeated(&second.join().unwrap()));
}

fn many_at_once_are_one(log: Subject) {
    let together = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|nth| {
            let (bus, together) = (bus(&log), Arc::clone(&together));
            std::thread::spawn(move || {
                together.wait();
                bus.decide::<Count>("n").key("k").retries(100).run(adding(nth + 1)).unwrap()
            })
        })
        .collect();
    let decided: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let value = count(&bus(&log), "n");
    assert!(decided.iter().all(|decided| decided.answer == value), "{decided:?}");
    assert_eq!(decided.iter().filter(|decided| !is_repeated(decided)).count(), 1);
    assert_eq!(log_of(&*log).len(), 1);
}

fn an_unknown_outcome_is_known_by_its_key(mut log: Subject) {
    for (written, key) in [(true, "a"), (false, "b")] {
        let double = Double::of(&log);
        double.lose_answer(written);
        let bus = Bus::open(double).unwrap();
        let error = keyed(&bus, key).unwrap_err();
        let DecideError::Commit(CommitReason::Append(AppendError::OutcomeUnknown {
            commit, ..
        })) = error
        else {
            panic!("{error:?}");
        };
        drop(bus);
        log.reopen();
        let decided = keyed(&self::bus(&log), key).unwrap();
        assert_eq!(is_repeated(&decided), written);
        assert_eq!(decided.receipt.unwrap().commit, commit);
    }
    assert_eq!(count(&bus(&log), "n"), 2);
}

fn an_answer_that_was_forgotten_is_not_decided_anew(log: Subject) {
    let clock = Arc::new(ManualClock::new(Timestamp::from_micros(100)));
    let bus = Bus::builder(log.shared()).clock(clock.clone()).open().unwrap();
    keyed(&bus, "old").unwrap();
    clock.set(Timestamp::from_micros(200));
    keyed(&bus, "new").unwrap();
    assert_eq!(bus.forget_answers(Timestamp::from_micros(100)).unwrap(), 0);
    assert_eq!(bus.forget_answers(Timestamp::from_micros(200)).unwrap(), 1);
    assert_eq!(keyed(&bus, "new").unwrap().answer, 2);
    let error = keyed(&bus, "old").unwrap_err();
    let DecideError::AnswerGone { receipt } = error else {
        panic!("{error:?}");
    };
    assert_eq!((receipt.positions.unwrap().0.get(), receipt.already_appended), (1, true));
    assert_eq!(count(&bus, "n"), 2);
}

fn more_answers_than_a_page_are_forgotten(log: Subject) {
    let bus = bus(&log);
    for key in 0..300 {
        keyed(&bus, &key.to_string()).unwrap();
    }
    assert_eq!(bus.forget_answers(Timestamp::from_micros(i64::MAX)).unwrap(), 300);
    assert!(log.rows(&name("vitae.answers"), &[], None, 1).unwrap().is_empty());
}

fn an_answer_of_another_type_is_no_answer(log: Subject) {
    let bus = bus(&log);
    keyed(&bus, "k").unwrap();
    let text = bus.decide::<Count>("n").key("k").run(|count| {
        Ok::<_, HandlerError>((count.record(Added { by: 1 })?, "one and a half".to_owned()))
    });
    assert!(matches!(text, Err(DecideError::Read(_))), "{text:?}");
    assert_eq!(count(&bus, "n"), 1);
}

fn a_life_that_cannot_be_loaded_any_more_keeps_its_answers(log: Subject) {
    keyed(&bus(&log), "k").unwrap();
    smuggle::<Count>(&*log, "n", ("count.unheard", 1), b"");
    let bus = bus(&log);
    assert_eq!(keyed(&bus, "k").unwrap().answer, 1);
    assert!(matches!(keyed(&bus, "l"), Err(DecideError::Load(_))));
}
