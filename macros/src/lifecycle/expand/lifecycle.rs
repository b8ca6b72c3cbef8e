//! The table, and `Lifecycle` itself.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::super::ast::{Held, State};
use super::super::model::{Edge, Event, Model};
use super::local;
use crate::names::{plain, spelled};

/// The rows of states and events, and the check that each event has a stored name of its own.
pub(super) fn tables(model: &Model) -> TokenStream {
    let p = model.private();
    let states = model.states.iter().map(|state| {
        let name = plain(&state.ident);
        let (initial, terminal) = (state.initial.is_some(), state.terminal);
        quote!(#p::StateDefinition { name: #name, initial: #initial, terminal: #terminal })
    });
    let rows = model.events.iter().map(|Event { path, ident }| {
        let name = plain(ident);
        quote!(#p::event_definition::<#path>(#name))
    });
    let checks = model.events.iter().enumerate().skip(1).map(|(index, event)| {
        let before = (0..index).map(|index| quote!(&__EVENTS[#index]));
        quote_spanned! {event.path.span()=>
            const _: () = distinct_kind(&[#(#before),*], &__EVENTS[#index]);
        }
    });
    let checks: TokenStream = checks.collect();
    // Called by a name of its own, so that a whole call has the span of the mistake.
    let checks = match model.events.len() {
        ..=1 => None,
        _ => Some(quote!(const _: () = { use #p::distinct_kind; #checks };)),
    };
    let (state_count, event_count) = (model.states.len(), model.events.len());
    quote! {
        static __STATES: [#p::StateDefinition; #state_count] = [#(#states),*];
        static __EVENTS: [#p::EventDefinition; #event_count] = [#(#rows),*];
        #checks
    }
}

/// `Lifecycle`.
pub(super) fn implementation(model: &Model) -> TokenStream {
    let p = model.private();
    let (lifecycle, name) = (&model.ident, &model.name);
    let (events, typed) = (model.event_enum(), model.typed_enum());
    let refusal = refusal(model);
    let edges = model.edges.iter().map(|edge| edge_row(model, edge));
    let initial = initial(model);
    let (state, check) = (state(model), check(model));
    let (apply, sort) = (apply(model), sort(model));
    #[cfg(feature = "svg")]
    let picture = super::picture::attribute(model);
    #[cfg(not(feature = "svg"))]
    let picture = TokenStream::new();
    quote! {
        #picture
        #[automatically_derived]
        impl #p::Lifecycle for #lifecycle {
            type Event = #events;
            type Refusal = #refusal;
            type Typed = #typed;
            const DEFINITION: &'static #p::Definition = &#p::Definition {
                name: #name,
                states: &__STATES,
                events: &__EVENTS,
                edges: &[#(#edges),*],
            };
            fn initial() -> Self { #initial }
            #state
            #check
            #apply
            #sort
        }
    }
}

pub(in super::super) fn refusal(model: &Model) -> TokenStream {
    let p = model.private();
    match &model.refusal {
        Some(refusal) => quote!(#refusal),
        None => quote!(#p::Refusal),
    }
}

fn edge_row(model: &Model, edge: &Edge) -> TokenStream {
    let p = model.private();
    let Edge { from, event, to, .. } = edge;
    let guard = match &edge.guard {
        None => quote!(#p::None),
        Some(guard) => {
            let guard = spelled(guard);
            quote!(#p::Some(#guard))
        }
    };
    quote!(#p::EdgeDefinition { from: #from, event: #event, to: #to, guard: #guard })
}

fn initial(model: &Model) -> TokenStream {
    let p = model.private();
    let lifecycle = &model.ident;
    let initial = model.states.iter().filter(|state| state.initial.is_some());
    let made = initial.map(|State { ident, held, .. }| match held {
        Held::Unit(_) => quote!(#lifecycle::#ident),
        Held::Data(ty) => {
            let default = quote_spanned!(ty.span()=> <#ty as #p::Default>::default());
            quote!(#lifecycle::#ident(#default))
        }
    });
    made.collect()
}

fn state(model: &Model) -> TokenStream {
    let p = model.private();
    let lifecycle = &model.ident;
    let arms = model.states.iter().map(|state| {
        let (ident, ty) = (&state.ident, state.ty());
        quote!(#lifecycle::#ident { .. } => <#ty as #p::State>::DEFINITION,)
    });
    quote! {
        fn state(&self) -> &'static #p::StateDefinition {
            match self { #(#arms)* }
        }
    }
}

// Types are written out: a variant may be called `Event`, which `Self::Event` could mean, too.
fn check(model: &Model) -> TokenStream {
    let p = model.private();
    let (events, refusal) = (model.event_enum(), refusal(model));
    let (event, context) = (local("event"), local("context"));
    let arms = arms(model, |state, held| match held {
        Held::Unit(_) => quote!(#p::ask(&#state, #event, #context)),
        Held::Data(_) => quote!(#p::ask(#state, #event, #context)),
    });
    let otherwise = otherwise(model, &quote!(_ => #p::illegal(self, #event),));
    quote! {
        fn check(
            &self,
            #event: &#events,
            #context: &#p::Context,
        ) -> #p::Result<(), #p::Rejection<#refusal>> {
            match (self, #event) { #(#arms)* #otherwise }
        }
    }
}

fn apply(model: &Model) -> TokenStream {
    let (p, events) = (model.private(), model.event_enum());
    let (state, event, context) = (local("state"), local("event"), local("context"));
    let arms = arms(model, |state, _| quote!(#p::Ok(#p::step(#state, #event, #context))));
    let otherwise = otherwise(model, &quote!((#state, _) => #p::Err(#state),));
    quote! {
        fn apply(
            self,
            #event: &#events,
            #context: &#p::Context,
        ) -> #p::Result<Self, Self> {
            match (self, #event) { #(#arms)* #otherwise }
        }
    }
}

/// One arm of a match on (state, event) for each edge.
fn arms(
    model: &Model,
    answer: impl Fn(&TokenStream, &Held) -> TokenStream,
) -> impl Iterator<Item = TokenStream> {
    let (lifecycle, events) = (&model.ident, model.event_enum());
    let (state, event) = (local("state"), local("event"));
    model.edges.iter().map(move |edge| {
        let from = model.state(edge.from);
        let pattern = from.variant(lifecycle, &state);
        let ident = &model.event(edge.event).ident;
        let answer = answer(&from.data(&state), &from.held);
        quote!((#pattern, #events::#ident(#event)) => #answer,)
    })
}

/// The last arm, unless every event is legal in every state: it would be unreachable.
fn otherwise(model: &Model, arm: &TokenStream) -> TokenStream {
    if model.edges.len() == model.states.len() * model.events.len() {
        return TokenStream::new();
    }
    arm.clone()
}

fn sort(model: &Model) -> TokenStream {
    let p = model.private();
    let (lifecycle, typed) = (&model.ident, model.typed_enum());
    let (parts, state) = (local("parts"), local("state"));
    let arms = model.states.iter().map(|it| {
        let (ident, pattern, data) = (&it.ident, it.variant(lifecycle, &state), it.data(&state));
        quote!(#pattern => #typed::#ident(#p::join(#parts, #data)),)
    });
    quote! {
        fn typed(aggregate: #p::Aggregate<Self>) -> #typed {
            let (#parts, #state) = #p::split(aggregate);
            match #state { #(#arms)* }
        }
    }
}
