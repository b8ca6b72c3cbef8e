//! `#[derive(Event)]`.

mod ast;
mod expand;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::editor;
use crate::error::Errors;
use crate::schema::shape;

/// Read, check, expand; or, after a mistake, the impls with what is known.
pub(crate) fn derive(input: &DeriveInput, errors: &Errors) -> TokenStream {
    let mut tokens = editor::event(input);
    let event = ast::Event::read(input, errors);
    let shape = shape::read(input, &event.krate, errors);
    if !input.generics.params.is_empty() {
        errors.at(
            &input.generics,
            "an event cannot be generic: one stored name has one shape; \
             write the type that is meant, or wrap it in a struct",
        );
        return tokens;
    }
    tokens.extend(if errors.any() {
        expand::fallback(input, &event)
    } else {
        expand::expand(input, &event, &shape)
    });
    tokens
}
