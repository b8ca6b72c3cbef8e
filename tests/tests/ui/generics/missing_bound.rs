//! The parameters of a lifecycle are `Clone`, `Send` and `Sync`, as its states are.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use vitae::{Bus, Context, Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

trait Rules {}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order<R: Rules> {
    #[state(initial)]
    #[on(Placed => Open)]
    Open(Open<R>),
}

#[derive(Clone)]
struct Open<R>(PhantomData<R>);

impl<R> Default for Open<R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<R: Rules> OrderTransitions<R> for Order<R> {
    fn open_on_placed(from: Open<R>, _: &Placed, _: &Context) -> Open<R> {
        from
    }
}

fn load<R: Rules>(bus: &Bus) {
    let _ = bus.load::<Order<R>>("7");
}

fn main() {}
