//! The picture on the lifecycle's page of the documentation.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::Model;
use crate::names::{plain, spelled};
use crate::picture;

/// An implementation that holds nothing but the picture, and that only rustdoc sees. Events have
/// their Rust names in it: their stored names are constants, which a macro cannot read.
pub(super) fn implementation(model: &Model) -> TokenStream {
    let (p, lifecycle) = (model.private(), &model.ident);
    let name = plain(lifecycle);
    let states = model
        .states
        .iter()
        .map(|state| picture::state(&plain(&state.ident), state.initial.is_some(), state.terminal));
    let edges = model.edges.iter().map(|edge| {
        let event = plain(&model.event(edge.event).ident);
        let guard = edge.guard.as_ref().map(spelled);
        picture::edge(edge.from, &event, guard.as_deref(), edge.to)
    });
    quote! {
        #[cfg(doc)]
        #[doc = #p::picture!(#name; #(#states),*; #(#edges),*)]
        impl #lifecycle {}
    }
}
