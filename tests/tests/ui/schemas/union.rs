//! A union does not know what it holds, so it has no schema.

use vitae::Schema;

#[derive(Schema)]
union Bits {
    a: u8,
    b: i8,
}

fn main() {}
