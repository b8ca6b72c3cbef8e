//! What a state holds, and so what its type is.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Fields, GenericParam, Generics, Type};

use crate::mention;
use crate::names::{listed, plain, spelled};

/// What a state's type is.
pub(super) enum Held {
    /// A unit struct, which the derive emits.
    Unit(UnitStruct),
    /// The user's struct inside the variant.
    Data(Box<Type>),
}

/// The struct of a state without data. It has the lifecycle's parameters, so that it belongs to one
/// lifecycle.
pub(super) struct UnitStruct {
    pub(super) ident: Ident,
    pub(super) generics: Generics,
}

impl Held {
    pub(super) fn read(variant: &syn::Variant, generics: &Generics) -> syn::Result<Self> {
        let ident = &variant.ident;
        match &variant.fields {
            Fields::Unit => {
                Ok(Self::Unit(UnitStruct { ident: ident.clone(), generics: generics.clone() }))
            }
            Fields::Unnamed(fields) => {
                let mut fields_of = fields.unnamed.iter();
                if let (Some(field), None) = (fields_of.next(), fields_of.next()) {
                    names_all(generics, ident, &field.ty)?;
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

    /// Gives the unit struct another name.
    pub(super) fn rename(&mut self, name: Ident) -> syn::Result<()> {
        match self {
            Self::Unit(unit) => {
                unit.ident = name;
                Ok(())
            }
            Self::Data(_) => {
                let message = "`type` names the unit struct of a state without data; \
                               the type of this state is the struct that it holds";
                Err(syn::Error::new_spanned(name, message))
            }
        }
    }

    /// The state's type.
    pub(super) fn ty(&self) -> TokenStream {
        match self {
            Self::Unit(UnitStruct { ident, generics }) => {
                let (_, arguments, _) = generics.split_for_impl();
                quote!(#ident #arguments)
            }
            Self::Data(ty) => quote!(#ty),
        }
    }

    /// The state's value: the unit struct's only one, or what a variable of this name holds. `p` is
    /// the path of `__private`.
    pub(super) fn value(&self, p: &TokenStream, data: &Ident) -> TokenStream {
        match self {
            Self::Unit(unit) => {
                let ident = &unit.ident;
                let (_, arguments, _) = unit.generics.split_for_impl();
                let arguments = arguments.as_turbofish();
                let held = unit.is_phantom().then(|| quote!((#p::PhantomData)));
                quote!(#ident #arguments #held)
            }
            Self::Data(_) => quote!(#data),
        }
    }
}

impl UnitStruct {
    /// Whether it must hold type parameters that it has no data of.
    pub(super) fn is_phantom(&self) -> bool {
        self.generics.type_params().next().is_some()
    }
}

/// The names of the parameters. Lifetimes were refused.
pub(super) fn parameters(generics: &Generics) -> impl Iterator<Item = &Ident> {
    generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        GenericParam::Const(parameter) => Some(&parameter.ident),
        GenericParam::Lifetime(_) => None,
    })
}

/// The parameters of a lifecycle must all stand in the type of each state: else one type could be a
/// state of several.
fn names_all(generics: &Generics, state: &Ident, ty: &Type) -> syn::Result<()> {
    let parameters: Vec<&Ident> = parameters(generics).collect();
    if let Some(parameter) = parameters.iter().find(|it| spelled(ty) == plain(it)) {
        let message = format!(
            "a state is a type of your own, and `{parameter}` may be any; \
             wrap it in a struct: `struct {state}<{parameter}>({parameter})`"
        );
        return Err(syn::Error::new_spanned(ty, message));
    }
    let missing = parameters.iter().filter(|it| mention::named(ty, it).is_none());
    let missing: Vec<String> = missing.map(|it| plain(it)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let parameters: Vec<String> = parameters.into_iter().map(plain).collect();
    let ty_name = spelled(ty);
    let head = ty_name.split('<').next().unwrap_or_default();
    let message = format!(
        "`{ty_name}` does not name {}, so it would be a state of more than one lifecycle; \
         let the struct have the parameters of the lifecycle: `{head}<{}>`",
        listed(&missing),
        parameters.join(", ")
    );
    Err(syn::Error::new_spanned(ty, message))
}
