//! A state's type is a struct and not a parameter, which could be any type, even that of another state.

use serde::{Deserialize, Serialize};
use vitae::{Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order<T> {
    #[state(initial)]
    #[on(Placed => Draft)]
    Draft(T),
}

fn main() {}
