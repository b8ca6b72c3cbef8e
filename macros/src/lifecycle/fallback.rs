//! What goes out beside mistakes: everything that a user can name, and bodies that do nothing, so
//! that the rest of the crate is checked against what was meant.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;

use super::expand::{self, lifecycle};
use super::model::Model;
use crate::names::spelled;

pub(super) fn expand(model: &Model) -> TokenStream {
    let declared = expand::declared(model);
    let implementation = implementation(model);
    let events = events(model);
    let states = states(model);
    let transitions = transitions(model);
    quote!(#declared #implementation #events #states #transitions)
}

fn implementation(model: &Model) -> TokenStream {
    let p = model.private();
    let lifecycle = &model.ident;
    let (events, typed) = (model.event_enum(), model.typed_enum());
    let refusal = lifecycle::refusal(model);
    quote! {
        #[automatically_derived]
        impl #p::Lifecycle for #lifecycle {
            type Event = #events;
            type Refusal = #refusal;
            type Typed = #typed;
            const DEFINITION: &'static #p::Definition =
                &#p::Definition { name: "", states: &[], events: &[], edges: &[] };
            fn initial() -> Self { loop {} }
            fn state(&self) -> &'static #p::StateDefinition { loop {} }
            fn check(
                &self,
                _: &#events,
                _: &#p::Context,
            ) -> #p::Result<(), #p::Rejection<#refusal>> { loop {} }
            fn apply(self, _: &#events, _: &#p::Context) -> #p::Result<Self, Self> { loop {} }
            fn typed(_: #p::Aggregate<Self>) -> #typed { loop {} }
        }
    }
}

fn events(model: &Model) -> TokenStream {
    let p = model.private();
    let events = model.event_enum();
    quote! {
        #[automatically_derived]
        impl #p::LifecycleEvent for #events {
            fn definition(&self) -> &'static #p::EventDefinition { loop {} }
            fn decode(_: &#p::str, _: #p::u32, _: &[#p::u8]) -> #p::Result<Self, #p::DecodeError> {
                loop {}
            }
            fn encode(&self) -> #p::Result<#p::Vec<#p::u8>, #p::EncodeError> { loop {} }
            fn tags(&self) -> #p::Result<#p::NameList, #p::InvalidName> { loop {} }
        }
    }
}

/// `State`, once for each type, even where two states share one.
fn states(model: &Model) -> TokenStream {
    let p = model.private();
    let lifecycle = &model.ident;
    let mut taken = HashSet::new();
    let states = model.states.iter().filter(|state| taken.insert(spelled(state.ty())));
    let implementations = states.map(|state| {
        let ty = state.ty();
        quote! {
            #[automatically_derived]
            impl #p::State for #ty {
                type Lifecycle = #lifecycle;
                const DEFINITION: &'static #p::StateDefinition =
                    &#p::StateDefinition { name: "", initial: false, terminal: false };
                fn of(_: &#lifecycle) -> #p::Option<&Self> { loop {} }
                fn take(_: #lifecycle) -> #p::Result<Self, #lifecycle> { loop {} }
                fn into_lifecycle(self) -> #lifecycle { loop {} }
            }
        }
    });
    implementations.collect()
}

fn transitions(model: &Model) -> TokenStream {
    let p = model.private();
    let lifecycle = &model.ident;
    let mut taken = HashSet::new();
    let edges = model
        .edges
        .iter()
        .filter(|edge| taken.insert((edge.event, spelled(model.state(edge.from).ty()))));
    let implementations = edges.map(|edge| {
        let (from, to) = (model.state(edge.from).ty(), model.state(edge.to).ty());
        let path = &edge.place;
        let items = quote! {
            type To = #to;
            fn guard(
                &self,
                _: &#from,
                _: &#p::Context,
            ) -> #p::Result<(), <#lifecycle as #p::Lifecycle>::Refusal> { loop {} }
            fn apply(_: #from, _: &Self, _: &#p::Context) -> #to { loop {} }
        };
        expand::placed(path.span(), &quote!(#p::Transition<#from> for #path), &items)
    });
    implementations.collect()
}
