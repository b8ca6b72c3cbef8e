//! Payloads and bodies that break what the kit checks.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use vitae::schema::Shape;
use vitae::testing::Scenario;
use vitae::{Context, Event, Lifecycle, Schema};

use crate::failure;

/// Written as a number, described as a text.
#[derive(Serialize, Deserialize)]
pub struct Misdescribed(u32);

impl Schema for Misdescribed {
    const SHAPE: Shape = Shape::String;
}

/// Read as one more than was written.
pub struct Growing(u32);

impl Schema for Growing {
    const SHAPE: Shape = Shape::U32;
}

impl Serialize for Growing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Growing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(u32::deserialize(deserializer)? + 1))
    }
}

/// Written as two numbers, read as one.
pub struct Halved;

impl Schema for Halved {
    const SHAPE: Shape = Shape::Tuple(&[Shape::U8, Shape::U8]);
}

impl Serialize for Halved {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (1_u8, 2_u8).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Halved {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u8::deserialize(deserializer).map(|_| Self)
    }
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "faulty.misdescribed")]
pub struct A(Misdescribed);

#[derive(Event, Serialize, Deserialize)]
#[event(name = "faulty.growing")]
pub struct B(Growing);

#[derive(Event, Serialize, Deserialize)]
#[event(name = "faulty.halved")]
pub struct C(Halved);

#[derive(Event, Serialize, Deserialize)]
#[event(name = "faulty.crowded")]
pub struct D(Vec<(u8, [(); 32])>);

#[derive(Event, Serialize, Deserialize)]
#[event(name = "faulty.counted")]
pub struct Counted {}

#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "faulty")]
pub enum Faulty {
    #[state(initial)]
    #[on(A => End, B => End, C => End, D => End, Counted => Sum)]
    Begin,
    #[on(Counted => Sum)]
    Sum(Sum),
    #[state(terminal)]
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Sum(u64);

/// Another one each time.
static COUNTER: AtomicU64 = AtomicU64::new(1);

impl FaultyTransitions for Faulty {
    fn begin_on_counted(_: Begin, _: &Counted, _: &Context) -> Sum {
        Sum(COUNTER.fetch_add(1, Ordering::SeqCst))
    }

    fn sum_on_counted(from: Sum, _: &Counted, _: &Context) -> Sum {
        from
    }
}

#[test]
fn a_schema_that_does_not_fit_what_serde_writes_fails() {
    let text = failure::of(|| Scenario::<Faulty>::new().when(A(Misdescribed(300))));
    assert_eq!(
        text,
        "what serde writes of `A` is not what its schema says; look at the types in it whose \
         `Serialize` or `Schema` is not derived: the payload does not fit its schema at byte 2: it \
         ends too early"
    );
}

/// Serde and the schema agree here; it is only too much.
#[test]
fn a_payload_of_too_many_values_without_bytes_fails() {
    let crowd = |many| Scenario::<Faulty>::new().when(D(vec![(7, [(); 32]); many]));
    let text = failure::of(|| crowd(10_000));
    assert_eq!(
        text,
        "`D` holds more values than can be shown; keep values without a byte, such as `()`, out of \
         its lists, or, if there are none, look at the types in it whose `Schema` is not derived: the \
         payload does not fit its schema at byte 4161: it holds more values than its bytes can stand \
         for"
    );
    let _ = crowd(1_000).then(Faulty::End);
}

#[test]
fn a_payload_that_is_read_as_another_one_fails() {
    let text = failure::of(|| Scenario::<Faulty>::new().given(B(Growing(7))));
    assert_eq!(
        text,
        "`B` is not the same once it was read: 7 was written, 8 is what was read; look at the types \
         in it whose `Serialize` or `Deserialize` is not derived, and put a `BTreeMap` or `BTreeSet` \
         in the place of what has no order"
    );
}

#[test]
fn a_payload_that_cannot_be_read_fails() {
    let text = failure::of(|| Scenario::<Faulty>::new().when(C(Halved)));
    assert_eq!(
        text,
        "serde does not read what it wrote of `C`; look at the types in it whose `Serialize` or \
         `Deserialize` is not derived: the payload has 1 bytes left over"
    );
}

#[test]
fn a_body_that_is_not_pure_fails() {
    let text = failure::of(|| {
        let now = COUNTER.load(Ordering::SeqCst);
        Scenario::new().when(Counted {}).then(Faulty::Sum(Sum(now)))
    });
    assert_eq!(
        text,
        "scenario of `faulty`, when Counted {} in state `Begin`\n  \
         expected: state Sum(Sum(1)), recorded and read back\n       \
         got: state Sum(Sum(2)), read back; a body must be pure\n  \
         legal in `Begin`: `A`, `B`, `C`, `D`, `Counted`\n  \
         history:\n    \
         1. Counted {}: Begin -> Sum"
    );
}
