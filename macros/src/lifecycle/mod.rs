//! `#[derive(Lifecycle)]`.

mod ast;
mod check;
mod edge;
mod expand;
#[cfg(all(test, feature = "svg"))]
mod expansion;
mod fallback;
mod held;
mod model;
mod resolve;
mod timer;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::editor;
use crate::error::Errors;

/// Read, resolve, check, expand; or, after a mistake, the fallback.
pub(crate) fn derive(input: &DeriveInput, errors: &Errors) -> TokenStream {
    let mut tokens = editor::lifecycle(input);
    let Some(ast) = ast::Lifecycle::read(input, errors) else {
        return tokens;
    };
    let mut model = resolve::resolve(ast, errors);
    check::check(&mut model, errors);
    tokens.extend(if errors.any() { fallback::expand(&model) } else { expand::expand(&model) });
    tokens
}
