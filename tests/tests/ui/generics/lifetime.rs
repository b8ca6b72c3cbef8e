//! A lifecycle owns its data: a life that is read back has nothing to borrow from.

use vitae::Lifecycle;

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
enum Order<'a> {
    #[state(initial)]
    Draft(&'a str),
}

fn main() {}
