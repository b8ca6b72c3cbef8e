//! Relays: offered on every channel, answered once, and over in time.

#![cfg(test)]

mod branches;
mod questions;
#[path = "../support/mod.rs"]
mod support;

use std::io;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use agent_runtime::projections::pending::PendingRow;
use agent_runtime::relay::outside::{Channel, Follower, Said};
use agent_runtime::relay::{
    Answered, Asked, Cancelled, Channels, ChannelsClosed, ChannelsOpened, Expired, Relay,
    RelayAnswered, RelayCancelled, RelayExpired, RelayOffered, RelayRequested, Relayed, Reply,
};
use agent_runtime::request::{Decision, request_stream};
use agent_runtime::run::{Place, Tool};
use agent_runtime::supervisor::{Question, SuperviseError, Supervisor};
use serde_json::json;
use support::world::{PATIENCE, SESSION, World};
use vitae::testing::{Coverage, Scenario};
use vitae::{CommitReason, MemoryStore, Timestamp};

const SECOND: Duration = Duration::from_secs(1);

fn place(workflow: Option<&str>) -> Place {
    Place { session: SESSION.into(), workflow: workflow.map(str::to_owned), run: 1 }
}

fn permission() -> Asked {
    Asked::Permission { tool: Tool { name: "Bash".into(), use_id: None, input: "{}".into() } }
}

fn question(choices: &[&str]) -> Asked {
    let choices = choices.iter().map(ToString::to_string).collect();
    Asked::Question { text: "Which?".into(), choices }
}

fn requested(workflow: Option<&str>, asked: Asked) -> RelayRequested {
    RelayRequested { place: place(workflow), request: "r".into(), asked, patience: PATIENCE }
}

fn offered(channel: &str) -> RelayOffered {
    RelayOffered { place: place(None), request: "r".into(), channel: channel.into() }
}

fn answered(reply: Reply) -> RelayAnswered {
    RelayAnswered { place: place(None), request: "r".into(), channel: "one".into(), reply }
}

fn cancelled() -> RelayCancelled {
    RelayCancelled { place: place(None), request: "r".into(), why: "decided by user".into() }
}

fn text(text: &str) -> Reply {
    Reply::Text { text: text.into() }
}

fn deny(reason: &str) -> Reply {
    Reply::Deny { reason: Some(reason.into()) }
}

#[test]
fn every_edge_is_tested() {
    let relays = Coverage::<Relay>::new().tests([
        what_is_offered_keeps_the_patience_that_is_left,
        a_reply_must_be_one_to_what_was_asked,
        always_is_of_a_workflow,
        what_nobody_was_offered_is_cancelled,
        what_nobody_was_offered_expires,
        what_was_offered_is_cancelled,
        what_was_offered_expires,
    ]);
    relays.assert_complete();
    relays.assert_guards_refused();
    Coverage::<Channels>::new().tests([channels_open_again_and_close]).assert_complete();
}

#[test]
fn what_is_offered_keeps_the_patience_that_is_left() -> Scenario<Relay> {
    let later = Timestamp::from_micros(0).saturating_add(SECOND * 20);
    Scenario::new()
        .given(requested(None, permission()))
        .at(later)
        .when(offered("one"))
        .then_state(|relay| {
            let Relay::Relayed(Relayed { patience, channels, .. }) = relay else {
                panic!("{relay:?}")
            };
            assert_eq!((*patience, channels.as_slice()), (SECOND * 40, &["one".to_owned()][..]));
        })
        .given(offered("two"))
        .when(answered(Reply::Allow))
        .then_state(|relay| {
            assert_eq!(relay.ending().as_deref(), Some("allowed, said on `one`"));
        })
        .when(answered(Reply::Allow))
        .then_illegal()
}

#[test]
fn a_reply_must_be_one_to_what_was_asked() -> Scenario<Relay> {
    let asked = |asked: Asked| Scenario::<Relay>::new().given(requested(Some("w"), asked));
    for reply in [Reply::Allow, deny("no"), Reply::Always] {
        asked(permission()).when(answered(reply)).then_in::<Answered>();
    }
    asked(question(&[])).when(answered(text("any"))).then_in::<Answered>();
    let says = |scenario: Scenario<Relay>, reply: Reply, says: &str| {
        let says = says.to_owned();
        scenario.when(answered(reply)).then_refusal(move |said| assert_eq!(said.reason(), says))
    };
    let leave = "it asks for leave: allow, deny, or always allow";
    says(asked(permission()), text("yes"), leave);
    says(asked(question(&[])), Reply::Allow, "it is a question: answer with a text");
    let choices = asked(question(&["red", "blue"]));
    let choices = says(choices, text("green"), "the choices are: red, blue");
    let choices = says(choices, Reply::Allow, "the choices are: red, blue");
    choices.when(answered(text("blue"))).then_in::<Answered>()
}

#[test]
fn always_is_of_a_workflow() -> Scenario<Relay> {
    Scenario::<Relay>::new()
        .given(requested(None, permission()))
        .given(offered("one"))
        .when(answered(Reply::Always))
        .then_refusal(|said| {
            let workflow = "it was asked outside any workflow, so in none can it always be allowed";
            assert_eq!(said.reason(), workflow);
        })
        .when(answered(deny("no")))
        .then_in::<Answered>()
}

#[test]
fn what_nobody_was_offered_is_cancelled() -> Scenario<Relay> {
    Scenario::new().given(requested(None, permission())).when(cancelled()).then_in::<Cancelled>()
}

#[test]
fn what_nobody_was_offered_expires() -> Scenario<Relay> {
    Scenario::new().given(requested(None, permission())).when(RelayExpired {}).then_in::<Expired>()
}

#[test]
fn what_was_offered_is_cancelled() -> Scenario<Relay> {
    let relayed = Scenario::new().given(requested(None, permission())).given(offered("one"));
    relayed.when(cancelled()).then_in::<Cancelled>()
}

#[test]
fn what_was_offered_expires() -> Scenario<Relay> {
    let relayed = Scenario::new().given(requested(None, permission())).given(offered("one"));
    relayed.when(RelayExpired {}).then_in::<Expired>()
}

#[test]
fn channels_open_again_and_close() -> Scenario<Channels> {
    let opened = |seconds| ChannelsOpened {
        session: SESSION.into(),
        channels: vec!["one".into()],
        patience: SECOND * seconds,
    };
    Scenario::new()
        .given(opened(1))
        .when(opened(2))
        .then_state(|channels| {
            assert!(matches!(channels, Channels::Open(open) if open.patience == SECOND * 2));
        })
        .when(ChannelsClosed { session: SESSION.into() })
        .then_state(|channels| assert!(matches!(channels, Channels::Closed)))
}

/// A channel that writes down what it is told.
#[derive(Clone, Default)]
struct Told {
    name: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
    said: Arc<Mutex<Vec<Said>>>,
}

impl Told {
    fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    /// A follower of this channel.
    fn follow(&self, world: &World) -> Follower<Self> {
        let supervisor = Supervisor::new(world.bus.clone(), SESSION.to_owned());
        Follower::new(supervisor, self.clone()).unwrap()
    }

    fn say(&self, request: &str, reply: Reply) {
        self.said.lock().unwrap().push(Said { request: request.into(), reply });
    }

    fn note(&self, line: String) -> io::Result<()> {
        if line.contains("broken") {
            return Err(io::Error::other("the channel breaks on this one"));
        }
        self.lines.lock().unwrap().push(line);
        Ok(())
    }

    /// What it was told since it was asked last.
    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap())
    }
}

impl Channel for Told {
    fn name(&self) -> &str {
        self.name
    }

    fn shows(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn offer(&mut self, row: &PendingRow) -> io::Result<()> {
        self.note(format!("offer {}", row.request))
    }

    fn withdraw(&mut self, request: &str, how: &str) -> io::Result<()> {
        self.note(format!("withdraw {request}: {how}"))
    }

    fn hear(&mut self) -> io::Result<Vec<Said>> {
        Ok(std::mem::take(&mut *self.said.lock().unwrap()))
    }

    fn conclude(&mut self, said: &Said, outcome: Result<(), &SuperviseError>) -> io::Result<()> {
        let outcome = outcome.map_or_else(ToString::to_string, |()| "taken".to_owned());
        self.note(format!("conclude {}: {outcome}", said.request))
    }
}

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
fn an_id_stands_for_one_thing() {
    let world = World::relaying();
    world.ask("r-1", "Bash");
    let events = world.events();
    let again = world.try_ask("r-1", "Write").unwrap_err();
    assert!(matches!(again, SuperviseError::Record(_)), "{again:?}");
    let colour = |id: &str, choices: &[&str]| Question {
        id: id.to_owned(),
        text: "Which colour?".to_owned(),
        choices: choices.iter().map(ToString::to_string).collect(),
        patience: PATIENCE,
    };
    let other = world.supervisor.ask_question(&colour("r-1", &[])).unwrap_err();
    assert!(matches!(other, SuperviseError::OtherPayload { .. }), "{other:?}");
    assert_eq!(world.events(), events);
    // Without channels a permission has no relay, and keeps its id all the same.
    world.supervisor.close_channels().unwrap();
    world.ask("r-2", "Bash");
    let other = world.supervisor.ask_question(&colour("r-2", &[])).unwrap_err();
    assert!(matches!(other, SuperviseError::OtherPayload { .. }), "{other:?}");

    world.supervisor.ask_question(&colour("q-1", &["red", "blue"])).unwrap();
    let events = world.events();
    world.supervisor.ask_question(&colour("q-1", &["red", "blue"])).unwrap();
    let other = world.supervisor.ask_question(&colour("q-1", &["red"])).unwrap_err();
    assert!(matches!(other, SuperviseError::OtherPayload { .. }), "{other:?}");
    assert_eq!(world.events(), events);
}

#[test]
fn a_question_is_answered_or_expires_and_decides_no_request() {
    let world = World::relaying();
    let told = Told::named("one");
    let mut follower = told.follow(&world);
    let question = |id: &str| Question {
        id: id.to_owned(),
        text: "Which colour?".to_owned(),
        choices: vec!["red".to_owned(), "blue".to_owned()],
        patience: SECOND,
    };
    world.supervisor.ask_question(&question("q-1")).unwrap();
    world.supervisor.ask_question(&question("q-2")).unwrap();
    told.say("q-1", text("green"));
    follower.step().unwrap();
    assert!(told.lines()[0].ends_with("the choices are: red, blue"));
    told.say("q-1", text("blue"));
    follower.step().unwrap();
    let relay = world.supervisor.relay("q-1").unwrap();
    assert!(matches!(&relay, Relay::Answered(Answered { reply, .. }) if *reply == text("blue")));
    world.pass(SECOND);
    world.bus.catch_up().unwrap();
    assert!(matches!(world.supervisor.relay("q-2").unwrap(), Relay::Expired(_)));
    assert!(world.pending().is_empty());
}

#[test]
fn what_is_decided_elsewhere_is_called_off() {
    let world = World::relaying();
    let told = Told::named("one");
    let mut follower = told.follow(&world);
    world.ask("r-1", "Bash");
    world.ask("r-2", "Bash");
    follower.step().unwrap();
    told.lines();
    let answer = json!({
        "type": "json", "source": "policy", "intent": { "kind": "permission_allow" },
    });
    let answer = serde_json::from_value(answer).unwrap();
    world.supervisor.decide("r-1", &answer, world.heard()).unwrap();
    world.hook("h-9", json!({ "hook_event_name": "UserPromptSubmit", "prompt": "stop" })).unwrap();
    follower.step().unwrap();
    let expected = ["withdraw r-1: decided by policy", "withdraw r-2: a further run has opened"];
    assert_eq!(told.lines(), expected);
    assert!(world.pending().is_empty());
}

#[test]
fn without_channels_nothing_is_relayed_and_it_can_be_answered_all_the_same() {
    let world = World::new();
    world.start("w", Vec::new());
    world.ask("r-1", "Bash");
    world.ask("r-2", "Bash");
    assert!(matches!(world.supervisor.relay("r-1").unwrap(), Relay::Unasked));
    world.pass(PATIENCE * 2);
    world.bus.catch_up().unwrap();
    assert_eq!(world.pending(), ["r-1", "r-2"]);
    world.supervisor.answer("r-1", "command", &Reply::Always).unwrap();
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    world.ask("r-3", "Bash");
    assert_eq!(world.decision("r-3"), Some(("rule".into(), Decision::Allow)));
    for request in ["r-9", "h-1"] {
        let unknown = world.supervisor.answer(request, "command", &Reply::Allow).unwrap_err();
        assert!(matches!(unknown, SuperviseError::NotPending { .. }), "{unknown:?}");
    }

    // What waits already is offered to who comes later.
    world.open_channels();
    let relay = world.supervisor.relay("r-2").unwrap();
    assert!(matches!(&relay, Relay::Requested(relay) if relay.patience == PATIENCE), "{relay:?}");
    world.supervisor.close_channels().unwrap();
    let events = world.events();
    world.supervisor.close_channels().unwrap();
    assert_eq!(world.events(), events);
    world.ask("r-4", "Read");
    assert!(matches!(world.supervisor.relay("r-4").unwrap(), Relay::Unasked));
}

#[test]
fn what_is_decided_is_not_relayed() {
    let world = World::new();
    world.start("w", Vec::new());
    world.ask("r-1", "Bash");
    let row = world.supervisor.pending().unwrap().remove(0);
    let relay = world.bus.load::<Relay>(request_stream(SESSION, "r-1")).unwrap();
    let late = RelayRequested {
        place: row.place,
        request: row.request,
        asked: row.asked,
        patience: PATIENCE,
    };
    let answer = json!({ "type": "passthrough", "source": "nobody" });
    let answer = serde_json::from_value(answer).unwrap();
    world.supervisor.decide("r-1", &answer, world.heard()).unwrap();
    let refused = world.bus.commit(relay.record(late).unwrap()).unwrap_err();
    assert!(matches!(refused.reason(), CommitReason::Policy { .. }), "{refused:?}");
}

#[test]
fn sessions_are_told_apart() {
    let store = Arc::new(MemoryStore::new());
    let world = World::over(store);
    let other = Supervisor::new(world.bus.clone(), format!("{SESSION}/r"));
    let question = |text: &str| Question {
        id: "q-1".to_owned(),
        text: text.to_owned(),
        choices: Vec::new(),
        patience: PATIENCE,
    };
    world.supervisor.ask_question(&question("ours")).unwrap();
    other.ask_question(&question("theirs")).unwrap();
    let told = Told::named("one");
    told.follow(&world).step().unwrap();
    assert_eq!(told.lines(), ["offer q-1"]);
    assert_eq!(world.pending().len(), 1);
    other.answer("q-1", "one", &text("yes")).unwrap();
    assert!(matches!(world.supervisor.relay("q-1").unwrap(), Relay::Relayed(_)));
}
