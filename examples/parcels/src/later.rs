//! The scales, as they may be a year later.

use serde::{Deserialize, Serialize};
use vitae::Event;

#[derive(Event, Serialize, Deserialize)]
#[event(name = "parcel.weighed", version = 1)]
struct WeighedV1 {
    grams: u32,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "parcel.weighed", version = 2, upcast = WeighedV1)]
struct Weighed {
    grams: u32,
    scales: Option<String>,
}

impl From<WeighedV1> for Weighed {
    fn from(earlier: WeighedV1) -> Self {
        Self { grams: earlier.grams, scales: None }
    }
}

#[test]
fn what_was_weighed_before_is_still_read() {
    let weighed = Weighed::from(WeighedV1 { grams: 900 });
    assert_eq!((weighed.grams, weighed.scales), (900, None));
    assert_eq!((Weighed::KIND, Weighed::VERSION), (WeighedV1::KIND, WeighedV1::VERSION + 1));
}
