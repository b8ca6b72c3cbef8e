//! Lifecycles of several forms.
#![deny(missing_docs, warnings)]

use std::fmt::Debug;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use vitae::{Context, Event, Lifecycle, Refusal, State};

/// Something was asked for.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "approval.asked")]
pub struct Asked;

/// It was granted.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "approval.granted")]
pub struct Granted;

/// What a company allows.
pub trait Rules: Clone + Debug + 'static {
    /// Whether anything can be asked for.
    const OPEN: bool;
}

/// An approval under some rules.
#[derive(Lifecycle, Clone, Debug)]
#[lifecycle(name = "approval")]
pub enum Approval<R: Rules> {
    /// Nothing was asked for.
    #[state(initial)]
    #[on(Asked if is_open => Pending)]
    New,
    /// It waits.
    #[on(Granted => Approved, Asked => Pending)]
    Pending(Pending<R>),
    /// Over.
    #[state(terminal)]
    Approved,
}

/// What waits.
#[derive(Clone, Debug)]
pub struct Pending<R> {
    rules: PhantomData<fn() -> R>,
}

fn is_open<R: Rules, S: State<Lifecycle = Approval<R>>>(
    _: &S,
    _: &Asked,
    _: &Context,
) -> Result<(), Refusal> {
    if R::OPEN { Ok(()) } else { Err(Refusal::new("closed")) }
}

impl<R: Rules> ApprovalTransitions<R> for Approval<R> {
    fn new_on_asked(_: New<R>, _: &Asked, _: &Context) -> Pending<R> {
        Pending { rules: PhantomData }
    }

    fn pending_on_asked(pending: Pending<R>, _: &Asked, _: &Context) -> Pending<R> {
        pending
    }
}

/// Has a lifecycle of its own inside.
pub fn inside() -> &'static str {
    #[derive(Lifecycle, Clone, Debug)]
    #[lifecycle(name = "hidden")]
    enum Hidden {
        #[state(initial)]
        #[on(Granted => Seen)]
        Unseen,
        #[on(Granted => Unseen)]
        Seen,
    }

    impl HiddenTransitions for Hidden {}

    Hidden::DEFINITION.name
}
