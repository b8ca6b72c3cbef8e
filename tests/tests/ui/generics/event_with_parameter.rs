//! An event has no parameters: one stored name has one shape.

use std::marker::PhantomData;

use vitae::Lifecycle;

struct Placed<T>(PhantomData<T>);

#[derive(Lifecycle)]
#[lifecycle(name = "order")]
enum Order<T> {
    #[state(initial)]
    #[on(Placed<T> => Draft)]
    Draft(Draft<T>),
}

#[derive(Clone)]
struct Draft<T>(PhantomData<T>);

impl<T> Default for Draft<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

fn main() {}
