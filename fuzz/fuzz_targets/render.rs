//! A schema's text, a line feed, and a payload: rendered or refused, in bounded time and memory.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vitae::schema::{StoredSchema, Value};

fuzz_target!(|input: &[u8]| {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let (schema, payload) = (&input[..end], &input[end + 1..]);
    let Ok(Ok(schema)) = std::str::from_utf8(schema).map(StoredSchema::parse) else { return };
    if let Ok(value) = schema.render(payload) {
        assert!(values(&value) <= payload.len() * 8 + (1 << 16), "too many values");
        let _ = value.to_string();
    }
});

fn values(value: &Value) -> usize {
    1 + match value {
        Value::List(items) => items.iter().map(values).sum(),
        Value::Map(entries) => entries.iter().map(|(k, v)| values(k) + values(v)).sum(),
        Value::Struct(fields) => fields.iter().map(|(_, value)| values(value)).sum(),
        Value::Variant(_, Some(held)) => values(held),
        _ => 0,
    }
}
