//! The timers of each state.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::Model;
use super::super::timer::Timer;
use super::{local, short};

/// `Lifecycle::timers`, unless no state has any.
pub(super) fn timers(model: &Model) -> Option<TokenStream> {
    let (p, events, state) = (short(), model.event_enum(), local("state"));
    let timed: Vec<_> = model.states.iter().filter(|it| !it.timers.is_empty()).collect();
    let arms = timed.iter().map(|it| {
        let pattern = it.variant(&model.ident, &state);
        let timers = it.timers.iter().map(|timer| {
            let Timer { after, event } = timer;
            let after = match timer.field() {
                Some(field) => quote!(#state.#field),
                None => quote!(#after),
            };
            quote!(#p::timer::<#events, #event>(#after))
        });
        quote!(#pattern => #p::timers([#(#timers),*]),)
    });
    let otherwise = (timed.len() < model.states.len()).then(|| quote!(_ => #p::timers([]),));
    (!timed.is_empty()).then(|| {
        quote! {
            fn timers(&self) -> #p::Vec<#p::Timer<#events>> {
                match self { #(#arms)* #otherwise }
            }
        }
    })
}
