//! The shape of a type, as serde's derive walks it.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Path, Type};

use super::serde_attrs;
use crate::error::Errors;
use crate::mention;
use crate::names::plain;

/// The shape as an expression. What it cannot say is noted as a mistake.
pub(crate) fn read(input: &DeriveInput, krate: &Path, errors: &Errors) -> TokenStream {
    serde_attrs::check(input, errors);
    itself(input, errors);
    let shape = Shape(krate);
    match &input.data {
        // That there is one such field and no more, serde itself makes sure of.
        Data::Struct(data) if serde_attrs::transparent(&input.attrs) => {
            let held = data.fields.iter().find(|field| !mention::is_phantom(&field.ty));
            held.map_or_else(|| shape.fields(&Fields::Unit, errors), |field| shape.of(&field.ty))
        }
        Data::Struct(data) => shape.fields(&data.fields, errors),
        Data::Enum(data) => {
            let p = shape.private();
            let idents = data.variants.iter().map(|variant| (&variant.ident, &*variant.attrs));
            let names = names(idents, "variants", errors);
            let variants = data.variants.iter().zip(names).map(|(variant, name)| {
                let held = shape.fields(&variant.fields, errors);
                quote!((#name, #held))
            });
            quote!(#p::Shape::Enum(&[#(#variants),*]))
        }
        Data::Union(data) => {
            errors.at(
                data.union_token,
                "a union has no schema; use an enum, which says what it holds",
            );
            TokenStream::new()
        }
    }
}

/// The fields of a struct, or of all variants.
pub(super) fn all_fields(input: &DeriveInput) -> Vec<&Field> {
    match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|it| &it.fields).collect(),
        Data::Union(_) => Vec::new(),
    }
}

/// The names in the shape: as serde writes them, and no two the same.
fn names<'a>(
    items: impl Iterator<Item = (&'a Ident, &'a [Attribute])>,
    what: &str,
    errors: &Errors,
) -> Vec<String> {
    let mut names = Vec::new();
    for (ident, attributes) in items {
        let name = serde_attrs::rename(attributes).unwrap_or_else(|| plain(ident));
        if names.contains(&name) {
            let message = format!(
                "two {what} are called `{name}` in the schema, so neither could be told from the \
                 other; give one of them another name with `#[serde(rename = \"…\")]`"
            );
            errors.at(ident, message);
        }
        names.push(name);
    }
    names
}

/// A field of the type itself, which rustc would report as a cycle of constants.
fn itself(input: &DeriveInput, errors: &Errors) {
    for field in all_fields(input) {
        if let Some(ident) = mention::held_itself(&field.ty, &input.ident) {
            let name = plain(&input.ident);
            let message = format!(
                "`{name}` contains itself, so it has no shape of finite size; \
                 give it a flat form, such as a list whose items name their parent by index, \
                 or carry it as JSON text in a `String`"
            );
            errors.at(ident, message);
        }
    }
}

struct Shape<'a>(&'a Path);

impl Shape<'_> {
    fn private(&self) -> TokenStream {
        let krate = self.0;
        quote!(#krate::__private)
    }

    fn of(&self, ty: &Type) -> TokenStream {
        let p = self.private();
        quote_spanned!(ty.span()=> <#ty as #p::Schema>::SHAPE)
    }

    fn fields(&self, fields: &Fields, errors: &Errors) -> TokenStream {
        let p = self.private();
        match fields {
            Fields::Unit => quote!(#p::Shape::Unit),
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                fields.unnamed.iter().map(|field| self.of(&field.ty)).collect()
            }
            Fields::Unnamed(fields) => {
                let items = fields.unnamed.iter().map(|field| self.of(&field.ty));
                quote!(#p::Shape::Tuple(&[#(#items),*]))
            }
            Fields::Named(fields) => {
                let idents = fields.named.iter();
                let idents = idents.filter_map(|it| Some((it.ident.as_ref()?, &*it.attrs)));
                let names = names(idents, "fields", errors);
                let named = fields.named.iter().zip(names).map(|(field, name)| {
                    let held = self.of(&field.ty);
                    quote!((#name, #held))
                });
                quote!(#p::Shape::Struct(&[#(#named),*]))
            }
        }
    }
}
