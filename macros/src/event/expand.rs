//! Tokens: `Event` and `Schema`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned;

use super::ast::{Event, Tag};
use crate::names::plain;
use crate::{attribute, place, schema};

pub(super) fn expand(input: &DeriveInput, event: &Event, shape: &TokenStream) -> TokenStream {
    let Event { krate, name, version, .. } = event;
    let ident = &input.ident;
    let schema = schema::implementation(input, krate, shape);
    let predecessor = predecessor(event);
    let chain = event.upcast.as_ref().map(|upcast| {
        // Called by a name of its own, so that the whole call has the span of the mistake.
        let begin = quote_spanned!(place::before(upcast.span())=> upcast_chain);
        let call = quote_spanned!(place::behind(upcast.span())=> #begin::<#ident>());
        quote! {
            #[allow(deprecated)]
            const _: () = {
                use #krate::__private::upcast_chain;
                #call
            };
        }
    });
    let tags = tags(event);
    let unlisted = attribute::unlisted(krate);
    quote! {
        #schema
        #unlisted
        #[automatically_derived]
        #[allow(deprecated)]
        impl #krate::__private::Event for #ident {
            const KIND: &'static #krate::__private::str = #name;
            const VERSION: #krate::__private::u32 = #version;
            #predecessor
            #tags
        }
        #chain
    }
}

/// The impls without what could be a second mistake.
pub(super) fn fallback(input: &DeriveInput, event: &Event) -> TokenStream {
    let (krate, ident) = (&event.krate, &input.ident);
    let schema = schema::fallback(input, krate);
    // Every event has a name of its own, or a lifecycle would find two that are stored alike.
    let name = if event.name.is_empty() { plain(ident) } else { event.name.clone() };
    quote! {
        #schema
        #[automatically_derived]
        #[allow(deprecated)]
        impl #krate::__private::Event for #ident {
            const KIND: &'static #krate::__private::str = #name;
            const VERSION: #krate::__private::u32 = 1;
            type Predecessor = #krate::__private::NoPredecessor;
            fn upcast(_: #krate::__private::NoPredecessor) -> Self { loop {} }
        }
    }
}

fn predecessor(event: &Event) -> TokenStream {
    let krate = &event.krate;
    match &event.upcast {
        None => quote! {
            type Predecessor = #krate::__private::NoPredecessor;
            fn upcast(earlier: #krate::__private::NoPredecessor) -> Self {
                match earlier {}
            }
        },
        Some(earlier) => {
            // `Self`, without a name that an editor could find.
            let this = quote_spanned!(earlier.span()=> _);
            let lifted = quote!(<#this as #krate::__private::From<#earlier>>::from(earlier));
            quote! {
                type Predecessor = #earlier;
                fn upcast(earlier: #earlier) -> Self {
                    #lifted
                }
            }
        }
    }
}

fn tags(event: &Event) -> Option<TokenStream> {
    if event.tags.is_empty() {
        return None;
    }
    let krate = &event.krate;
    let tags = event.tags.iter().map(|Tag { field, inner, name }| {
        let this = quote_spanned!(place::before(field.span())=> &self);
        let value = quote!(#this.#field #(.#inner)*);
        quote!((#name, #value))
    });
    Some(quote! {
        fn tags(&self) -> #krate::__private::Result<
            #krate::__private::NameList,
            #krate::__private::InvalidName,
        > {
            #krate::__private::tags(&[#(#tags),*])
        }
    })
}
