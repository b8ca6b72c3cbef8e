//! What the tests that span crates share: the kit's commits in few words, and a store's subject.

pub use vitae::testing::store::{
    Backend, Draft, Seen, Subject, name, position, read_all, read_pages, schema, stream, version,
};
