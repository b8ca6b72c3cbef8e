//! The enum of typed aggregates.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::model::Model;
use super::state::described;
use super::{local, short};
use crate::attribute::doc;
use crate::names::plain;

/// One variant for each state, with an aggregate that is in it.
pub(in super::super) fn declaration(model: &Model) -> TokenStream {
    let (p, vis, lifecycle) = (model.private(), &model.vis, model.ty());
    let typed = model.typed_enum();
    let title = doc(&format!("An aggregate of `{}`, sorted by its state.", plain(&model.ident)));
    let variants = model.states.iter().enumerate().map(|(index, state)| {
        let (ident, ty) = (&state.ident, state.ty());
        let title = format!("In state `{}`.", plain(ident));
        let described = described(model, index, &state.docs, &title);
        quote! {
            #described
            #ident(#p::Aggregate<#lifecycle, #ty>),
        }
    });
    // After a mistake a parameter may stand in no state that is left.
    let left_out = incomplete(model).then(|| {
        let parameters = model.generics.type_params().map(|parameter| &parameter.ident);
        quote!(#[doc(hidden)] __Incomplete(#p::PhantomData<fn() -> (#(#parameters,)*)>),)
    });
    let generics = model.bounded();
    let clause = &generics.where_clause;
    quote! {
        #title
        #[allow(deprecated, clippy::enum_variant_names)]
        #vis enum #typed #generics #clause { #(#variants)* #left_out }
    }
}

/// How it is shown. Not `automatically_derived`: rustc would not count it as a use of what the
/// variants hold.
pub(in super::super) fn shown(model: &Model) -> TokenStream {
    let (p, typed) = (short(), model.typed_enum());
    let (f, aggregate) = (local("f"), local("aggregate"));
    let arms = model.states.iter().map(|state| {
        let (ident, name) = (&state.ident, plain(&state.ident));
        quote!(Self::#ident(#aggregate) => #p::show(#f, #name, #aggregate),)
    });
    let otherwise =
        (incomplete(model) || model.states.is_empty()).then(|| quote!(_ => #f.write_str(""),));
    let generics = model.bounded();
    let (before, arguments, clause) = generics.split_for_impl();
    quote! {
        impl #before #p::Debug for #typed #arguments #clause {
            fn fmt(&self, #f: &mut #p::Formatter<'_>) -> #p::fmt::Result {
                match self { #(#arms)* #otherwise }
            }
        }
    }
}

fn incomplete(model: &Model) -> bool {
    model.incomplete && model.generics.type_params().next().is_some()
}
