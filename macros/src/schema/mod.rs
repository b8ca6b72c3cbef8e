//! `#[derive(Schema)]`.

pub(crate) mod serde_attrs;
pub(crate) mod shape;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Path, WherePredicate, parse_quote};

use crate::attribute::{self, Group};
use crate::error::Errors;

const SCHEMA: Group = Group { name: "schema", keys: &["crate"], repeatable: &[] };

pub(crate) fn derive(input: &DeriveInput, errors: &Errors) -> TokenStream {
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

/// `Schema`, where all type parameters have one.
pub(crate) fn implementation(
    input: &DeriveInput,
    krate: &Path,
    shape: &TokenStream,
) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    let parameters: Vec<_> = generics.type_params().map(|it| it.ident.clone()).collect();
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
        impl #before #krate::__private::Schema for #ident #arguments #clause {
            const SHAPE: #krate::__private::Shape = #shape;
        }
    }
}
