//! The enum of typed aggregates.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::Model;
use super::state::legal;
use crate::attribute::doc;
use crate::names::plain;

/// One variant for each state, with an aggregate that is in it.
pub(in super::super) fn declaration(model: &Model) -> TokenStream {
    let (p, vis, lifecycle) = (model.private(), &model.vis, model.ty());
    let typed = model.typed_enum();
    let title = doc(&format!("An aggregate of `{}`, sorted by its state.", plain(&model.ident)));
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
    // After a mistake a parameter may stand in no state that is left.
    let left_out = (model.incomplete && model.generics.type_params().next().is_some()).then(|| {
        let parameters = model.generics.type_params().map(|parameter| &parameter.ident);
        quote!(#[doc(hidden)] __Incomplete(#p::PhantomData<fn() -> (#(#parameters,)*)>),)
    });
    let shown = left_out.iter().map(|_| quote!(_ => #p::show_name(f, ""),)).chain(shown);
    let shown: Vec<TokenStream> = shown.collect();
    let shown = match model.states.as_slice() {
        [] => quote!(#p::show_name(f, "")),
        _ => quote!(match self { #(#shown)* }),
    };
    let generics = model.bounded();
    let (before, arguments, clause) = generics.split_for_impl();
    // Not `automatically_derived`: rustc would not count it as a use of what the variants hold.
    quote! {
        #title
        #vis enum #typed #generics #clause { #(#variants)* #left_out }
        impl #before #p::Debug for #typed #arguments #clause {
            fn fmt(&self, f: &mut #p::Formatter<'_>) -> #p::fmt::Result {
                #shown
            }
        }
    }
}
