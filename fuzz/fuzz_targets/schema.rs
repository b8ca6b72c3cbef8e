//! A schema's text: read or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vitae::schema::StoredSchema;

fuzz_target!(|text: &str| {
    if let Ok(schema) = StoredSchema::parse(text) {
        let _ = schema.render(&[0; 64]);
    }
});
