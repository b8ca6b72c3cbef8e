//! A bus erases payloads by an act of its own.

use vitae::store::{AppendError, InvalidCommit, Page, Query, Read};
use vitae::{
    Alongside, Bus, CommitReason, EraseError, FoldReason, LoadError, Name, PayloadErased,
    Projection,
};
use vitae_tests::{Subject, position};

use crate::support::*;

on_every_store! {
    the_act_is_on_the_log_with_what_it_erased
    positions_are_sorted_and_count_once
    a_life_with_an_erased_event_says_what_to_do
    a_remembered_state_is_forgotten
    a_commit_of_its_own_may_be_the_act
    a_position_beyond_the_head_erases_nothing
    a_projection_sees_the_act_and_rebuilds_without_what_was_erased
}

fn bus(log: &Subject) -> Bus {
    Bus::open(log.shared()).unwrap()
}

fn the_act_is_on_the_log_with_what_it_erased(log: Subject) {
    let bus = bus(&log);
    call(&bus, "1", "ada");
    call(&bus, "2", "bob");
    let receipt = bus.erase([position(1)], "request 17", "desk").unwrap();
    assert_eq!(receipt.positions, Some((position(3), position(3))));
    assert_eq!(
        log_of(&*log),
        ["guest guest.named erased", "guest guest.named", "vitae.erasure vitae.payload_erased"]
    );
    let mut page = Page::new();
    let acts = Query::kinds([Name::new("vitae.payload_erased").unwrap()]);
    log.read(&Read::log(acts), &mut page).unwrap();
    let act: PayloadErased = page.iter().next().unwrap().decode().unwrap();
    let expected =
        PayloadErased { positions: vec![1], reason: "request 17".into(), by: "desk".into() };
    assert_eq!(act, expected);
    assert_eq!(log.verify().unwrap(), 3);
}

fn positions_are_sorted_and_count_once(log: Subject) {
    let bus = bus(&log);
    for name in ["a", "b", "c"] {
        call(&bus, "1", name);
    }
    bus.erase([3, 1, 3].map(position), "", "").unwrap();
    // Again, with one that is left and the first act.
    bus.erase([4, 2, 1].map(position), "", "").unwrap();
    let mut page = Page::new();
    log.read(&Read::log(Query::all()), &mut page).unwrap();
    assert!(page.iter().take(4).all(|event| event.payload().is_err()));
    let act: PayloadErased = page.iter().next_back().unwrap().decode().unwrap();
    assert_eq!(act.positions, [1, 2, 4]);
}

fn a_life_with_an_erased_event_says_what_to_do(log: Subject) {
    call(&bus(&log), "1", "ada");
    bus(&log).erase([position(1)], "", "").unwrap();
    let LoadError::Fold(error) = bus(&log).load::<Guest>("1").unwrap_err() else {
        panic!("another error");
    };
    assert!(matches!(error.reason, FoldReason::Erased(_)));
    assert_eq!(
        error.reason.to_string(),
        "the payload was erased, so no state follows from here; read the stream's events from the \
         store, and go on under another id"
    );
    // Other lives are not concerned.
    call(&bus(&log), "2", "bob");
}

fn a_remembered_state_is_forgotten(log: Subject) {
    let bus = bus(&log);
    call(&bus, "1", "ada");
    let guest = bus.load::<Guest>("1").unwrap();
    assert!(matches!(guest.state(), Guest::Known(known) if known.name == "ada"));
    bus.erase([position(1)], "", "").unwrap();
    assert!(matches!(bus.load::<Guest>("1"), Err(LoadError::Fold(_))));
}

fn a_commit_of_its_own_may_be_the_act(log: Subject) {
    let bus = bus(&log);
    call(&bus, "1", "ada");
    let act = bus.load::<Guest>("2").unwrap().record(Named { name: "nobody".into() }).unwrap();
    bus.commit_alongside(act, Alongside::new().erasure(position(1))).unwrap();
    assert_eq!(log_of(&*log), ["guest guest.named erased", "guest guest.named"]);
    assert!(matches!(bus.load::<Guest>("1"), Err(LoadError::Fold(_))));
    // Nobody acts: nothing is erased.
    let nothing = bus.commit_alongside((), Alongside::new().erasure(position(2))).unwrap_err();
    assert!(matches!(
        nothing.reason(),
        CommitReason::Append(AppendError::Invalid(InvalidCommit::ErasureWithoutAct))
    ));
}

fn a_position_beyond_the_head_erases_nothing(log: Subject) {
    let bus = bus(&log);
    call(&bus, "1", "ada");
    let error = bus.erase([1, 2].map(position), "", "").unwrap_err();
    let EraseError::Commit(CommitReason::Append(AppendError::Invalid(invalid))) = error else {
        panic!("{error}");
    };
    assert_eq!(invalid.to_string(), "the position of an erasure is out of range");
    assert_eq!(log_of(&*log), ["guest guest.named"]);
}

fn a_projection_sees_the_act_and_rebuilds_without_what_was_erased(log: Subject) {
    let guests = Projection::new("guests")
        .on(|event: &Named, context, rows| rows.put(context.stream().id().as_str(), &event.name))
        .on(|_: &PayloadErased, _, rows| {
            let acts: u32 = rows.get("acts")?.map_or(Ok(0), |acts: String| acts.parse())?;
            rows.put("acts", &(acts + 1).to_string())
        });
    let bus = Bus::builder(log.shared()).projection(guests).open().unwrap();
    call(&bus, "1", "ada");
    call(&bus, "2", "bob");
    bus.erase([position(1)], "", "").unwrap();
    let view = bus.view::<String>("guests").unwrap();
    assert_eq!(view.get("acts").unwrap().as_deref(), Some("1"));
    // A view keeps what it was computed from until it is computed anew.
    assert_eq!(view.get("1").unwrap().as_deref(), Some("ada"));
    assert_eq!(bus.rebuild("guests").unwrap().changed, 1);
    assert_eq!(view.get("1").unwrap(), None);
    assert_eq!(view.get("2").unwrap().as_deref(), Some("bob"));
}
