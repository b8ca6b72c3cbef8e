//! `picture!`: a lifecycle's picture as a string, for the documentation.
//!
//! Owns the form in which the derive writes a lifecycle down for it. It stands in a `doc` attribute
//! that only rustdoc expands, so that no other build waits for a layout.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{LitInt, LitStr, Token, bracketed, token};
use vitae_diagram::{Diagram, Edge, State};

/// `"Order" ["Draft" initial, "Open", "Done" terminal] [0 "Placed" 1, 1 "Paid" ["guard"] 2]`.
struct Picture(Diagram);

/// The picture, as a block of HTML in Markdown.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2::<Picture>(input) {
        Ok(Picture(diagram)) => {
            let svg = diagram.to_svg();
            Literal::string(&format!("<div class=\"vitae-diagram\">\n{svg}</div>\n"))
                .into_token_stream()
        }
        Err(error) => error.into_compile_error(),
    }
}

/// What `picture!` reads, of one state.
pub(crate) fn state(name: &str, initial: bool, terminal: bool) -> TokenStream {
    let initial = initial.then(|| quote!(initial));
    let terminal = terminal.then(|| quote!(terminal));
    quote!(#name #initial #terminal)
}

/// What `picture!` reads, of one edge.
pub(crate) fn edge(from: usize, event: &str, guard: Option<&str>, to: usize) -> TokenStream {
    let [from, to] = [from, to].map(Literal::usize_unsuffixed);
    let guard = guard.map(|guard| quote!([#guard]));
    quote!(#from #event #guard #to)
}

impl Parse for Picture {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: LitStr = input.parse()?;
        let (states, edges);
        bracketed!(states in input);
        bracketed!(edges in input);
        let states = Punctuated::<Drawn, Token![,]>::parse_terminated(&states)?;
        let edges = Punctuated::<Joined, Token![,]>::parse_terminated(&edges)?;
        let states = states.into_iter().map(|Drawn(state)| state);
        let edges = edges.into_iter().map(|Joined(edge)| edge);
        Ok(Self(Diagram::new(name.value(), states, edges)))
    }
}

struct Drawn(State);

impl Parse for Drawn {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut state = State::new(input.parse::<LitStr>()?.value());
        while let Some(word) = input.parse::<Option<Ident>>()? {
            state = if word == "initial" { state.initial() } else { state.terminal() };
        }
        Ok(Self(state))
    }
}

struct Joined(Edge);

impl Parse for Joined {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let from = input.parse::<LitInt>()?.base10_parse()?;
        let event: LitStr = input.parse()?;
        let mut guard = None;
        if input.peek(token::Bracket) {
            let brackets;
            bracketed!(brackets in input);
            guard = Some(brackets.parse::<LitStr>()?.value());
        }
        let edge = Edge::new(from, input.parse::<LitInt>()?.base10_parse()?, event.value());
        Ok(Self(match guard {
            Some(guard) => edge.guarded(guard),
            None => edge,
        }))
    }
}
