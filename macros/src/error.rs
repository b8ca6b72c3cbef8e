//! The accumulator of mistakes: one per expansion.
//!
//! Owns that every mistake is reported, all of them at once. Never decides what a mistake is.

use std::cell::RefCell;
use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// Gathers mistakes. Must be read with [`Errors::into_tokens`].
pub(crate) struct Errors(RefCell<Option<Vec<syn::Error>>>);

impl Errors {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(Some(Vec::new())))
    }

    pub(crate) fn push(&self, error: syn::Error) {
        if let Some(errors) = self.0.borrow_mut().as_mut() {
            errors.push(error);
        }
    }

    /// A mistake at these tokens.
    pub(crate) fn at(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// The value, or its mistake noted.
    pub(crate) fn note<T>(&self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn any(&self) -> bool {
        self.0.borrow().as_ref().is_some_and(|errors| !errors.is_empty())
    }

    /// Every mistake as a `compile_error!`.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let errors = self.0.borrow_mut().take().unwrap_or_default();
        errors.iter().map(syn::Error::to_compile_error).collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        let unread = self.0.get_mut().is_some();
        assert!(!unread || std::thread::panicking(), "errors were not read");
    }
}
