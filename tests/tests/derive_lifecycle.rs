//! A lifecycle, derived and driven through its traits.

#![expect(missing_docs, reason = "types of a test are not documented")]

use serde::{Deserialize, Serialize};
use vitae::lifecycle::{LifecycleEvent, Rejection};
use vitae::{Context, DecodeError, Event, Lifecycle, Refusal, Stage, State, Transition};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "workflow.start", version = 1, tag = workflow)]
pub struct Started {
    pub workflow: String,
    pub iterations: u32,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.iterate")]
pub struct Iterated;

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "workflow.end")]
pub struct Ended {
    pub reason: String,
}

#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "workflow")]
pub enum Workflow {
    /// Nothing has happened yet.
    #[state(initial)]
    #[on(Started => Running)]
    Idle,

    #[on(Iterated if Running::within_budget => Running)]
    #[on(Ended => Done)]
    Running(Running),

    #[state(terminal)]
    Done,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    left: u32,
}

impl Running {
    fn within_budget(&self, _: &Iterated, _: &Context) -> Result<(), Refusal> {
        match self.left {
            0 => Err(Refusal::new("no iteration is left")),
            _ => Ok(()),
        }
    }
}

impl WorkflowTransitions for Workflow {
    fn idle_on_started(_: Idle, event: &Started, _: &Context) -> Running {
        Running { left: event.iterations }
    }

    fn running_on_iterated(from: Running, _: &Iterated, _: &Context) -> Running {
        Running { left: from.left.saturating_sub(1) }
    }
}

#[expect(clippy::unwrap_used, reason = "the names are names")]
fn context() -> Context {
    vitae::__private::context("workflow", "w1").unwrap()
}

fn started(iterations: u32) -> Started {
    Started { workflow: "fix-tests".to_owned(), iterations }
}

#[test]
fn a_life_goes_along_its_edges() {
    let running = Workflow::initial().apply(&started(2).into(), &context()).unwrap();
    assert_eq!(running, Workflow::Running(Running { left: 2 }));
    let running = running.apply(&Iterated.into(), &context()).unwrap();
    assert_eq!(running, Workflow::Running(Running { left: 1 }));
    let ended = Ended { reason: String::new() };
    let done = running.apply(&ended.into(), &context()).unwrap();
    assert_eq!(done, Workflow::Done);
    assert_eq!(done.state().name, "Done");
}

#[test]
fn an_event_without_an_edge_is_illegal_and_moves_nothing() {
    let idle = Workflow::initial();
    let rejection = idle.check(&Iterated.into(), &context()).unwrap_err();
    assert_eq!(
        rejection.to_string(),
        "`Iterated` cannot happen in state `Idle` of `workflow`; what can: `Started`"
    );
    assert_eq!(idle.apply(&Iterated.into(), &context()).unwrap_err(), Workflow::Idle);
    let rejection = Workflow::Done.check(&Iterated.into(), &context());
    assert!(
        rejection
            .unwrap_err()
            .to_string()
            .ends_with("the state is terminal: nothing can happen any more")
    );
}

#[test]
fn a_guard_is_asked_before_and_not_on_replay() {
    let spent = Workflow::Running(Running { left: 0 });
    let Err(Rejection::Refused(refusal)) = spent.check(&Iterated.into(), &context()) else {
        panic!("the guard was not asked");
    };
    assert_eq!(refusal.reason(), "no iteration is left");
    assert!(spent.apply(&Iterated.into(), &context()).is_ok());
    let left = Workflow::Running(Running { left: 1 });
    assert!(left.check(&Iterated.into(), &context()).is_ok());
}

#[test]
fn the_table_says_what_the_declaration_says() {
    let table = Workflow::DEFINITION;
    assert_eq!(table.name, "workflow");
    let states: Vec<_> =
        table.states.iter().map(|state| (state.name, state.initial, state.terminal)).collect();
    assert_eq!(states, [("Idle", true, false), ("Running", false, false), ("Done", false, true)]);
    let events: Vec<_> =
        table.events.iter().map(|event| (event.name, event.kind, event.version)).collect();
    assert_eq!(
        events,
        [
            ("Started", "workflow.start", 1),
            ("Iterated", "workflow.iterate", 1),
            ("Ended", "workflow.end", 1)
        ]
    );
    let edges: Vec<_> =
        table.edges.iter().map(|edge| (edge.from, edge.event, edge.to, edge.guard)).collect();
    assert_eq!(
        edges,
        [(0, 0, 1, None), (1, 1, 1, Some("Running::within_budget")), (1, 2, 2, None)]
    );
    assert!(std::ptr::eq(Idle::DEFINITION, &raw const table.states[0]));
    assert!(std::ptr::eq(WorkflowEvent::from(Iterated).definition(), &raw const table.events[1]));
}

#[test]
fn a_state_is_taken_out_and_put_back() {
    assert_eq!(Idle::hold(Workflow::Idle), Ok(Idle));
    assert_eq!(Done::hold(Workflow::Idle), Err(Workflow::Idle));
    assert_eq!(Idle::release(Idle), Workflow::Idle);
    let running = Workflow::Running(Running { left: 3 });
    let taken = Running::hold(running.clone()).unwrap();
    assert_eq!(Running::release(taken), running);
}

#[test]
fn an_edge_is_a_transition_of_its_event() {
    let running = <Started as Transition<Idle>>::apply(Idle, &started(1), &context());
    assert_eq!(running.left, 1);
    assert!(Transition::<Running>::guard(&Iterated, &running, &context()).is_ok());
}

#[test]
fn events_are_written_and_read_by_their_stored_name() {
    let event = WorkflowEvent::from(started(7));
    let payload = event.encode().unwrap();
    assert_eq!(payload, postcard::to_allocvec(&started(7)).unwrap());
    let read = WorkflowEvent::decode("workflow.start", 1, &payload).unwrap();
    let WorkflowEvent::Started(read) = read else {
        panic!("another event");
    };
    assert_eq!(read, started(7));
    assert_eq!(event.tags().unwrap().iter().collect::<Vec<_>>(), ["workflow:fix-tests"]);
    assert!(WorkflowEvent::from(Iterated).tags().unwrap().is_empty());
    assert!(matches!(WorkflowEvent::decode("other", 1, &payload), Err(DecodeError::UnknownKind)));
    assert!(matches!(
        WorkflowEvent::decode("workflow.start", 2, &payload),
        Err(DecodeError::FromTheFuture { version: 2, known: 1 })
    ));
    assert_eq!(format!("{event:?}"), "Started");
}
