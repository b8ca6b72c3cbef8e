//! A type that contains itself has no shape of finite size.

use vitae::Schema;

#[derive(Schema)]
struct Node {
    next: Option<Box<Node>>,
}

#[derive(Schema)]
enum Tree {
    Leaf,
    Branch(Vec<Self>),
}

fn main() {}
