//! The shape of a type, as serde's derive walks it.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Path, Type};

use super::serde_attrs;
use crate::error::Errors;
use crate::names::plain;

/// The shape as an expression. What it cannot say is noted as a mistake.
pub(crate) fn read(input: &DeriveInput, krate: &Path, errors: &Errors) -> TokenStream {
    serde_attrs::check(input, errors);
    let shape = Shape(krate);
    match &input.data {
        Data::Struct(data) if serde_attrs::transparent(&input.attrs) => {
            let mut fields = data.fields.iter();
            match (fields.next(), fields.next()) {
                (Some(field), None) => shape.of(&field.ty),
                (_, second) => {
                    let message = "a transparent payload has one field; \
                                   take `#[serde(transparent)]` out, or the other fields";
                    match second {
                        Some(second) => errors.at(second, message),
                        None => errors.at(&input.ident, message),
                    }
                    TokenStream::new()
                }
            }
        }
        Data::Struct(data) => shape.fields(&data.fields),
        Data::Enum(data) => {
            let p = shape.private();
            let variants = data.variants.iter().map(|variant| {
                let renamed = serde_attrs::rename(&variant.attrs);
                let name = renamed.unwrap_or_else(|| plain(&variant.ident));
                let held = shape.fields(&variant.fields);
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

    fn fields(&self, fields: &Fields) -> TokenStream {
        let p = self.private();
        match fields {
            Fields::Unit => quote!(#p::Shape::Unit),
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields
                .unnamed
                .iter()
                .map(|field| self.of(&field.ty))
                .collect(),
            Fields::Unnamed(fields) => {
                let items = fields.unnamed.iter().map(|field| self.of(&field.ty));
                quote!(#p::Shape::Tuple(&[#(#items),*]))
            }
            Fields::Named(fields) => {
                let named = fields.named.iter().map(|field| {
                    let renamed = serde_attrs::rename(&field.attrs);
                    let ident = field.ident.as_ref().map(plain).unwrap_or_default();
                    let name = renamed.unwrap_or(ident);
                    let held = self.of(&field.ty);
                    quote!((#name, #held))
                });
                quote!(#p::Shape::Struct(&[#(#named),*]))
            }
        }
    }
}
