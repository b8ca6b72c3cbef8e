//! What waits is offered on every channel, answered once, and over in time.

use std::sync::Barrier;
use std::time::Duration;

use agent_runtime::relay::{Answered, Channels, Relay, Reply};
use agent_runtime::request::Decision;
use agent_runtime::supervisor::SuperviseError;

use crate::support::world::{PATIENCE, SESSION, World};
use crate::{SECOND, Told, deny};

#[test]
fn it_is_offered_to_all_and_the_first_answer_wins() {
    let world = World::relaying();
    let (one, two) = (Told::named("one"), Told::named("two"));
    let (mut first, mut second) = (one.follow(&world), two.follow(&world));
    world.ask("r-1", "Bash");
    first.step().unwrap();
    second.step().unwrap();
    assert_eq!((one.lines(), two.lines()), (vec!["offer r-1".into()], vec!["offer r-1".into()]));
    let relay = world.supervisor.relay("r-1").unwrap();
    assert!(matches!(&relay, Relay::Relayed(relayed) if relayed.channels == ["one", "two"]));
    assert_eq!(world.decision("r-1"), None);

    one.say("r-1", deny("not now"));
    two.say("r-1", Reply::Allow);
    second.step().unwrap();
    first.step().unwrap();
    let over = "allowed, said on `two`";
    assert_eq!(two.lines(), ["conclude r-1: taken", &format!("withdraw r-1: {over}")]);
    assert_eq!(
        one.lines(),
        [format!("conclude r-1: request `r-1` is over: {over}"), format!("withdraw r-1: {over}")]
    );
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    assert!(world.pending().is_empty());
    let events = world.events();
    first.step().unwrap();
    second.step().unwrap();
    assert_eq!((world.events(), one.lines(), two.lines()), (events, vec![], vec![]));
}

#[test]
fn of_two_answers_at_the_same_time_one_counts() {
    for round in 0..50 {
        // Whether it was relayed, or only waits.
        let world = if round % 2 == 0 { World::relaying() } else { World::new() };
        if round % 2 == 1 {
            world.start("w", Vec::new());
        }
        world.ask("r-1", "Bash");
        let start = Barrier::new(2);
        let answers = [("one", Reply::Allow), ("two", deny("no"))];
        let outcomes = std::thread::scope(|threads| {
            let threads = answers.clone().map(|(channel, reply)| {
                let (supervisor, start) = (&world.supervisor, &start);
                threads.spawn(move || {
                    start.wait();
                    supervisor.answer("r-1", channel, &reply)
                })
            });
            threads.map(|thread| thread.join().unwrap())
        });
        let won: Vec<usize> = (0..2).filter(|at| outcomes[*at].is_ok()).collect();
        let [won] = won[..] else { panic!("round {round}: {outcomes:?}") };
        let lost = outcomes[1 - won].as_ref().unwrap_err();
        assert!(matches!(lost, SuperviseError::Over { .. }), "{lost:?}");
        let Relay::Answered(Answered { channel, reply, .. }) =
            world.supervisor.relay("r-1").unwrap()
        else {
            panic!("round {round}")
        };
        assert_eq!((channel.as_str(), reply), (answers[won].0, answers[won].1.clone()));
        let allowed = matches!(world.decision("r-1"), Some((_, Decision::Allow)));
        assert_eq!(allowed, won == 0);
    }
}

#[test]
fn the_same_answer_on_one_channel_is_one() {
    let world = World::relaying();
    world.ask("r-1", "Bash");
    world.supervisor.answer("r-1", "one", &deny("no")).unwrap();
    let events = world.events();
    world.supervisor.answer("r-1", "one", &deny("no")).unwrap();
    for (channel, reply) in [("two", deny("no")), ("one", deny("never")), ("one", Reply::Allow)] {
        let late = world.supervisor.answer("r-1", channel, &reply).unwrap_err();
        assert!(matches!(late, SuperviseError::Over { .. }), "{late:?}");
    }
    assert_eq!(world.events(), events);
    let reason = Some("no".to_owned());
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Deny { reason })));
}

#[test]
fn what_cannot_be_shown_keeps_nothing_else_from_being_shown() {
    let world = World::relaying();
    let one = Told::named("one");
    let mut follower = one.follow(&world);
    world.ask("a-broken", "Bash");
    world.ask("b-1", "Bash");
    follower.step().unwrap_err();
    assert_eq!(one.lines(), ["offer b-1"]);
    assert!(matches!(world.supervisor.relay("a-broken").unwrap(), Relay::Requested(_)));
}

#[test]
fn what_waits_survives_a_restart_and_is_answered_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("log");
    let told = Told::named("one");
    {
        let world = World::in_file(&db);
        world.open_channels();
        world.start("w", Vec::new());
        world.ask("r-1", "Bash");
        told.follow(&world).step().unwrap();
        world.ask("r-2", "Bash");
        assert_eq!(told.lines(), ["offer r-1"]);
    }
    let world = World::in_file(&db);
    let mut follower = told.follow(&world);
    follower.step().unwrap();
    assert_eq!(told.lines(), ["offer r-1", "offer r-2"]);
    // The channels are still open on the log.
    world.ask("r-3", "Bash");
    follower.step().unwrap();
    assert_eq!(told.lines(), ["offer r-3"]);
    told.say("r-1", Reply::Allow);
    follower.step().unwrap();
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    assert_eq!(world.pending(), ["r-2", "r-3"]);
    // So is the patience: its timer is on the log.
    world.pass(PATIENCE);
    world.bus.catch_up().unwrap();
    assert!(world.pending().is_empty());
}

#[test]
fn the_patience_ends_whether_somebody_was_offered_it_or_not() {
    let world = World::relaying();
    let told = Told::named("one");
    let mut follower = told.follow(&world);
    world.ask("r-1", "Bash");
    world.pass(SECOND * 20);
    follower.step().unwrap();
    world.ask("r-2", "Bash");
    let timed_out =
        Some(("timeout".to_owned(), Decision::NoOpinion { reason: "timeout".to_owned() }));

    world.pass(SECOND * 40 - Duration::from_micros(1));
    world.bus.catch_up().unwrap();
    assert_eq!((world.decision("r-1"), world.decision("r-2")), (None, None));
    world.pass(Duration::from_micros(1));
    world.bus.catch_up().unwrap();
    assert_eq!((world.decision("r-1"), world.decision("r-2")), (timed_out.clone(), None));
    follower.step().unwrap();
    let expected = ["offer r-1", "offer r-2", "withdraw r-1: nobody answered in time"];
    assert_eq!(told.lines(), expected);
    world.pass(SECOND * 20);
    world.bus.catch_up().unwrap();
    assert_eq!(world.decision("r-2"), timed_out);
    let late = world.supervisor.answer("r-1", "one", &Reply::Allow).unwrap_err();
    assert_eq!(late.to_string(), "request `r-1` is over: nobody answered in time");
    assert!(world.pending().is_empty());
}

#[test]
fn what_was_answered_does_not_expire() {
    let world = World::relaying();
    world.ask("r-1", "Bash");
    world.supervisor.answer("r-1", "one", &Reply::Allow).unwrap();
    let events = world.events();
    world.pass(PATIENCE * 2);
    world.bus.catch_up().unwrap();
    assert_eq!(world.events(), events);
}

#[test]
fn who_closes_channels_closes_only_their_own() {
    let world = World::new();
    let channels = ["http".to_owned()];
    let state = || world.bus.load::<Channels>(SESSION).unwrap().state().clone();
    world.start("w", Vec::new());
    world.supervisor.open_channels("beside", &channels, PATIENCE).unwrap();
    let events = world.events();
    world.supervisor.close_channels("supervisor").unwrap();
    assert_eq!(world.events(), events);
    // Of the same name, even.
    world.supervisor.open_channels("supervisor", &channels, PATIENCE * 2).unwrap();
    world.supervisor.open_channels("supervisor", &channels, PATIENCE * 3).unwrap();
    assert!(matches!(state(), Channels::Open(open) if open.patience() == PATIENCE * 3));
    world.supervisor.close_channels("supervisor").unwrap();
    assert!(matches!(state(), Channels::Open(open) if open.patience() == PATIENCE));
    world.ask("r-1", "Bash");
    assert!(matches!(world.supervisor.relay("r-1").unwrap(), Relay::Requested(_)));
    world.supervisor.close_channels("beside").unwrap();
    assert!(matches!(state(), Channels::Closed));
}
