//! The derives of vitae: [`macro@Lifecycle`], [`macro@Event`], [`macro@Schema`].
//!
//! Each is a pipeline: the item is read into a typed view (`ast`), rules are checked across its
//! attributes (`check`), and tokens come out (`expand`). Mistakes are gathered in one accumulator
//! (`error`) and reported together, each at its own place; a `fallback` goes out beside them, so
//! that one mistake does not cause ten. What the tokens call stands in `vitae::__private`.
//!
//! Nothing here reads a file, looks at another item or keeps anything between two expansions.

mod attribute;
mod error;
mod event;
mod lifecycle;
mod names;
mod schema;

use proc_macro::TokenStream;

/// Derives a lifecycle from an enum with one variant per state.
#[proc_macro_derive(Lifecycle, attributes(lifecycle, state, on, after))]
pub fn derive_lifecycle(input: TokenStream) -> TokenStream {
    expand(input, lifecycle::derive)
}

/// Derives `vitae::Event`, and `vitae::Schema` with it, for a payload.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    expand(input, event::derive)
}

/// Derives `vitae::Schema` for a type inside a payload.
#[proc_macro_derive(Schema, attributes(schema))]
pub fn derive_schema(input: TokenStream) -> TokenStream {
    expand(input, schema::derive)
}

fn expand(
    input: TokenStream,
    derive: fn(&syn::DeriveInput, &error::Errors) -> proc_macro2::TokenStream,
) -> TokenStream {
    let errors = error::Errors::new();
    let tokens = match syn::parse(input) {
        Ok(input) => derive(&input, &errors),
        Err(error) => {
            errors.push(error);
            proc_macro2::TokenStream::new()
        }
    };
    let mut output = errors.into_tokens();
    output.extend(tokens);
    output.into()
}
