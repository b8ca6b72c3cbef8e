//! The events: one enum, and `LifecycleEvent` for it.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::super::model::{Event, Model};
use super::state::states_with;
use super::{local, short};
use crate::attribute::doc;
use crate::names::plain;

/// The enum of events.
pub(in super::super) fn declaration(model: &Model) -> TokenStream {
    let (vis, events) = (&model.vis, model.event_enum());
    let title = doc(&format!("The events of `{}`.", plain(&model.ident)));
    let variants = model.events.iter().enumerate().map(|(index, event)| {
        let Event { path, ident } = event;
        let doc = doc(&format!("Can happen in {}.", states_with(model, index)));
        quote!(#doc #ident(#path),)
    });
    quote! {
        #title
        #[allow(deprecated, clippy::enum_variant_names)]
        #vis enum #events { #(#variants)* }
    }
}

/// How each event becomes one of the enum, and how they are shown.
pub(in super::super) fn conversions(model: &Model) -> TokenStream {
    let (p, events) = (short(), model.event_enum());
    let (event, f) = (local("event"), local("f"));
    let from = model.events.iter().map(|Event { path, ident }| {
        quote! {
            #[automatically_derived]
            impl #p::From<#path> for #events {
                fn from(#event: #path) -> Self {
                    Self::#ident(#event)
                }
            }
        }
    });
    let names = model.events.iter().map(|Event { ident, .. }| {
        let name = plain(ident);
        quote!(Self::#ident(_) => #name,)
    });
    let shown = match model.events.as_slice() {
        [] => quote!(""),
        _ => quote!(match self { #(#names)* }),
    };
    quote! {
        #(#from)*
        #[automatically_derived]
        impl #p::Debug for #events {
            fn fmt(&self, #f: &mut #p::Formatter<'_>) -> #p::fmt::Result {
                #f.write_str(#shown)
            }
        }
    }
}

/// `LifecycleEvent`.
pub(super) fn implementation(model: &Model) -> TokenStream {
    let p = short();
    let events = model.event_enum();
    let event = local("event");
    let (kind, version, payload) = (local("kind"), local("version"), local("payload"));
    let rows = model.events.iter().enumerate().map(|(index, Event { ident, .. })| {
        let index = Literal::usize_unsuffixed(index);
        quote!(Self::#ident(_) => &__TABLE.events[#index],)
    });
    let decoded = model.events.iter().map(|Event { path, ident }| {
        quote! {
            if #kind == #p::payload::<#path>().kind {
                return (#p::payload::<#path>().decode)(#version, #payload).map(Self::#ident);
            }
        }
    });
    let any = model.events.iter().map(|Event { path, ident }| {
        quote!(Self::#ident(#event) => (#p::payload::<#path>().any)(#event),)
    });
    quote! {
        #[automatically_derived]
        impl #p::LifecycleEvent for #events {
            fn definition(&self) -> &'static #p::EventDefinition {
                match self { #(#rows)* }
            }
            fn decode(
                #kind: &#p::str,
                #version: #p::u32,
                #payload: &[#p::u8],
            ) -> #p::Result<Self, #p::DecodeError> {
                #(#decoded)*
                #p::Err(#p::DecodeError::UnknownKind)
            }
            fn any(&self) -> &dyn #p::AnyEvent {
                match self { #(#any)* }
            }
        }
    }
}
