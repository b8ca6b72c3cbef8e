//! `#[derive(Schema)]`.

pub(crate) mod serde_attrs;
pub(crate) mod shape;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{DeriveInput, Path, WherePredicate, parse_quote};

use crate::attribute::{self, Group};
use crate::error::Errors;
use crate::mention;

const SCHEMA: Group = Group { name: "schema", keys: &["crate"], repeatable: &[] };

pub(crate) fn derive(input: &DeriveInput, errors: &Errors) -> TokenStream {
    if input.attrs.iter().any(|attribute| attribute.path().is_ident("event")) {
        let message = "`derive(Event)` gives it a schema already; take `Schema` out";
        errors.push(syn::Error::new(Span::call_site(), message));
        return TokenStream::new();
    }
    let mut krate = attribute::default_crate();
    SCHEMA.read(&input.attrs, errors, |_, key, input| {
        krate = attribute::crate_path(key, input)?;
        Ok(())
    });
    serde_attrs::each_field(input, |attributes| {
        attribute::misplaced(attributes, &["schema"], "it belongs on the type", errors);
    });
    let shape = shape::read(input, &krate, errors);
    if errors.any() { fallback(input, &krate) } else { implementation(input, &krate, &shape) }
}

/// The impl beside a mistake.
pub(crate) fn fallback(input: &DeriveInput, krate: &Path) -> TokenStream {
    implementation(input, krate, &quote!(#krate::__private::Shape::Unit))
}

/// `Schema`, where all type parameters have one of which a value is held, as serde has it.
pub(crate) fn implementation(
    input: &DeriveInput,
    krate: &Path,
    shape: &TokenStream,
) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    let fields = shape::all_fields(input);
    let held = |name: &Ident| fields.iter().any(|it| mention::held(&it.ty, name).is_some());
    let parameters = generics.type_params().map(|it| it.ident.clone());
    let parameters: Vec<_> = parameters.filter(held).collect();
    if !parameters.is_empty() {
        let clause = generics.make_where_clause();
        clause.predicates.extend(parameters.iter().map(|parameter| {
            let bound: WherePredicate = parse_quote!(#parameter: #krate::__private::Schema);
            bound
        }));
    }
    let (before, arguments, clause) = generics.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #before #krate::__private::Schema for #ident #arguments #clause {
            const SHAPE: #krate::__private::Shape = #shape;
        }
    }
}
