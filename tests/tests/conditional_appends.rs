//! The program of `docs/conditional-appends.md`.

#![allow(missing_docs, reason = "the page explains it")]

use std::error::Error;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vitae::store::{AppendError, Condition, Query};
use vitae::{Alongside, Bus, CommitReason, DecisionModel, Event, InvalidName, Lifecycle, tag};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "course.planned", tag = course)]
pub struct Planned {
    pub course: String,
    pub seats: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "course.joined", tag = course, tag = student)]
pub struct Joined {
    pub course: String,
    pub student: String,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "course")]
pub enum Course {
    #[state(initial)]
    #[on(Planned => Offered)]
    Idea,
    #[state(terminal)]
    Offered,
}

impl CourseTransitions for Course {}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "subscription")]
pub enum Subscription {
    #[state(initial)]
    #[on(Joined => Taken)]
    Open,
    #[state(terminal)]
    Taken,
}

impl SubscriptionTransitions for Subscription {}

#[derive(Default)]
struct Enrolment {
    seats: u32,
    taken: u32,
    courses: u32,
}

fn enrolment(course: &str, student: &str) -> Result<DecisionModel<Enrolment>, InvalidName> {
    let (course, student) = (tag("course", course)?, tag("student", student)?);
    Ok(DecisionModel::new(Enrolment::default())
        .on([course.clone()], |event: &Planned, _, known: &mut Enrolment| known.seats = event.seats)
        .on([course], |_: &Joined, _, known| known.taken += 1)
        .on([student], |_: &Joined, _, known| known.courses += 1))
}

/// Says whether there was room: in the course, and in the student's week.
fn join(bus: &Bus, course: &str, student: &str) -> Result<bool, Box<dyn Error>> {
    loop {
        let (known, unchanged) = bus.build_model(enrolment(course, student)?)?;
        if known.taken >= known.seats || known.courses >= 2 {
            return Ok(false);
        }
        let subscription = bus
            .load::<Subscription>(format!("{course}/{student}"))?
            .record(Joined { course: course.into(), student: student.into() })?;
        match bus.commit_alongside(subscription, Alongside::new().condition(unchanged)) {
            Ok(_) => return Ok(true),
            Err(error) if overtaken(error.reason()) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn overtaken(reason: &CommitReason) -> bool {
    matches!(reason, CommitReason::Append(AppendError::ConditionFailed { .. }))
}

#[test]
fn a_course_and_a_week_have_room_for_so_many() -> Result<(), Box<dyn Error>> {
    let bus = bus()?;
    for (course, seats) in [("rust", 2), ("sql", 9), ("go", 9)] {
        let planned = Planned { course: course.into(), seats };
        bus.commit(bus.load::<Course>(course)?.record(planned)?)?;
    }
    assert!(join(&bus, "rust", "ada")?);
    assert!(join(&bus, "rust", "bob")?);
    assert!(!join(&bus, "rust", "eve")?, "two seats");
    assert!(join(&bus, "sql", "ada")?);
    assert!(!join(&bus, "go", "ada")?, "two courses");
    Ok(())
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "user.registered", tag = username)]
pub struct Registered {
    pub username: String,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "user")]
pub enum User {
    #[state(initial)]
    #[on(Registered => Member)]
    Visitor,
    #[state(terminal)]
    Member,
}

impl UserTransitions for User {}

/// Nobody has registered under this name, ever.
fn never_registered(username: &str) -> Result<Condition, InvalidName> {
    Ok(Condition { query: Query::tag(tag("username", username)?), after: None })
}

#[test]
fn a_username_is_given_once() -> Result<(), Box<dyn Error>> {
    let bus = bus()?;
    let register = |id: &str, username: &str| -> Result<bool, Box<dyn Error>> {
        let user = bus.load::<User>(id)?.record(Registered { username: username.into() })?;
        let free = Alongside::new().condition(never_registered(username)?);
        match bus.commit_alongside(user, free) {
            Ok(_) => Ok(true),
            Err(error) if overtaken(error.reason()) => Ok(false),
            Err(error) => Err(error.into()),
        }
    };
    assert!(register("1", "ada")?);
    assert!(!register("2", "ada")?);
    assert!(register("2", "bob")?);
    Ok(())
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "account.paid-in", tag = request)]
pub struct PaidIn {
    pub cents: u64,
    pub request: String,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "account")]
pub enum Account {
    #[state(initial)]
    #[on(PaidIn => Active)]
    New,
    #[on(PaidIn => Active, Closed => Gone)]
    Active,
    #[state(terminal)]
    Gone,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "account.closed")]
pub struct Closed {}

impl AccountTransitions for Account {}

/// Pays in, once for each request, however often it comes.
fn pay_in(bus: &Bus, account: &str, cents: u64, request: &str) -> Result<(), Box<dyn Error>> {
    let once = Condition { query: Query::tag(tag("request", request)?), after: None };
    let paid = PaidIn { cents, request: request.into() };
    let account = bus.load::<Account>(account)?.record(paid)?;
    match bus.commit_alongside(account, Alongside::new().condition(once)) {
        Err(error) if !overtaken(error.reason()) => Err(error.into()),
        _ => Ok(()),
    }
}

#[test]
fn a_request_that_comes_twice_is_done_once() -> Result<(), Box<dyn Error>> {
    let bus = bus()?;
    pay_in(&bus, "savings", 500, "r-1")?;
    pay_in(&bus, "savings", 500, "r-1")?;
    pay_in(&bus, "savings", 500, "r-2")?;
    assert_eq!(bus.load::<Account>("savings")?.version().map(|version| version.get()), Some(2));
    Ok(())
}

fn bus() -> Result<Bus, Box<dyn Error>> {
    Ok(Bus::open(Arc::new(vitae::MemoryStore::new()))?)
}
