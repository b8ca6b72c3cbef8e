//! A lifecycle's declaration as it is written: attributes read, names not yet looked up.

use proc_macro2::Ident;
use syn::{Attribute, Data, DataEnum, DeriveInput, Generics, Path, Type, Visibility};

use super::edge::{self, Edge};
use super::held::Held;
use super::timer::{self, Timer};
use crate::attribute::{self, Group};
use crate::error::Errors;
use crate::names;

const LIFECYCLE: Group =
    Group { name: "lifecycle", keys: &["name", "refusal", "crate"], repeatable: &[] };

const STATE: Group =
    Group { name: "state", keys: &["initial", "terminal", "type"], repeatable: &[] };

pub(super) struct Lifecycle {
    pub(super) ident: Ident,
    pub(super) vis: Visibility,
    pub(super) generics: Generics,
    pub(super) krate: Path,
    pub(super) name: String,
    pub(super) refusal: Option<Type>,
    pub(super) states: Vec<State>,
    /// Variants that are declared but cannot be states.
    pub(super) broken: Vec<Ident>,
}

pub(super) struct State {
    pub(super) ident: Ident,
    pub(super) docs: Vec<Attribute>,
    pub(super) initial: Option<Ident>,
    pub(super) terminal: bool,
    pub(super) held: Held,
    pub(super) edges: Vec<Edge>,
    pub(super) timers: Vec<Timer>,
    /// Whether something of the state could not be read.
    pub(super) incomplete: bool,
}

impl Lifecycle {
    /// `None` if the item is not an enum that could be a lifecycle.
    pub(super) fn read(input: &DeriveInput, errors: &Errors) -> Option<Self> {
        let Data::Enum(data) = &input.data else {
            errors.at(
                &input.ident,
                "a lifecycle is an enum with one variant per state; \
                 derive `Lifecycle` on the enum, not on a state's struct",
            );
            return None;
        };
        for lifetime in input.generics.lifetimes() {
            let message = "a lifecycle cannot borrow: a life is read back from the log, where there \
                           is nothing to borrow from; let its states own their data";
            errors.at(lifetime, message);
        }
        if input.generics.lifetimes().next().is_some() {
            return None;
        }
        let mut lifecycle = Self {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
            generics: input.generics.clone(),
            krate: attribute::default_crate(),
            name: String::new(),
            refusal: None,
            states: Vec::new(),
            broken: Vec::new(),
        };
        lifecycle.read_attributes(&input.attrs, errors);
        lifecycle.read_variants(data, errors);
        Some(lifecycle)
    }

    fn read_attributes(&mut self, attributes: &[Attribute], errors: &Errors) {
        let advice = "it belongs on a variant, the state that it speaks of";
        attribute::misplaced(attributes, &["state", "on", "after"], advice, errors);
        let mut named = false;
        let whole = LIFECYCLE.read(attributes, errors, |key, word, input| {
            match key {
                "name" => {
                    named = true;
                    self.name = attribute::name(word, input)?.value();
                }
                "refusal" => self.refusal = Some(attribute::type_of(word, input)?),
                _ => self.krate = attribute::crate_path(word, input)?,
            }
            Ok(())
        });
        if !named && whole {
            let name = names::snake(&self.ident);
            errors.at(
                &self.ident,
                format!(
                    "a lifecycle needs its stored name: `#[lifecycle(name = \"{name}\")]`; \
                     it is the category of its streams, for good"
                ),
            );
        }
    }

    fn read_variants(&mut self, data: &DataEnum, errors: &Errors) {
        for variant in &data.variants {
            let advice = "it belongs on the enum";
            attribute::misplaced(&variant.attrs, &["lifecycle"], advice, errors);
            for field in &variant.fields {
                let advice = "it belongs on the variant";
                let ours = ["lifecycle", "state", "on", "after"];
                attribute::misplaced(&field.attrs, &ours, advice, errors);
            }
            match State::read(variant, &self.generics, errors) {
                Some(state) => self.states.push(state),
                None => self.broken.push(variant.ident.clone()),
            }
        }
    }
}

impl State {
    fn read(variant: &syn::Variant, generics: &Generics, errors: &Errors) -> Option<Self> {
        let held = errors.note(Held::read(variant, generics));
        let (edges, edges_incomplete) = edge::read(&variant.attrs, errors);
        let (timers, timers_incomplete) = timer::read(&variant.attrs, errors);
        let mut state = Self {
            ident: variant.ident.clone(),
            docs: attribute::docs(&variant.attrs),
            initial: None,
            terminal: false,
            held: held?,
            edges,
            timers,
            incomplete: edges_incomplete || timers_incomplete,
        };
        let whole = STATE.read(&variant.attrs, errors, |key, word, input| {
            match key {
                "initial" => {
                    state.initial = Some(word.clone());
                    attribute::no_value(word, input)?;
                }
                "terminal" => {
                    state.terminal = true;
                    attribute::no_value(word, input)?;
                }
                _ => state.held.rename(attribute::type_of(word, input)?)?,
            }
            Ok(())
        });
        state.incomplete |= !whole;
        Some(state)
    }
}
