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
    let implementations =
        expand::block(model, &quote!(#implementation #events #states #transitions));
    quote!(#declared #implementations)
}

fn implementation(model: &Model) -> TokenStream {
    let p = expand::short();
    let lifecycle = model.ty();
    let (events, typed) = (model.event_enum(), model.typed_enum());
    let refusal = lifecycle::refusal(model);
    let generics = model.bounded();
    let (before, arguments, clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #before #p::Lifecycle for #lifecycle #clause {
            type Event = #events;
            type Refusal = #refusal;
            type Typed = #typed #arguments;
            const DEFINITION: &'static #p::Definition =
                &#p::Definition { name: "", states: &[], events: &[], edges: &[] };
            fn initial() -> Self { loop {} }
            fn duplicate(&self) -> Self { loop {} }
            fn state(&self) -> &'static #p::StateDefinition { loop {} }
            fn check(
                &self,
                _: &#events,
                _: &#p::Context,
            ) -> #p::Result<(), #p::Rejection<#refusal>> { loop {} }
            fn apply(self, _: &#events, _: &#p::Context) -> #p::Result<Self, Self> { loop {} }
            fn typed(_: #p::Aggregate<Self>) -> #typed #arguments { loop {} }
        }
    }
}

fn events(model: &Model) -> TokenStream {
    let p = expand::short();
    let events = model.event_enum();
    quote! {
        #[automatically_derived]
        impl #p::LifecycleEvent for #events {
            fn definition(&self) -> &'static #p::EventDefinition { loop {} }
            fn decode(_: &#p::str, _: #p::u32, _: &[#p::u8]) -> #p::Result<Self, #p::DecodeError> {
                loop {}
            }
            fn any(&self) -> &dyn #p::AnyEvent { loop {} }
        }
    }
}

/// `State`, once for each type, even where two states share one.
fn states(model: &Model) -> TokenStream {
    let p = expand::short();
    let lifecycle = model.ty();
    let generics = model.bounded();
    let (before, _, clause) = generics.split_for_impl();
    let mut taken = HashSet::new();
    let states = model.states.iter().filter(|state| taken.insert(spelled(state.ty())));
    let implementations = states.map(|state| {
        let ty = state.ty();
        quote! {
            #[automatically_derived]
            impl #before #p::State for #ty #clause {
                type Lifecycle = #lifecycle;
                const DEFINITION: &'static #p::StateDefinition =
                    &#p::StateDefinition { name: "", initial: false, terminal: false };
            }
            #[automatically_derived]
            impl #before #p::Stage<#lifecycle> for #ty #clause {
                type Held = Self;
                const NAME: &'static #p::str = "";
                fn hold(_: #lifecycle) -> #p::Result<Self, #lifecycle> { loop {} }
                fn release(_: Self) -> #lifecycle { loop {} }
                fn duplicate(_: &Self) -> #lifecycle { loop {} }
            }
        }
    });
    implementations.collect()
}

fn transitions(model: &Model) -> TokenStream {
    let p = expand::short();
    let generics = model.bounded();
    let (before, _, clause) = generics.split_for_impl();
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
            fn apply(_: #from, _: &Self, _: &#p::Context) -> #to { loop {} }
        };
        expand::placed(
            path.span(),
            &quote!(#before #p::Transition<#from> for #path #clause),
            &items,
        )
    });
    implementations.collect()
}
