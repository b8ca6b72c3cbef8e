//! A type that a parameter leads to does not name the parameter.

use serde::{Deserialize, Serialize};
use vitae::{Event, Lifecycle};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed")]
struct Placed;

trait Rules {
    type Unit: Clone + Default + Send + Sync + 'static;
}

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order<T: Rules> {
    #[state(initial)]
    #[on(Placed => Draft)]
    Draft(Draft<T::Unit>),
}

#[derive(Clone, Default)]
struct Draft<I>(I);

fn main() {}
