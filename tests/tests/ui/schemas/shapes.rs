use vitae::Schema;

#[derive(Schema)]
union Bits {
    a: u8,
    b: i8,
}

#[derive(Schema)]
#[schema(crat = vitae)]
struct Misspelled;

#[derive(Schema)]
struct Misplaced {
    #[schema(crate = vitae)]
    field: u8,
}

#[derive(Schema)]
struct Node {
    next: Option<Box<Node>>,
}

fn main() {}
