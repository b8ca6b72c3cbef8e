//! An attribute that comes out of a macro is seen too.

use serde::{Deserialize, Serialize};
use vitae::Schema;

macro_rules! with_parts {
    ($key:meta, $attribute:meta, $text:expr) => {
        #[derive(Schema, Serialize, Deserialize)]
        struct Payload {
            #[serde($key)]
            key: u8,
            #[$attribute]
            attribute: u8,
            #[serde(rename = $text, skip)]
            behind_a_text: u8,
            #[cfg_attr(all(), serde(skip))]
            under_a_condition: u8,
        }
    };
}

with_parts!(skip, serde(skip), "text");

fn main() {}
