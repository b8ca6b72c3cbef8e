//! A lifecycle with its names looked up: what rules are checked on and tokens are made from.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Generics, Path, Type, Visibility, parse_quote};

use super::ast::State;
use super::held::Held;
use super::timer::Timer;
use crate::names;

pub(super) struct Model {
    pub(super) ident: Ident,
    pub(super) vis: Visibility,
    /// As they are declared.
    pub(super) generics: Generics,
    pub(super) krate: Path,
    pub(super) name: String,
    pub(super) refusal: Option<Type>,
    pub(super) states: Vec<State>,
    pub(super) events: Vec<Event>,
    pub(super) edges: Vec<Edge>,
    /// Edges that lead to no state there is. Mistakes, so only the fallback sees them.
    pub(super) loose: Vec<Loose>,
    /// Whether parts of the declaration could not be read, so that what is missing is no mistake.
    pub(super) incomplete: bool,
}

/// An event: its type's path, and its name in the lifecycle.
pub(super) struct Event {
    pub(super) path: Path,
    pub(super) ident: Ident,
}

/// An edge. States and events are indices into the model.
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) event: usize,
    pub(super) to: usize,
    pub(super) guard: Option<Path>,
    pub(super) restart: Option<Ident>,
    /// The event's path where the edge is written.
    pub(super) place: Path,
    /// The state's name where the edge is written.
    pub(super) target: Ident,
}

pub(super) struct Loose {
    pub(super) from: usize,
    pub(super) event: usize,
}

impl Model {
    pub(super) fn event_enum(&self) -> Ident {
        self.companion("Event")
    }

    pub(super) fn transitions_trait(&self) -> Ident {
        self.companion("Transitions")
    }

    pub(super) fn typed_enum(&self) -> Ident {
        self.companion("Typed")
    }

    /// The names of what the derive makes beside the enum.
    pub(super) fn companions(&self) -> [String; 3] {
        [self.event_enum(), self.transitions_trait(), self.typed_enum()].map(|it| names::plain(&it))
    }

    fn companion(&self, suffix: &str) -> Ident {
        format_ident!("{}{suffix}", self.ident.unraw(), span = self.ident.span())
    }

    /// The lifecycle's type.
    pub(super) fn ty(&self) -> TokenStream {
        let ident = &self.ident;
        let (_, arguments, _) = self.generics.split_for_impl();
        quote!(#ident #arguments)
    }

    /// The lifecycle's parameters with what every lifecycle asks of them.
    pub(super) fn bounded(&self) -> Generics {
        let p = self.private();
        let mut generics = self.generics.clone();
        let parameters = self.generics.type_params();
        let bounds = parameters.map(|parameter| -> syn::WherePredicate {
            let ident = &parameter.ident;
            parse_quote!(#ident: #p::Clone + #p::Send + #p::Sync + 'static)
        });
        let bounds: Vec<_> = bounds.collect();
        if !bounds.is_empty() {
            generics.make_where_clause().predicates.extend(bounds);
        }
        generics
    }

    /// The path of what the expansion calls.
    pub(super) fn private(&self) -> TokenStream {
        let krate = &self.krate;
        quote!(#krate::__private)
    }

    #[expect(clippy::indexing_slicing, reason = "indices are made from the model itself")]
    pub(super) fn state(&self, index: usize) -> &State {
        &self.states[index]
    }

    #[expect(clippy::indexing_slicing, reason = "indices are made from the model itself")]
    pub(super) fn event(&self, index: usize) -> &Event {
        &self.events[index]
    }

    /// The edges that leave a state.
    pub(super) fn edges_from(&self, state: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == state)
    }

    /// The edge of what a timer makes happen.
    pub(super) fn edge_of(&self, state: usize, timer: &Timer) -> Option<&Edge> {
        let event = names::spelled(&timer.event);
        self.edges_from(state).find(|edge| names::spelled(&edge.place) == event)
    }

    /// The timer that makes an edge's event happen.
    pub(super) fn timer_of(&self, edge: &Edge) -> Option<&Timer> {
        let timers = &self.state(edge.from).timers;
        timers.iter().find(|it| names::spelled(&it.event) == names::spelled(&edge.place))
    }

    /// The name of an edge's function.
    pub(super) fn function(&self, from: usize, event: usize, span: &Path) -> Ident {
        let (from, event) = (&self.state(from).ident, &self.event(event).ident);
        let name = format!("{}_on_{}", names::snake(from), names::snake(event));
        let span = span.segments.last().map(|segment| segment.ident.span());
        Ident::new(&name, span.unwrap_or_else(proc_macro2::Span::call_site))
    }
}

impl Edge {
    /// Whether the timers of the state that it leads to are set.
    pub(super) fn enters(&self) -> bool {
        self.from != self.to || self.restart.is_some()
    }
}

impl State {
    pub(super) fn ty(&self) -> TokenStream {
        self.held.ty()
    }

    /// The state as a pattern that binds its data, or as the value made from it.
    pub(super) fn variant(&self, lifecycle: &Ident, data: impl ToTokens) -> TokenStream {
        let ident = &self.ident;
        match self.held {
            Held::Unit(_) => quote!(#lifecycle::#ident),
            Held::Data(_) => quote!(#lifecycle::#ident(#data)),
        }
    }
}
