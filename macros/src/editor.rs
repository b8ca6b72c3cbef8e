//! What only an editor reads: the names in our attributes, each where it means something.
//!
//! rust-analyzer follows a name in an attribute into what the derive makes of it, and completes a
//! name by expanding the item once more with a word put in at the cursor. So the names are read
//! here, however little of an attribute is written yet, and stand first in what is made, where
//! nothing else can move them. rustc reads past them. Nothing may need what is made here.

use std::collections::HashMap;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Data, DeriveInput, Fields, Path, PathArguments, Token, Type, Variant};

use crate::names::plain;

/// The names in a lifecycle's attributes.
pub(crate) fn lifecycle(input: &DeriveInput) -> TokenStream {
    let Data::Enum(data) = &input.data else {
        return TokenStream::new();
    };
    let mut names = TokenStream::new();
    each(&input.attrs, "lifecycle", |input| {
        if key(input, "refusal")? {
            names.extend(a_type(path(input)?));
        }
        Ok(())
    });
    let states = data.variants.iter().map(|variant| (plain(&variant.ident), variant)).collect();
    for variant in &data.variants {
        each(&variant.attrs, "on", |edge| {
            names.extend(Edge::read(edge)?.names(&input.ident, &states));
            Ok(())
        });
    }
    for_editors(&names)
}

/// The names in an event's attributes.
pub(crate) fn event(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    let mut names = TokenStream::new();
    each(&input.attrs, "event", |input| {
        if key(input, "upcast")? {
            names.extend(a_type(path(input)?));
        } else if key(input, "tag")? {
            let field: Option<Ident> = input.parse()?;
            let field = field.map(|field| quote!(#field: _,));
            names.extend(quote!(let #ident { #field .. };));
        }
        Ok(())
    });
    for_editors(&names)
}

fn for_editors(names: &TokenStream) -> TokenStream {
    if names.is_empty() {
        return TokenStream::new();
    }
    // Cargo tells rustc which `cfg`s there are, and this is none of its own.
    quote! {
        #[allow(unexpected_cfgs)]
        const _: () = {
            #[cfg(rust_analyzer)]
            { #names }
        };
    }
}

/// Where a type stands, or will stand: every type in scope can be meant.
fn a_type(path: Option<TokenStream>) -> TokenStream {
    let path = path.map(|path| quote!(#path,));
    quote!(let _: (#path);)
}

/// An edge as far as it is written.
struct Edge {
    event: Option<TokenStream>,
    guard: Option<TokenStream>,
    target: Option<Ident>,
}

impl Edge {
    fn read(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut edge = Self { event: path(input)?, guard: None, target: None };
        while !input.is_empty() && !input.peek(Token![,]) {
            if input.parse::<Option<Token![if]>>()?.is_some() {
                edge.guard = path(input)?;
            } else if input.parse::<Option<Token![=>]>>()?.is_some() {
                edge.target = input.parse()?;
            } else {
                input.parse::<TokenTree>()?;
            }
        }
        Ok(edge)
    }

    fn names(&self, lifecycle: &Ident, states: &HashMap<String, &Variant>) -> TokenStream {
        let event = a_type(self.event.clone());
        // Called, so that a completed name comes without parentheses.
        let guard = self.guard.iter().map(|guard| quote!(#guard(loop {}, loop {}, loop {});));
        let mut target = self.target.clone();
        let held = target.as_ref().and_then(|target| held(states, target));
        if let (Some(target), Some(_)) = (&mut target, &held) {
            // Its name leads to its type, and not to the variant around that.
            target.set_span(Span::call_site());
        }
        let held = held.map(|held| a_type(Some(quote!(#held))));
        quote!(#event #(#guard)* use #lifecycle::{#target}; #held)
    }
}

/// The type of a state with data, which has its name where the edge names it.
fn held(states: &HashMap<String, &Variant>, state: &Ident) -> Option<Path> {
    let Fields::Unnamed(fields) = &states.get(&plain(state))?.fields else {
        return None;
    };
    let Type::Path(ty) = &fields.unnamed.first()?.ty else {
        return None;
    };
    let mut path = ty.path.clone();
    let last = path.segments.last_mut()?;
    last.ident.set_span(state.span());
    last.arguments = PathArguments::None;
    Some(path)
}

/// Reads what stands between commas. What cannot be read is passed over.
fn each(
    attributes: &[Attribute],
    group: &str,
    mut read: impl FnMut(ParseStream<'_>) -> syn::Result<()>,
) {
    let mut read_list = |input: ParseStream<'_>| {
        read(input)?;
        while !input.is_empty() {
            if input.parse::<TokenTree>()?.to_string() == "," {
                read(input)?;
            }
        }
        Ok(())
    };
    for attribute in attributes.iter().filter(|it| it.path().is_ident(group)) {
        if let Ok(list) = attribute.meta.require_list() {
            let _ = Parser::parse2(&mut read_list, list.tokens.clone());
        }
    }
}

/// Whether `key =` stands here.
fn key(input: ParseStream<'_>, key: &str) -> syn::Result<bool> {
    let here = input.fork().parse::<Ident>().is_ok_and(|ident| ident == key);
    let here = here && input.peek2(Token![=]);
    if here {
        input.parse::<Ident>()?;
        input.parse::<Token![=]>()?;
    }
    Ok(here)
}

/// A path as far as it is written: `orders::` is `orders`.
fn path(input: ParseStream<'_>) -> syn::Result<Option<TokenStream>> {
    let mut path = TokenStream::new();
    let mut before = input.parse::<Option<Token![::]>>()?;
    while let Some(segment) = segment(input)? {
        path.extend(quote!(#before #segment));
        before = input.parse()?;
        if before.is_none() {
            break;
        }
    }
    Ok(Some(path).filter(|path| !path.is_empty()))
}

fn segment(input: ParseStream<'_>) -> syn::Result<Option<Ident>> {
    use syn::ext::IdentExt;
    let keyword =
        input.peek(Token![crate]) || input.peek(Token![self]) || input.peek(Token![super]);
    match keyword {
        true => input.call(Ident::parse_any).map(Some),
        false => input.parse(),
    }
}
