//! The picture in the documentation: on the lifecycle's page and on that of its transitions.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::Model;
use crate::names::{plain, spelled};
use crate::picture;

/// The picture as documentation that only rustdoc expands. Events have their Rust names in it: their
/// stored names are constants, which a macro cannot read.
pub(super) fn attribute(model: &Model) -> TokenStream {
    let (p, name) = (model.private(), plain(&model.ident));
    let states = model
        .states
        .iter()
        .map(|state| picture::state(&plain(&state.ident), state.initial.is_some(), state.terminal));
    let edges = model.edges.iter().map(|edge| {
        let event = plain(&model.event(edge.event).ident);
        let guard = edge.guard.as_ref().map(spelled);
        // What a timer makes happen has no guard.
        let timer = model.timer_of(edge).map(|timer| format!("after {}", spelled(&timer.after)));
        let guard = guard.or(timer);
        picture::edge(edge.from, &event, guard.as_deref(), edge.to)
    });
    quote!(#[cfg_attr(doc, doc = #p::picture!(#name [#(#states),*] [#(#edges),*]))])
}
