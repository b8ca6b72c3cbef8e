//! A state's struct has all parameters of the lifecycle, so that it is a state of one lifecycle only.

use serde::{Deserialize, Serialize};
use vitae::{Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order<R, const LIMIT: u32> {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Placed => Open)]
    Open(Open<R>),
}

#[derive(Clone)]
struct Open<R>(R);

fn main() {}
