//! The states: unit structs, and `State` for each type.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;

use super::super::ast::Held;
use super::super::model::Model;
use super::{local, placed};
use crate::attribute::doc;
use crate::names::{listed, plain};

/// The structs of the states without data.
pub(in super::super) fn unit_structs(model: &Model) -> TokenStream {
    let vis = &model.vis;
    let structs = model.states.iter().enumerate().map(|(index, state)| {
        let Held::Unit(ident) = &state.held else {
            return TokenStream::new();
        };
        let docs = &state.docs;
        let blank = (!docs.is_empty()).then(|| doc(""));
        let (name, lifecycle) = (plain(&state.ident), plain(&model.ident));
        let title = doc(&format!("State `{name}` of `{lifecycle}`."));
        let legal = doc(&legal(model, index));
        quote! {
            #(#docs)*
            #blank
            #title
            #[doc = ""]
            #legal
            #[derive(
                ::core::clone::Clone,
                ::core::marker::Copy,
                ::core::fmt::Debug,
                ::core::default::Default,
                ::core::cmp::PartialEq,
                ::core::cmp::Eq,
            )]
            #vis struct #ident;
        }
    });
    structs.collect()
}

/// What can happen in a state, as documentation.
pub(in super::super) fn legal(model: &Model, state: usize) -> String {
    if model.state(state).terminal {
        return "It is terminal: nothing can happen any more.".to_owned();
    }
    let edges = model.edges_from(state).map(|edge| {
        let (event, to) = (model.event(edge.event), model.state(edge.to));
        let guarded = if edge.guard.is_some() { ", if its guard agrees" } else { "" };
        format!("* `{}`, which leads to `{}`{guarded}", plain(&event.ident), plain(&to.ident))
    });
    format!("What can happen:\n{}", edges.collect::<Vec<_>>().join("\n"))
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
    let p = model.private();
    let lifecycle = &model.ident;
    let state = model.state(index);
    let ty = state.ty();
    let (value, whole) = (local("value"), local("whole"));
    let pattern = state.variant(lifecycle, &value);
    let data = state.data(&value);
    let reference = match state.held {
        Held::Unit(_) => quote!(&#data),
        Held::Data(_) => quote!(#data),
    };
    let made = state.variant(lifecycle, &Ident::new("self", Span::call_site()));
    let items = quote! {
        type Lifecycle = #lifecycle;
        const DEFINITION: &'static #p::StateDefinition = &__STATES[#index];
        fn of(lifecycle: &#lifecycle) -> #p::Option<&Self> {
            match lifecycle {
                #pattern => #p::Some(#reference),
                _ => #p::None,
            }
        }
        fn take(lifecycle: #lifecycle) -> #p::Result<Self, #lifecycle> {
            match lifecycle {
                #pattern => #p::Ok(#data),
                #whole => #p::Err(#whole),
            }
        }
        fn into_lifecycle(self) -> #lifecycle {
            #made
        }
    };
    placed(ty.span(), &quote!(#p::State for #ty), &items)
}
