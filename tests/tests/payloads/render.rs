//! The renderer against postcard, through the schema's text: on what is a payload, what was one, and
//! what never was.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use vitae::schema::{Shape, StoredSchema, Value};

use crate::oracle::{Written, read};
use crate::random::{expected, payloads, shapes};

/// Both have the same to say of some bytes. Shown as text, because a NaN is not equal to itself.
#[track_caller]
fn agree(shape: Shape, schema: &StoredSchema, payload: &[u8]) {
    let rendered = schema.render(payload);
    let text = format!("{:?}", rendered.as_ref().ok());
    assert_eq!(text, format!("{:?}", read(shape, payload)), "{payload:?}: {rendered:?}");
    if let Ok(value) = rendered {
        assert!(serde_json::from_str::<serde_json::Value>(&value.to_string()).is_ok(), "{value:?}");
    }
}

fn stored(shape: Shape) -> StoredSchema {
    StoredSchema::parse(&shape.to_json()).unwrap()
}

proptest! {
    #[test]
    fn what_is_written_is_rendered((shape, datum) in payloads()) {
        let payload = postcard::to_allocvec(&Written(shape, &datum)).unwrap();
        let rendered: Value = stored(shape).render(&payload).unwrap();
        prop_assert_eq!(format!("{rendered:?}"), format!("{:?}", expected(shape, &datum)));
    }

    #[test]
    fn a_payload_cut_short_or_changed_is_read_as_postcard_reads_it(
        (shape, datum) in payloads(),
        changes in vec((any::<Index>(), any::<u8>()), 1..16),
    ) {
        let payload = postcard::to_allocvec(&Written(shape, &datum)).unwrap();
        let schema = stored(shape);
        for length in 0..payload.len() {
            agree(shape, &schema, &payload[..length]);
        }
        let longer = [&payload[..], &[0]].concat();
        agree(shape, &schema, &longer);
        for (index, byte) in changes {
            let mut changed = longer[..payload.len()].to_vec();
            if !changed.is_empty() {
                let at = index.index(changed.len());
                changed[at] = byte;
            }
            agree(shape, &schema, &changed);
        }
    }

    #[test]
    fn any_bytes_are_read_as_postcard_reads_them(
        shape in shapes(),
        payload in vec(prop_oneof![0..4_u8, any::<u8>()], 0..40),
    ) {
        agree(shape, &stored(shape), &payload);
    }

    #[test]
    fn shapes_are_the_same_if_their_texts_are(one in shapes(), other in shapes()) {
        prop_assert_eq!(one == other, one.to_json() == other.to_json());
        prop_assert_eq!(one == other, stored(one) == stored(other));
        prop_assert_eq!(stored(one), stored(one));
    }

    #[test]
    fn any_text_is_a_schema_or_an_error(
        shape in shapes(),
        at in any::<Index>(),
        text in prop_oneof![".{0,3}", r#"["\[\]{}:,0-9a-z]{0,3}"#, Just("list".to_owned())],
        payload in vec(any::<u8>(), 0..20),
    ) {
        let json = shape.to_json();
        let chars: Vec<char> = json.chars().collect();
        let (before, after) = chars.split_at(at.index(chars.len()));
        for skipped in [0, 1, 5] {
            let rest = after.iter().skip(skipped);
            let changed: String = before.iter().copied().chain(text.chars()).chain(rest.copied()).collect();
            if let Ok(schema) = StoredSchema::parse(&changed) {
                let _ = schema.render(&payload).map(|value| value.to_string());
            }
        }
    }
}
