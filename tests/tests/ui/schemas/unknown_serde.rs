//! A serde attribute that vitae does not know may change the bytes, so it is refused.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
struct Address {
    #[serde(compress)]
    street: String,
}

fn main() {}
