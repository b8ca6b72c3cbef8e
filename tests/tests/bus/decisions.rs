//! R17 on the bus: decisions on what no single life knows.

use serde::{Deserialize, Serialize};
use vitae::store::{AppendError, Condition};
use vitae::{
    Alongside, Bus, CommitReason, DecisionModel, Event, FoldReason, Lifecycle, LoadError, Name, tag,
};
use vitae_tests::{Draft, Subject, position};

use crate::support::*;

on_every_store! {
    a_model_takes_the_kinds_and_tags_that_it_names
    a_model_holds_until_something_of_it_happens
    an_event_that_comes_in_while_a_model_is_read_is_in_it
    of_many_that_decide_at_once_no_more_than_fit_succeed
    an_event_that_cannot_be_read_is_no_base_of_a_decision
    a_model_of_another_shape_than_the_log_is_refused
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "seat.taken", tag = room, tag = guest)]
pub struct Taken {
    pub room: String,
    pub guest: String,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "seat.left", tag = room, tag = guest)]
pub struct Left {
    pub room: String,
    pub guest: String,
}

#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "seat")]
pub enum Seat {
    #[state(initial)]
    #[on(Taken => Occupied)]
    Free,
    #[on(Left => Used)]
    Occupied,
    #[state(terminal)]
    Used,
}

impl SeatTransitions for Seat {}

fn room(name: &str) -> Name {
    tag("room", name).unwrap()
}

fn guest(name: &str) -> Name {
    tag("guest", name).unwrap()
}

fn take(bus: &Bus, seat: &str, room: &str, guest: &str) {
    let event = Taken { room: room.into(), guest: guest.into() };
    bus.commit(bus.load::<Seat>(seat).unwrap().record(event).unwrap()).unwrap();
}

/// Who sits in a room.
fn sitting(room: Name) -> DecisionModel<Vec<String>> {
    DecisionModel::new(Vec::new())
        .on([room.clone()], |event: &Taken, _, sitting: &mut Vec<String>| {
            sitting.push(event.guest.clone());
        })
        .on([room], |event: &Left, _, sitting| sitting.retain(|guest| *guest != event.guest))
}

fn a_model_takes_the_kinds_and_tags_that_it_names(log: Subject) {
    let bus = bus(&log);
    take(&bus, "1", "hall", "ada");
    take(&bus, "2", "hall", "bob");
    take(&bus, "3", "loft", "ada");
    write(&bus, "note", "hall");
    let left = Left { room: "hall".into(), guest: "bob".into() };
    bus.commit(bus.load::<Seat>("2").unwrap().record(left).unwrap()).unwrap();
    assert_eq!(bus.build_model(sitting(room("hall"))).unwrap().0, ["ada"]);
    assert_eq!(bus.build_model(sitting(room("loft"))).unwrap().0, ["ada"]);
    assert!(bus.build_model(sitting(room("cellar"))).unwrap().0.is_empty());
    // All the tags, any of the parts, and what each event knows of itself.
    let seats = DecisionModel::new(Vec::new())
        .on([guest("ada"), room("hall")], |_: &Taken, at, seats: &mut Vec<String>| {
            seats.push(format!("ada on {}", at.stream().id()));
        })
        .on([], |event: &Taken, at, seats| {
            seats.push(format!("{} at {}", event.guest, at.version()));
        });
    let (seats, _) = bus.build_model(seats).unwrap();
    assert_eq!(seats, ["ada on 1", "ada at 1", "bob at 1", "ada at 1"]);
}

fn commit_if(bus: &Bus, seat: &str, condition: Condition) -> Result<(), CommitReason> {
    let event = Taken { room: "loft".into(), guest: "eve".into() };
    let seat = bus.load::<Seat>(seat).unwrap().record(event).unwrap();
    match bus.commit_alongside(seat, Alongside::new().condition(condition)) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.into_parts().1),
    }
}

fn a_model_holds_until_something_of_it_happens(log: Subject) {
    let bus = bus(&log);
    let (_, unchanged) = bus.build_model(sitting(room("hall"))).unwrap();
    take(&bus, "1", "loft", "ada");
    write(&bus, "note", "hall");
    commit_if(&bus, "2", unchanged.clone()).unwrap();
    take(&bus, "3", "hall", "bob");
    let error = commit_if(&bus, "4", unchanged).unwrap_err();
    let CommitReason::Append(AppendError::ConditionFailed { condition, position: at }) = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((condition, at), (0, position(4)));
    // What the model has seen is no reason; neither is what stands between it and the head.
    write(&bus, "note", "more");
    let (_, unchanged) = bus.build_model(sitting(room("hall"))).unwrap();
    assert_eq!(unchanged.after, Some(position(5)));
    commit_if(&bus, "5", unchanged).unwrap();
}

fn an_event_that_comes_in_while_a_model_is_read_is_in_it(log: Subject) {
    let double = Double::of(&log);
    let (bus, other) = (Bus::open(double.clone()).unwrap(), bus(&log));
    take(&bus, "1", "hall", "ada");
    double.after_head(move || take(&other, "2", "hall", "bob"));
    let (sitting, unchanged) = bus.build_model(sitting(room("hall"))).unwrap();
    assert_eq!((sitting.len(), unchanged.after), (2, Some(position(2))));
    commit_if(&bus, "3", unchanged).unwrap();
}

fn of_many_that_decide_at_once_no_more_than_fit_succeed(log: Subject) {
    const SEATS: usize = 3;
    let bus = bus(&log);
    let sit = |nth: usize| {
        loop {
            let (sitting, unchanged) = bus.build_model(sitting(room("hall"))).unwrap();
            if sitting.len() == SEATS {
                return false;
            }
            let event = Taken { room: "hall".into(), guest: nth.to_string() };
            let seat = bus.load::<Seat>(nth.to_string()).unwrap().record(event).unwrap();
            match bus.commit_alongside(seat, Alongside::new().condition(unchanged)) {
                Ok(_) => return true,
                Err(error) => assert!(matches!(
                    error.reason(),
                    CommitReason::Append(AppendError::ConditionFailed { .. })
                )),
            }
        }
    };
    let sat = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|nth| scope.spawn(move || sit(nth))).collect();
        threads.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum::<usize>()
    });
    assert_eq!((sat, log_of(&*log).len()), (SEATS, SEATS));
}

fn an_event_that_cannot_be_read_is_no_base_of_a_decision(log: Subject) {
    let anyone = || DecisionModel::new(()).on([], |_: &Taken, _, ()| ());
    let double = Double::of(&log);
    let bus = Bus::open(double.clone()).unwrap();
    take(&bus, "1", "hall", "ada");
    smuggle::<Seat>(&*log, "2", ("seat.taken", 1), b"\xff");
    let error = bus.build_model(anyone()).unwrap_err();
    let LoadError::Fold(error) = error else { panic!("{error:?}") };
    assert_eq!((error.position, error.stream.id().as_str()), (position(2), "2"));
    assert!(matches!(error.reason, FoldReason::Decode(_)), "{error:?}");
    // Another room is none of its business.
    assert!(bus.build_model(sitting(room("loft"))).is_ok());
    double.erase();
    let error = bus.build_model(anyone()).unwrap_err();
    let LoadError::Fold(error) = error else { panic!("{error:?}") };
    assert_eq!(error.position, position(1));
    assert!(matches!(error.reason, FoldReason::Erased(_)), "{error:?}");
}

fn a_model_of_another_shape_than_the_log_is_refused(log: Subject) {
    Draft::new().on("seat/1").event("seat.taken", b"").must(&*log);
    let error = bus(&log).build_model(sitting(room("hall"))).unwrap_err();
    assert!(matches!(error, LoadError::Schema(_)), "{error:?}");
}
