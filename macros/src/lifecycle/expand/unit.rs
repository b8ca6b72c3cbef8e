//! The structs of states without data.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::held::{Held, UnitStruct};
use super::super::model::Model;
use super::local;
use super::state::{described, title};
use crate::names::plain;

pub(in super::super) fn structs(model: &Model) -> TokenStream {
    let structs = model.states.iter().enumerate().map(|(index, state)| match &state.held {
        Held::Unit(unit) => {
            let docs = described(model, index, &state.docs, &title(model, state));
            let declared =
                if unit.is_phantom() { phantom(model, unit) } else { plain_unit(model, unit) };
            quote!(#docs #declared)
        }
        Held::Data(_) => TokenStream::new(),
    });
    structs.collect()
}

fn plain_unit(model: &Model, unit: &UnitStruct) -> TokenStream {
    let (vis, ident) = (&model.vis, &unit.ident);
    let clause = &unit.generics.where_clause;
    let generics = &unit.generics;
    quote! {
        #[derive(
            ::core::clone::Clone,
            ::core::marker::Copy,
            ::core::fmt::Debug,
            ::core::default::Default,
            ::core::cmp::PartialEq,
            ::core::cmp::Eq,
        )]
        #vis struct #ident #generics #clause;
    }
}

/// With type parameters: std's derives would ask of them what this struct has no need of.
fn phantom(model: &Model, unit: &UnitStruct) -> TokenStream {
    let p = model.private();
    let UnitStruct { ident, generics } = unit;
    let vis = &model.vis;
    let parameters = generics.type_params().map(|parameter| &parameter.ident);
    let (before, arguments, clause) = generics.split_for_impl();
    let (f, name, value) = (local("f"), plain(ident), quote!(Self(#p::PhantomData)));
    quote! {
        #vis struct #ident #generics (#p::PhantomData<fn() -> (#(#parameters,)*)>) #clause;
        #[automatically_derived]
        impl #before #p::Clone for #ident #arguments #clause {
            fn clone(&self) -> Self {
                *self
            }
        }
        #[automatically_derived]
        impl #before #p::Copy for #ident #arguments #clause {}
        #[automatically_derived]
        impl #before #p::Debug for #ident #arguments #clause {
            fn fmt(&self, #f: &mut #p::Formatter<'_>) -> #p::fmt::Result {
                #f.write_str(#name)
            }
        }
        #[automatically_derived]
        impl #before #p::Default for #ident #arguments #clause {
            fn default() -> Self {
                #value
            }
        }
        #[automatically_derived]
        impl #before #p::PartialEq for #ident #arguments #clause {
            fn eq(&self, _: &Self) -> #p::bool {
                true
            }
        }
        #[automatically_derived]
        impl #before #p::Eq for #ident #arguments #clause {}
    }
}
