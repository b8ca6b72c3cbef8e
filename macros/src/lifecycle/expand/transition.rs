//! The edges: the trait of their bodies, and `Transition` for each.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::super::held::Held;
use super::super::model::{Edge, Loose, Model};
use super::{local, picture, placed, short};
use crate::attribute::{doc, unlisted};
use crate::names::plain;

/// The trait with one function for each edge.
pub(in super::super) fn declaration(model: &Model) -> TokenStream {
    let (p, vis) = (model.private(), &model.vis);
    let transitions = model.transitions_trait();
    let lifecycle = plain(&model.ident);
    let picture = picture(model);
    let title = doc(&format!(
        "What each event of `{lifecycle}` does: one function for each edge.\n\n\
         The functions are pure: they know the state, the event and its context, and nothing else, \
         so that a life read back is the life that was lived."
    ));
    let mut taken = HashSet::new();
    let edges = model.edges.iter().filter(|edge| {
        // After a mistake there may be two of one name.
        taken.insert(model.function(edge.from, edge.event, &edge.place))
    });
    let functions = edges.map(|edge| function(model, edge));
    let loose = model.loose.iter().map(|edge| loose_function(model, edge));
    let (generics, clause) = (&model.generics, &model.generics.where_clause);
    // No `diagnostic` attribute: under `no_implicit_prelude` it has no name.
    quote! {
        #title
        #picture
        #[allow(deprecated)]
        #vis trait #transitions #generics: #p::Sized #clause {
            #(#functions)*
            #(#loose)*
        }
    }
}

fn function(model: &Model, edge: &Edge) -> TokenStream {
    let krate = &model.krate;
    let name = model.function(edge.from, edge.event, &edge.place);
    let (from, to) = (model.state(edge.from), model.state(edge.to));
    let event = model.event(edge.event);
    let (from_ty, to_ty, path) = (from.ty(), to.ty(), &event.path);
    let (from_name, event_name) = (plain(&from.ident), plain(&event.ident));
    let to_name = plain(&to.ident);
    let title = doc(&format!("In state `{from_name}`, `{event_name}` happened: to `{to_name}`."));
    let default = match &to.held {
        Held::Data(_) => None,
        Held::Unit(_) => {
            let value = to.held.value(&model.private(), &local("state"));
            Some(quote!(let _ = (from, event, cx); #value))
        }
    };
    // Its first and last token stand where the edge stands: that is what rustc shows of it.
    let begin = quote_spanned!(edge.place.span()=> fn);
    let end = match default {
        None => quote_spanned!(edge.target.span()=> ;),
        Some(body) => quote_spanned!(edge.target.span()=> { #body }),
    };
    let place = Span::call_site().located_at(edge.place.span());
    let [before, between] = [quote_spanned!(place=> from:), quote_spanned!(place=> , event: &)];
    let after = quote_spanned!(place=> , cx: &#krate::Context);
    quote! {
        #title
        #[must_use]
        #begin #name(#before #from_ty #between #path #after) -> #to_ty #end
    }
}

/// The function of an edge whose target is a mistake: for now, whatever body it has is right, and
/// so is none.
fn loose_function(model: &Model, edge: &Loose) -> TokenStream {
    let (p, krate) = (model.private(), &model.krate);
    let path = &model.event(edge.event).path;
    let name = model.function(edge.from, edge.event, path);
    let from = model.state(edge.from).ty();
    quote! {
        #[doc = ""]
        fn #name(from: #from, event: &#path, cx: &#krate::Context) -> impl #p::Sized {}
    }
}

/// `Transition` for each edge.
pub(super) fn implementations(model: &Model) -> TokenStream {
    model.edges.iter().map(|edge| implementation(model, edge)).collect()
}

fn implementation(model: &Model, edge: &Edge) -> TokenStream {
    let p = short();
    let name = model.function(edge.from, edge.event, &edge.place);
    let (from, to) = (model.state(edge.from).ty(), model.state(edge.to).ty());
    let (lifecycle, path) = (model.ty(), &edge.place);
    let (state, event, context) = (local("state"), local("event"), local("context"));
    let generics = model.bounded();
    let (before, arguments, clause) = generics.split_for_impl();
    let transitions = model.transitions_trait();
    let guard = edge.guard.as_ref().map(|guard| {
        let ask = local("ask");
        let answer = quote!(#p::Result<(), <#lifecycle as #p::Lifecycle>::Refusal>);
        // As a pointer, whatever does not fit is one mistake, and it stands at the guard's path.
        quote! {
            fn guard(&self, #state: &#from, #context: &#p::Context) -> #answer {
                let #ask: fn(&#from, &Self, &#p::Context) -> #answer = #guard;
                #ask(#state, self, #context)
            }
        }
    });
    let items = quote! {
        type To = #to;
        #guard
        fn apply(#state: #from, #event: &Self, #context: &#p::Context) -> #to {
            <#lifecycle as #transitions #arguments>::#name(#state, #event, #context)
        }
    };
    let header = quote!(#before #p::Transition<#from> for #path #clause);
    let (unlisted, placed) = (unlisted(&model.krate), placed(path.span(), &header, &items));
    quote!(#unlisted #placed)
}
