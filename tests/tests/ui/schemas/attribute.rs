//! Where `vitae` is, is said on the type.

use vitae::Schema;

#[derive(Schema)]
#[schema(crat = vitae)]
struct Misspelled;

#[derive(Schema)]
struct Misplaced {
    #[schema(crate = vitae)]
    field: u8,
}

fn main() {}
