//! Tokens, from a model without mistakes.

pub(super) mod event;
pub(super) mod lifecycle;
#[cfg(feature = "svg")]
mod picture;
pub(super) mod state;
mod timer;
pub(super) mod transition;
pub(super) mod typed;
pub(super) mod unit;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::model::Model;

pub(super) fn expand(model: &Model) -> TokenStream {
    let declared = declared(model);
    let table = lifecycle::table(model);
    let implementation = lifecycle::implementation(model);
    let states = state::implementations(model);
    let events = event::implementation(model);
    let transitions = transition::implementations(model);
    let implementations =
        block(model, &quote!(#table #implementation #states #events #transitions));
    quote!(#declared #implementations)
}

/// What a user can name. The same with and without mistakes.
pub(super) fn declared(model: &Model) -> TokenStream {
    let unit_structs = unit::structs(model);
    let events = event::declaration(model);
    let transitions = transition::declaration(model);
    let typed = typed::declaration(model);
    quote!(#unit_structs #events #transitions #typed)
}

/// Implementations, which have a short name for what they call: [`short`]. Those that are the same
/// with and without mistakes are among them.
pub(super) fn block(model: &Model, implementations: &TokenStream) -> TokenStream {
    let (private, short) = (model.private(), short());
    let (conversions, shown) = (event::conversions(model), typed::shown(model));
    quote! {
        #[allow(deprecated)]
        const _: () = {
            use #private as #short;
            #implementations
            #conversions
            #shown
        };
    }
}

/// The picture in the documentation, if the macros are built with pictures.
fn picture(model: &Model) -> Option<TokenStream> {
    #[cfg(feature = "svg")]
    let picture = Some(picture::attribute(model));
    #[cfg(not(feature = "svg"))]
    let (picture, _) = (None, model);
    picture
}

/// The name of `__private` inside a [`block`].
pub(super) fn short() -> TokenStream {
    quote!(__v)
}

/// A local name: no name in the user's tokens means it, nor does it mean an item of the user's.
pub(super) fn local(name: &str) -> Ident {
    Ident::new(&format!("__{name}"), Span::mixed_site())
}

/// An impl that stands at a place in the user's tokens: that is what rustc shows of it.
pub(super) fn placed(place: Span, header: &TokenStream, items: &TokenStream) -> TokenStream {
    let begin = quote_spanned!(place=> impl);
    let body = quote_spanned!(place=> { #items });
    quote! {
        #[automatically_derived]
        #begin #header #body
    }
}
