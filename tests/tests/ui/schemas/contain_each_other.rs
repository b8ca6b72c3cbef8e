//! Two types that contain each other have no shape of finite size.

use vitae::Schema;

#[derive(Schema)]
struct Author {
    book: Box<Book>,
}

#[derive(Schema)]
struct Book {
    author: Box<Author>,
}

fn main() {}
