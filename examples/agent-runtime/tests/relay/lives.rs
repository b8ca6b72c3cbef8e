//! The two lifecycles by themselves, edge by edge.

use agent_runtime::relay::{
    Answered, Asked, Cancelled, Channels, ChannelsClosed, ChannelsOpened, ChannelsOpenedV1,
    ChannelsWithdrawn, Expired, Relay, RelayAnswered, RelayCancelled, RelayExpired, RelayOffered,
    RelayRequested, Relayed, Reply, SUPERVISOR,
};
use agent_runtime::run::{Place, Tool};
use vitae::testing::{Coverage, Scenario};
use vitae::{Refusal, Timestamp};

use crate::support::world::{PATIENCE, SESSION};
use crate::{SECOND, deny, text};

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
    let channels = Coverage::<Channels>::new().tests([
        channels_open_again_and_close,
        who_is_not_the_last_one_withdraws,
        who_is_the_last_one_closes_and_does_not_withdraw,
    ]);
    channels.assert_complete();
    channels.assert_guards_refused();
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
        opener: "one".into(),
        channels: vec!["one".into()],
        patience: SECOND * seconds,
    };
    Scenario::new()
        .given(opened(1))
        .when(opened(2))
        .then_state(|channels| {
            assert!(matches!(channels, Channels::Open(open) if open.patience() == SECOND * 2));
        })
        .when(ChannelsClosed { session: SESSION.into() })
        .then_state(|channels| assert!(matches!(channels, Channels::Closed)))
}

#[test]
fn who_is_not_the_last_one_withdraws() -> Scenario<Channels> {
    let opened = |opener: &str, patience| ChannelsOpened {
        session: SESSION.into(),
        opener: opener.into(),
        channels: vec!["http".into()],
        patience,
    };
    Scenario::new()
        .given(opened("one", SECOND))
        .given(opened("two", SECOND * 2))
        .when(ChannelsWithdrawn { session: SESSION.into(), opener: "two".into() })
        .then_state(|channels| {
            assert!(matches!(channels, Channels::Open(open) if open.patience() == SECOND));
        })
}

#[test]
fn who_is_the_last_one_closes_and_does_not_withdraw() -> Scenario<Channels> {
    let opened = ChannelsOpened::from(ChannelsOpenedV1 {
        session: SESSION.into(),
        channels: vec!["one".into()],
        patience: SECOND,
    });
    let withdrawn = ChannelsWithdrawn { session: SESSION.into(), opener: SUPERVISOR.into() };
    let refusal = Refusal::new("no other channels are open; these are to be closed");
    Scenario::new().given(opened).when(withdrawn).then_refused(refusal)
}
