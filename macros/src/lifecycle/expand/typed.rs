//! The enum of typed aggregates.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::Model;
use super::state::legal;
use crate::attribute::doc;
use crate::names::plain;

/// One variant for each state, with an aggregate that is in it.
pub(in super::super) fn declaration(model: &Model) -> TokenStream {
    let (p, vis, lifecycle) = (model.private(), &model.vis, &model.ident);
    let typed = model.typed_enum();
    let title = doc(&format!("An aggregate of `{}`, sorted by its state.", plain(lifecycle)));
    let variants = model.states.iter().enumerate().map(|(index, state)| {
        let (ident, ty) = (&state.ident, state.ty());
        let name = doc(&format!("In state `{}`.", plain(ident)));
        let legal = doc(&legal(model, index));
        quote! {
            #name
            #[doc = ""]
            #legal
            #ident(#p::Aggregate<#lifecycle, #ty>),
        }
    });
    let shown = model.states.iter().map(|state| {
        let (ident, name) = (&state.ident, plain(&state.ident));
        quote!(Self::#ident(aggregate) => #p::show(f, #name, aggregate),)
    });
    let shown = match model.states.as_slice() {
        [] => quote!(#p::show_name(f, "")),
        _ => quote!(match self { #(#shown)* }),
    };
    // Not `automatically_derived`: rustc would not count it as a use of what the variants hold.
    quote! {
        #title
        #vis enum #typed { #(#variants)* }
        impl #p::Debug for #typed {
            fn fmt(&self, f: &mut #p::Formatter<'_>) -> #p::fmt::Result {
                #shown
            }
        }
    }
}
