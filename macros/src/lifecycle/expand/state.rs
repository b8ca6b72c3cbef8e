//! `State` for the type of each state.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::Attribute;
use syn::spanned::Spanned;

use super::super::ast::State;
use super::super::held::Held;
use super::super::model::Model;
use super::{local, placed, short};
use crate::attribute::doc;
use crate::names::{listed, plain, spelled};

/// What can happen in a state, as documentation.
fn legal(model: &Model, state: usize) -> String {
    if model.state(state).terminal {
        return "It is terminal: nothing can happen any more.".to_owned();
    }
    let edges = model.edges_from(state).map(|edge| {
        let (event, to) = (model.event(edge.event), model.state(edge.to));
        let guarded = if edge.guard.is_some() { ", if its guard agrees" } else { "" };
        let timed = model.timer_of(edge).map(|timer| spelled(&timer.after));
        let timed = timed.map(|after| format!("; of itself after `{after}`")).unwrap_or_default();
        let (event, to) = (plain(&event.ident), plain(&to.ident));
        format!("* `{event}`, which leads to `{to}`{guarded}{timed}")
    });
    format!("What can happen:\n{}", edges.collect::<Vec<_>>().join("\n"))
}

/// A state as documentation: the user's words, what it is, and what can happen in it.
pub(super) fn described(
    model: &Model,
    index: usize,
    docs: &[Attribute],
    title: &str,
) -> TokenStream {
    let blank = (!docs.is_empty()).then(|| doc(""));
    let (title, legal) = (doc(title), doc(&legal(model, index)));
    quote!(#(#docs)* #blank #title #[doc = ""] #legal)
}

/// What a state's type is, as documentation.
pub(super) fn title(model: &Model, state: &State) -> String {
    format!("State `{}` of `{}`.", plain(&state.ident), plain(&model.ident))
}

/// The names of states, as documentation.
pub(super) fn states_with(model: &Model, event: usize) -> String {
    let edges = model.edges.iter().filter(|edge| edge.event == event);
    listed(edges.map(|edge| plain(&model.state(edge.from).ident)))
}

/// `State` for each state's type.
pub(super) fn implementations(model: &Model) -> TokenStream {
    (0..model.states.len()).map(|index| implementation(model, index)).collect()
}

fn implementation(model: &Model, index: usize) -> TokenStream {
    let p = short();
    let (state, lifecycle) = (model.state(index), model.ty());
    let (ty, row) = (state.ty(), Literal::usize_unsuffixed(index));
    let whole = local("whole");
    let value = match &state.held {
        Held::Unit(_) => local("value"),
        // Where the type stands: that is what rustc shows when the type is not `Clone`.
        Held::Data(ty) => Ident::new("__value", ty.span()),
    };
    let pattern = state.variant(&model.ident, &value);
    let data = state.held.value(&p, &value);
    let (made, name) = (state.variant(&model.ident, &value), plain(&state.ident));
    let generics = model.bounded();
    let (before, _, clause) = generics.split_for_impl();
    // Where the type stands: that is where rustc shows it if it is more visible than the lifecycle.
    let whose = quote_spanned!(ty.span()=> type Lifecycle = #lifecycle;);
    let items = quote! {
        #whose
        const DEFINITION: &'static #p::StateDefinition = &__TABLE.states[#row];
    };
    let implementation = placed(ty.span(), &quote!(#before #p::State for #ty #clause), &items);
    let copy = match state.held {
        Held::Unit(_) => data.clone(),
        Held::Data(_) => quote_spanned!(ty.span()=> __v::copy_of(#value)),
    };
    let copied = state.variant(&model.ident, &copy);
    let held = quote! {
        type Held = Self;
        const NAME: &'static #p::str = #name;
        fn hold(#whole: #lifecycle) -> #p::Result<Self, #lifecycle> {
            match #whole {
                #pattern => #p::Ok(#data),
                #whole => #p::Err(#whole),
            }
        }
        fn release(#value: Self) -> #lifecycle {
            #made
        }
        fn duplicate(#value: &Self) -> #lifecycle {
            #copied
        }
    };
    let header = quote!(#before #p::Stage<#lifecycle> for #ty #clause);
    let stage = placed(ty.span(), &header, &held);
    // A unit struct says it itself.
    let told = match state.held {
        Held::Unit(_) => None,
        Held::Data(_) => Some(described(model, index, &[], &title(model, state))),
    };
    quote!(#told #implementation #stage)
}
