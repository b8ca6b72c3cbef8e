//! Serde's attributes: which of them a payload can have.
//!
//! Owns that bytes and schema agree: what would change the one without the other is refused.

use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::{Attribute, Data, DeriveInput, LitStr, Token};

use crate::attribute::skip_to_comma;
use crate::error::Errors;
use crate::names::spelled;

/// Those that change neither the bytes nor the shape.
const HARMLESS: [&str; 9] = [
    "rename",
    "alias",
    "deny_unknown_fields",
    "default",
    "bound",
    "borrow",
    "crate",
    "expecting",
    "transparent",
];

/// Notes every attribute that a payload cannot have.
pub(crate) fn check(input: &DeriveInput, errors: &Errors) {
    check_attributes(&input.attrs, errors);
    each_field(input, |attributes| check_attributes(attributes, errors));
}

/// The attributes of every field and variant.
pub(crate) fn each_field(input: &DeriveInput, mut visit: impl FnMut(&[Attribute])) {
    match &input.data {
        Data::Struct(data) => data.fields.iter().for_each(|field| visit(&field.attrs)),
        Data::Enum(data) => {
            for variant in &data.variants {
                visit(&variant.attrs);
                variant.fields.iter().for_each(|field| visit(&field.attrs));
            }
        }
        Data::Union(_) => {}
    }
}

/// `#[serde(rename = "…")]`.
pub(crate) fn rename(attributes: &[Attribute]) -> Option<String> {
    let mut name = None;
    each(attributes, |meta| {
        if meta.path.is_ident("rename") && meta.input.peek(Token![=]) {
            name = Some(meta.value()?.parse::<LitStr>()?.value());
        }
        Ok(())
    });
    name
}

/// Whether there is `#[serde(transparent)]`.
pub(crate) fn transparent(attributes: &[Attribute]) -> bool {
    let mut transparent = false;
    each(attributes, |meta| {
        transparent |= meta.path.is_ident("transparent");
        Ok(())
    });
    transparent
}

/// Visits every key. What does not parse is serde's to report.
fn each(attributes: &[Attribute], mut visit: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>) {
    for attribute in attributes.iter().filter(|it| it.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            visit(&meta)?;
            skip_to_comma(meta.input)
        });
    }
}

fn check_attributes(attributes: &[Attribute], errors: &Errors) {
    each(attributes, |meta| {
        let key = spelled(&meta.path);
        if let Some(advice) = refused(&key, meta.input) {
            let message = format!("a payload cannot have `serde({key})`: {advice}");
            errors.at(&meta.path, message);
        }
        Ok(())
    });
}

/// Why an attribute is refused, and what to write instead.
fn refused(key: &str, value: ParseStream<'_>) -> Option<&'static str> {
    if key == "rename" && !value.peek(Token![=]) {
        return Some("it is written and read under one name; write `rename = \"…\"`");
    }
    if HARMLESS.contains(&key) {
        return None;
    }
    Some(match key {
        "skip" | "skip_serializing" | "skip_deserializing" | "skip_serializing_if" => {
            "its bytes would differ from its schema; write an absent value as an `Option` \
             (`None` is one byte), and keep what is not part of the event out of it"
        }
        "flatten" => {
            "flattened fields have no fixed place in the bytes; \
             hold the inner struct as a field of its own, or write its fields here"
        }
        "untagged" => {
            "its variants could not be told apart in the bytes, which name no types; \
             leave the enum as serde writes it unless told otherwise"
        }
        "tag" | "content" => {
            "it is for formats that name what they hold, and these bytes do not; \
             leave it out: the variants of an enum are told apart without it"
        }
        "with" | "serialize_with" | "deserialize_with" | "getter" => {
            "nobody can know the shape of what a function writes; use a newtype that has \
             `vitae::Schema`, or a type such as `String` (JSON travels as JSON text in a `String`)"
        }
        "from" | "into" | "try_from" | "remote" => {
            "the bytes would be those of another type; let the field be of that other type, \
             and convert where the event is made and used"
        }
        "other" => {
            "an unknown variant is no event that can be read back; raise the version instead"
        }
        "rename_all" | "rename_all_fields" => {
            "names in a schema are for good and stand where they are read; \
             write `#[serde(rename = \"…\")]` on each field or variant"
        }
        "variant_identifier" | "field_identifier" => {
            "it is read as another type than it is written; leave it out"
        }
        _ => "vitae does not know what it does to the bytes; leave it out",
    })
}
