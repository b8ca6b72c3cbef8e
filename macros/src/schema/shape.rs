//! The shape of a type, as serde's derive walks it.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, Path, Type};

use super::serde_attrs;
use crate::error::Errors;
use crate::names::plain;

/// The shape as an expression. What it cannot say is noted as a mistake.
pub(crate) fn read(input: &DeriveInput, krate: &Path, errors: &Errors) -> TokenStream {
    serde_attrs::check(input, errors);
    itself(input, errors);
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

/// A field of the type itself, which rustc would report as a cycle of constants.
fn itself(input: &DeriveInput, errors: &Errors) {
    let fields: Vec<&Field> = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|it| &it.fields).collect(),
        Data::Union(_) => return,
    };
    for field in fields {
        if let Some(ident) = mentions(field.ty.to_token_stream(), &input.ident) {
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

/// The first `name` or `Self` that no path leads to; a `PhantomData` holds nothing.
fn mentions(tokens: TokenStream, name: &Ident) -> Option<Ident> {
    let mut in_path = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == "PhantomData" => return None,
            TokenTree::Ident(ident) if !in_path && (ident == *name || ident == "Self") => {
                return Some(ident);
            }
            TokenTree::Punct(punct) => {
                in_path = punct.as_char() == ':';
                continue;
            }
            TokenTree::Group(group) => {
                if let Some(found) = mentions(group.stream(), name) {
                    return Some(found);
                }
            }
            _ => {}
        }
        in_path = false;
    }
    None
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
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                fields.unnamed.iter().map(|field| self.of(&field.ty)).collect()
            }
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
