//! A type of another crate is wrapped, not described from afar.

use serde::{Deserialize, Serialize};
use vitae::Schema;

#[derive(Schema, Serialize, Deserialize)]
#[serde(remote = "other::Point")]
struct Point {
    #[serde(getter = "other::Point::x")]
    x: u8,
}

mod other {
    pub struct Point {
        x: u8,
    }

    impl Point {
        pub fn x(&self) -> &u8 {
            &self.x
        }
    }

    impl From<super::Point> for Point {
        fn from(point: super::Point) -> Self {
            Self { x: point.x }
        }
    }
}

fn main() {}
