//! The table, and `Lifecycle` itself.

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::super::ast::State;
use super::super::held::Held;
use super::super::model::{Edge, Event, Model};
use super::{local, picture, short, timer};
use crate::names::{plain, spelled};
use crate::place;

/// The table of states, events and edges, and the check that each event has a stored name of its
/// own.
pub(super) fn table(model: &Model) -> TokenStream {
    let (p, name) = (short(), &model.name);
    let states = model.states.iter().map(|state| {
        let name = plain(&state.ident);
        match (&state.initial, state.terminal) {
            (Some(_), _) => quote!(#p::initial(#name)),
            (None, true) => quote!(#p::terminal(#name)),
            (None, false) => quote!(#p::state(#name)),
        }
    });
    let events = model.events.iter().map(|Event { path, ident }| {
        let name = plain(ident);
        quote!(#p::payload::<#path>().row(#name))
    });
    let edges = model.edges.iter().map(|edge| edge_row(&p, model, edge));
    let checks = checks(&p, model);
    quote! {
        static __TABLE: #p::Definition = #p::Definition {
            name: #name,
            states: &[#(#states),*],
            events: &[#(#events),*],
            edges: &[#(#edges),*],
        };
        #checks
    }
}

fn edge_row(p: &TokenStream, model: &Model, edge: &Edge) -> TokenStream {
    let [from, event, to] = [edge.from, edge.event, edge.to].map(Literal::usize_unsuffixed);
    let guard = match edge.guard.as_ref().map(spelled) {
        None => quote!(#p::None),
        Some(guard) => quote!(#p::Some(#guard)),
    };
    let mut row = quote!(#p::edge(#from, #event, #to, #guard));
    if let Some(timer) = model.timer_of(edge) {
        let after = spelled(&timer.after);
        row = quote!(#p::after(#row, #after));
    }
    if edge.restart.is_some() {
        row = quote!(#p::restarting(#row));
    }
    row
}

/// Each event of the table is looked at where it is written first. A whole call has that span.
fn checks(p: &TokenStream, model: &Model) -> Option<TokenStream> {
    let events = model.events.iter().enumerate().skip(1);
    let checks: TokenStream = events
        .map(|(index, event)| {
            let index = Literal::usize_unsuffixed(index);
            let place = event.path.span();
            let begin = quote_spanned!(place::before(place)=> __v);
            quote_spanned! {place::behind(place)=>
                const _: () = #begin::distinct_kind(&__TABLE, &__SAME_KINDS, #index);
            }
        })
        .collect();
    let count = Literal::usize_unsuffixed(model.events.len());
    (!checks.is_empty()).then(|| {
        quote! {
            static __SAME_KINDS: [#p::Option<#p::usize>; #count] = #p::same_kinds(&__TABLE);
            #checks
        }
    })
}

/// `Lifecycle`.
pub(super) fn implementation(model: &Model) -> TokenStream {
    let (p, lifecycle) = (short(), model.ty());
    let (events, typed) = (model.event_enum(), model.typed_enum());
    let refusal = refusal(model);
    let initial = initial(model);
    let (duplicate, state, check) = (duplicate(model), state(model), check(model));
    let (apply, sort) = (apply(model), sort(model));
    let timers = timer::timers(model);
    let picture = picture(model);
    let generics = model.bounded();
    let (before, arguments, clause) = generics.split_for_impl();
    quote! {
        #picture
        #[automatically_derived]
        impl #before #p::Lifecycle for #lifecycle #clause {
            type Event = #events;
            type Refusal = #refusal;
            type Typed = #typed #arguments;
            const DEFINITION: &'static #p::Definition = &__TABLE;
            fn initial() -> Self { #initial }
            #duplicate
            #state
            #check
            #apply
            #sort
            #timers
        }
    }
}

pub(in super::super) fn refusal(model: &Model) -> TokenStream {
    let p = short();
    match &model.refusal {
        Some(refusal) => quote!(#refusal),
        None => quote!(#p::Refusal),
    }
}

fn initial(model: &Model) -> TokenStream {
    let p = short();
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

fn duplicate(model: &Model) -> TokenStream {
    let (p, lifecycle, state) = (short(), &model.ident, local("state"));
    let arms = model.states.iter().map(|it| {
        let (pattern, data) = (it.variant(lifecycle, &state), it.held.value(&p, &state));
        let data = match it.held {
            Held::Unit(_) => quote!(&#data),
            Held::Data(_) => data,
        };
        let ty = it.ty();
        quote!(#pattern => <#ty as #p::Stage<Self>>::duplicate(#data),)
    });
    quote! {
        fn duplicate(&self) -> Self {
            match self { #(#arms)* }
        }
    }
}

fn state(model: &Model) -> TokenStream {
    let p = short();
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
    let (p, lifecycle) = (short(), &model.ident);
    let (events, refusal) = (model.event_enum(), refusal(model));
    let (state, event, context) = (local("state"), local("event"), local("context"));
    let arms = model.edges.iter().map(|edge| {
        let (from, ident) = (model.state(edge.from), &model.event(edge.event).ident);
        if edge.guard.is_none() {
            let from = &from.ident;
            return quote!((#lifecycle::#from { .. }, #events::#ident(_)) => #p::Ok(()),);
        }
        let pattern = from.variant(lifecycle, &state);
        let value = from.held.value(&p, &state);
        let asked = match from.held {
            Held::Unit(_) => quote!(&#value),
            Held::Data(_) => value,
        };
        quote!((#pattern, #events::#ident(#event)) => #p::ask(#asked, #event, #context),)
    });
    let otherwise = otherwise(model, &quote!(_ => #p::illegal(self, #event),));
    quote! {
        fn check(
            &self,
            #event: &#events,
            #context: &#p::Context,
        ) -> #p::Result<(), #p::Rejection<#refusal>> {
            let _ = #context;
            match (self, #event) { #(#arms)* #otherwise }
        }
    }
}

fn apply(model: &Model) -> TokenStream {
    let (p, lifecycle, events) = (short(), &model.ident, model.event_enum());
    let (state, event, context) = (local("state"), local("event"), local("context"));
    let transitions = model.transitions_trait();
    let (whole, (_, arguments, _)) = (model.ty(), model.generics.split_for_impl());
    let arms = model.edges.iter().map(|edge| {
        let (from, to) = (model.state(edge.from), model.state(edge.to));
        let (pattern, value) = (from.variant(lifecycle, &state), from.held.value(&p, &state));
        let ident = &model.event(edge.event).ident;
        let function = model.function(edge.from, edge.event, &edge.place);
        let moved = quote! {
            <#whole as #transitions #arguments>::#function(#value, #event, #context)
        };
        let moved = match to.held {
            Held::Data(_) => to.variant(lifecycle, &moved),
            Held::Unit(_) => {
                let to = to.ty();
                quote!(<#to as #p::Stage<Self>>::release(#moved))
            }
        };
        quote!((#pattern, #events::#ident(#event)) => #moved,)
    });
    let otherwise = otherwise(model, &quote!((#state, _) => return #p::Err(#state),));
    quote! {
        fn apply(
            self,
            #event: &#events,
            #context: &#p::Context,
        ) -> #p::Result<Self, Self> {
            #p::Ok(match (self, #event) { #(#arms)* #otherwise })
        }
    }
}

/// The last arm, unless every event is legal in every state: it would be unreachable.
fn otherwise(model: &Model, arm: &TokenStream) -> TokenStream {
    if model.edges.len() == model.states.len() * model.events.len() {
        return TokenStream::new();
    }
    arm.clone()
}

fn sort(model: &Model) -> TokenStream {
    let p = short();
    let (lifecycle, typed) = (&model.ident, model.typed_enum());
    let (_, arguments, _) = model.generics.split_for_impl();
    let (aggregate, parts, state) = (local("aggregate"), local("parts"), local("state"));
    let arms = model.states.iter().map(|it| {
        let (ident, pattern) = (&it.ident, it.variant(lifecycle, &state));
        let data = it.held.value(&p, &state);
        quote!(#pattern => #typed::#ident(#p::join(#parts, #data)),)
    });
    quote! {
        fn typed(#aggregate: #p::Aggregate<Self>) -> #typed #arguments {
            let (#parts, #state) = #p::split(#aggregate);
            match #state { #(#arms)* }
        }
    }
}
