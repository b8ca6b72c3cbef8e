//! A lifecycle's declaration as it is written: attributes read, names not yet looked up.

use proc_macro2::Ident;
use syn::{Attribute, Data, DataEnum, DeriveInput, Fields, Path, Token, Type, Visibility};

use super::edge::{self, Edge};
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
    /// Whether an edge of the state could not be read.
    pub(super) incomplete: bool,
}

/// What a state's type is.
pub(super) enum Held {
    /// A unit struct of this name, which the derive emits.
    Unit(Ident),
    /// The user's struct inside the variant.
    Data(Box<Type>),
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
        if !input.generics.params.is_empty() {
            errors.at(
                &input.generics,
                "a lifecycle cannot be generic yet; put concrete types into its states",
            );
            return None;
        }
        let mut lifecycle = Self {
            ident: input.ident.clone(),
            vis: input.vis.clone(),
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
        LIFECYCLE.read(attributes, errors, |key, _, input| {
            match key {
                "name" => {
                    named = true;
                    self.name = attribute::name(input)?.value();
                }
                "refusal" => {
                    input.parse::<Token![=]>()?;
                    self.refusal = Some(input.parse()?);
                }
                _ => self.krate = attribute::crate_path(input)?,
            }
            Ok(())
        });
        if !named {
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
            match State::read(variant, errors) {
                Some(state) => self.states.push(state),
                None => self.broken.push(variant.ident.clone()),
            }
        }
    }
}

impl State {
    fn read(variant: &syn::Variant, errors: &Errors) -> Option<Self> {
        let held = errors.note(Held::read(variant));
        let (edges, incomplete) = edge::read(&variant.attrs, errors);
        let mut state = Self {
            ident: variant.ident.clone(),
            docs: attribute::docs(&variant.attrs),
            initial: None,
            terminal: false,
            held: held?,
            edges,
            incomplete,
        };
        STATE.read(&variant.attrs, errors, |key, span, input| {
            match key {
                "initial" => state.initial = Some(span.clone()),
                "terminal" => state.terminal = true,
                _ => {
                    input.parse::<Token![=]>()?;
                    state.held.rename(input.parse()?)?;
                }
            }
            Ok(())
        });
        Some(state)
    }
}

impl Held {
    fn read(variant: &syn::Variant) -> syn::Result<Self> {
        let ident = &variant.ident;
        match &variant.fields {
            Fields::Unit => Ok(Self::Unit(ident.clone())),
            Fields::Unnamed(fields) => {
                let mut fields_of = fields.unnamed.iter();
                if let (Some(field), None) = (fields_of.next(), fields_of.next()) {
                    return Ok(Self::Data(Box::new(field.ty.clone())));
                }
                let message = format!(
                    "a state holds one struct or nothing; \
                     put the fields into a struct and hold that: `{ident}({ident})`, or write `{ident}`"
                );
                Err(syn::Error::new_spanned(fields, message))
            }
            Fields::Named(fields) => {
                let message = format!(
                    "a state holds one struct or nothing; \
                     write the struct of its own, `struct {ident} {{ … }}`, and hold that: `{ident}({ident})`"
                );
                Err(syn::Error::new_spanned(fields, message))
            }
        }
    }

    fn rename(&mut self, name: Ident) -> syn::Result<()> {
        if let Self::Data(_) = self {
            let message = "`type` names the unit struct of a state without data; \
                           the type of this state is the struct that it holds";
            return Err(syn::Error::new_spanned(name, message));
        }
        *self = Self::Unit(name);
        Ok(())
    }
}
