//! Attributes with keys: `#[group(key, key = value)]`.
//!
//! Owns what is the same for all of them: unknown and doubled keys, values of the wrong kind, and
//! reading on behind a mistake.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, LitStr, Meta, Path, Token};

use crate::error::Errors;
use crate::names;

/// The longest name in bytes, as `vitae::MAX_NAME_BYTES`.
const MAX_NAME_BYTES: usize = 512;

/// An attribute of ours and its keys.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [&'static str],
    /// Those of the keys that may be given several times.
    pub(crate) repeatable: &'static [&'static str],
}

impl Group {
    /// Reads all attributes of the group, one key at a time. Whether all could be read: if not, what
    /// is missing is no second mistake.
    pub(crate) fn read(
        &self,
        attributes: &[Attribute],
        errors: &Errors,
        mut take: impl FnMut(&str, &Ident, ParseStream<'_>) -> syn::Result<()>,
    ) -> bool {
        let mut seen: Vec<String> = Vec::new();
        let mut whole = true;
        for attribute in attributes.iter().filter(|it| it.path().is_ident(self.name)) {
            let (group, keys) = (self.name, names::listed(self.keys));
            if !matches!(attribute.meta, Meta::List(_)) {
                whole = false;
                let message = format!("`#[{group}(…)]` has its keys in parentheses: {keys}");
                errors.at(attribute.path(), message);
                continue;
            }
            let read = attribute.parse_nested_meta(|meta| {
                let result = match self.key(&meta, &mut seen) {
                    Ok(key) => take(&key.to_string(), &key, meta.input),
                    Err(error) => Err(error),
                };
                if errors.note(result).is_none() {
                    whole = false;
                    skip_to_comma(meta.input)?;
                }
                Ok(())
            });
            whole &= errors.note(read).is_some();
        }
        whole
    }

    fn key(&self, meta: &ParseNestedMeta<'_>, seen: &mut Vec<String>) -> syn::Result<Ident> {
        let group = self.name;
        let word = names::spelled(&meta.path);
        let known = self.keys.contains(&word.as_str());
        let Some(key) = meta.path.get_ident().filter(|_| known) else {
            let advice = match names::nearest(&word, self.keys.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it has {}", names::listed(self.keys)),
            };
            let message = format!("`#[{group}(…)]` has no key `{word}`; {advice}");
            return Err(syn::Error::new_spanned(&meta.path, message));
        };
        if seen.contains(&word) && !self.repeatable.contains(&word.as_str()) {
            let message = format!("`{word}` is given twice; keep one");
            return Err(syn::Error::new_spanned(key, message));
        }
        seen.push(word);
        Ok(key.clone())
    }
}

/// Passes over what is left of a mistaken part, up to the next comma.
pub(crate) fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// The `=` before a key's value.
pub(crate) fn equals(key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    match input.parse::<Option<Token![=]>>()? {
        Some(_) => Ok(()),
        None => Err(syn::Error::new_spanned(key, format!("`{key}` needs a value: `{key} = …`"))),
    }
}

/// Nothing: the key says it all.
pub(crate) fn no_value(key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(());
    }
    Err(input.error(format!("`{key}` has no value; write `{key}` alone")))
}

/// `= Type`, or a name for one.
pub(crate) fn type_of<T: Parse>(key: &Ident, input: ParseStream<'_>) -> syn::Result<T> {
    equals(key, input)?;
    let start = input.fork();
    let message = format!("`{key}` names a type, without quotes: `{key} = Type`");
    input.parse().map_err(|_| start.error(message))
}

/// `= "a name that a store can hold"`.
pub(crate) fn name(key: &Ident, input: ParseStream<'_>) -> syn::Result<LitStr> {
    equals(key, input)?;
    if !input.peek(LitStr) {
        return Err(input.error("a name is a text in quotes: `name = \"…\"`"));
    }
    let literal: LitStr = input.parse()?;
    let text = literal.value();
    let problem = if text.is_empty() {
        "a name cannot be empty".to_owned()
    } else if text.len() > MAX_NAME_BYTES {
        format!("a name has at most {MAX_NAME_BYTES} bytes; this one has {}", text.len())
    } else if text.contains('\0') {
        "a name cannot hold a NUL".to_owned()
    } else {
        return Ok(literal);
    };
    Err(syn::Error::new_spanned(literal, problem))
}

/// `= path::to::the::crate`.
pub(crate) fn crate_path(key: &Ident, input: ParseStream<'_>) -> syn::Result<Path> {
    equals(key, input)?;
    if input.peek(LitStr) {
        return Err(input.error("a path stands without quotes: `crate = path::to::vitae`"));
    }
    input.call(Path::parse_mod_style)
}

/// Where the crate is unless `crate = …` says otherwise.
pub(crate) fn default_crate() -> Path {
    syn::parse_quote!(::vitae)
}

/// For an impl: where the crate is `crate`, the type is the library's own, and rustc is not to name it
/// where it lists what a user could have meant.
pub(crate) fn unlisted(krate: &Path) -> Option<TokenStream> {
    krate.is_ident("crate").then(|| quote!(#[diagnostic::do_not_recommend]))
}

/// Attributes that stand where they mean nothing.
pub(crate) fn misplaced(attributes: &[Attribute], names: &[&str], advice: &str, errors: &Errors) {
    for attribute in attributes {
        if let Some(name) = names.iter().find(|name| attribute.path().is_ident(name)) {
            errors.at(attribute.path(), format!("`#[{name}(…)]` cannot stand here; {advice}"));
        }
    }
}

/// The documentation among attributes.
pub(crate) fn docs(attributes: &[Attribute]) -> Vec<Attribute> {
    let docs = attributes.iter().filter(|it| it.path().is_ident("doc"));
    docs.cloned().collect()
}

/// A line of documentation.
pub(crate) fn doc(text: &str) -> TokenStream {
    quote!(#[doc = #text])
}
