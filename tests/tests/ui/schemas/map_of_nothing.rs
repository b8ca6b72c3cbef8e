//! A map holds entries that take bytes: of others a few bytes could claim any number.

use std::collections::BTreeMap;

use vitae::Schema;

#[derive(Schema)]
struct Seen {
    names: BTreeMap<(), ()>,
}

fn main() {}
