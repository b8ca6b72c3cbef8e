//! An event's attributes, and the rules across them.

use proc_macro2::{Ident, Span};
use syn::parse::ParseStream;
use syn::{Attribute, Data, DeriveInput, Field, Fields, LitInt, Path, Token, Type};

use crate::attribute::{self, Group};
use crate::error::Errors;
use crate::names::{self, listed, plain, spelled};
use crate::schema::serde_attrs;

const EVENT: Group = Group {
    name: "event",
    keys: &["name", "version", "upcast", "tag", "crate"],
    repeatable: &["tag"],
};

pub(super) struct Event {
    pub(super) krate: Path,
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) upcast: Option<Type>,
    pub(super) tags: Vec<Tag>,
}

/// A field that the event can be found by.
pub(super) struct Tag {
    pub(super) field: Ident,
    /// The way on from the field, to a field inside it: `place.session`.
    pub(super) inner: Vec<Ident>,
    /// The name in the log: that of the last field.
    pub(super) name: String,
}

/// What the keys say, before it is held against each other.
#[derive(Default)]
struct Keys {
    name: Option<String>,
    version: Option<(u32, Span)>,
    upcast: Option<Type>,
    tags: Vec<Vec<Ident>>,
    krate: Option<Path>,
    /// Keys that were given, right or wrong.
    given: Vec<String>,
    /// Whether a key could not be read, so that what is missing is no mistake.
    incomplete: bool,
}

impl Event {
    pub(super) fn read(input: &DeriveInput, errors: &Errors) -> Self {
        misplaced(input, errors);
        let keys = Keys::read(&input.attrs, errors);
        if !keys.given("name") && !keys.incomplete {
            let name = names::snake(&input.ident);
            errors.at(
                &input.ident,
                format!(
                    "an event needs its stored name: `#[event(name = \"{name}\")]`; \
                     it is the event's identity in the log, for good, whatever the type is called"
                ),
            );
        }
        keys.check_chain(&input.ident, errors);
        Self {
            tags: tags(&keys.tags, input, errors),
            krate: keys.krate.unwrap_or_else(attribute::default_crate),
            name: keys.name.unwrap_or_default(),
            version: keys.version.map_or(1, |(version, _)| version),
            upcast: keys.upcast,
        }
    }
}

impl Keys {
    fn read(attributes: &[Attribute], errors: &Errors) -> Self {
        let mut keys = Self::default();
        let whole = EVENT.read(attributes, errors, |key, word, input| {
            keys.given.push(key.to_owned());
            match key {
                "name" => keys.name = Some(attribute::name(word, input)?.value()),
                "version" => keys.version = Some((version(word, input)?, word.span())),
                "upcast" => keys.upcast = Some(attribute::type_of(word, input)?),
                "tag" => keys.tags.push(tag(word, input)?),
                _ => keys.krate = Some(attribute::crate_path(word, input)?),
            }
            Ok(())
        });
        keys.incomplete = !whole;
        keys
    }

    fn given(&self, key: &str) -> bool {
        self.given.iter().any(|given| given == key)
    }

    fn check_chain(&self, ident: &Ident, errors: &Errors) {
        let version_is_known = self.version.is_some() || !self.given("version");
        match (&self.upcast, self.version) {
            (None, Some((version, span))) if version > 1 && !self.given("upcast") => {
                let (name, earlier) = (plain(ident), version - 1);
                let message = format!(
                    "version {version} needs the version before it, to read what is in the log: \
                     `upcast = {name}V{earlier}`, with `impl From<{name}V{earlier}> for {name}`"
                );
                errors.push(syn::Error::new(span, message));
            }
            (Some(upcast), version) if version_is_known && version.is_none_or(|it| it.0 == 1) => {
                let message = "version 1 has no version before it; \
                               raise it to `version = 2`, or take `upcast` out";
                errors.at(upcast, message);
            }
            _ => {}
        }
    }
}

fn version(key: &Ident, input: ParseStream<'_>) -> syn::Result<u32> {
    attribute::equals(key, input)?;
    if !input.peek(LitInt) {
        return Err(input.error("a version is a number: `version = 1`"));
    }
    let literal: LitInt = input.parse()?;
    match literal.base10_parse() {
        Ok(version @ 1..) => Ok(version),
        _ => Err(syn::Error::new_spanned(literal, "a version is a number from 1 to 4294967295")),
    }
}

/// `= field`, or `= field.inner` for a field inside it.
fn tag(key: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    if input.parse::<Option<Token![=]>>()?.is_none() {
        let message = "`tag` names a field of the event: `tag = field`";
        return Err(syn::Error::new_spanned(key, message));
    }
    let mut path = Vec::new();
    loop {
        if !input.peek(syn::Ident) {
            return Err(input.error("`tag` names a field, without quotes: `tag = field`"));
        }
        path.push(input.parse()?);
        if input.parse::<Option<Token![.]>>()?.is_none() {
            return Ok(path);
        }
    }
}

fn tags(named: &[Vec<Ident>], input: &DeriveInput, errors: &Errors) -> Vec<Tag> {
    let fields: Vec<&Field> = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => fields.named.iter().collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let mut tags: Vec<Tag> = Vec::new();
    for path in named {
        let [ident, inner @ ..] = path.as_slice() else {
            continue;
        };
        let Some(tag) = fields.iter().find_map(|field| Tag::of(field, ident, inner)) else {
            errors.at(
                ident,
                if fields.is_empty() { NO_FIELDS.to_owned() } else { no_field(&fields, ident) },
            );
            continue;
        };
        if tags.iter().any(|other| other.name == tag.name) {
            errors.at(
                inner.last().unwrap_or(ident),
                format!("`{}` is a tag already; keep one", tag.name),
            );
        } else {
            tags.push(tag);
        }
    }
    tags
}

const NO_FIELDS: &str = "`tag` names a field, and this event has no named fields; \
                         make it a struct with named fields";

impl Tag {
    fn of(field: &Field, named: &Ident, inner: &[Ident]) -> Option<Self> {
        let ident = field.ident.as_ref().filter(|ident| plain(ident) == plain(named))?;
        let name = match inner.last() {
            Some(last) => plain(last),
            None => serde_attrs::rename(&field.attrs).unwrap_or_else(|| plain(ident)),
        };
        // The place where it is named is the place of mistakes with its type.
        let mut field = ident.clone();
        field.set_span(named.span().resolved_at(ident.span()));
        Some(Self { field, inner: inner.to_vec(), name })
    }
}

fn no_field(fields: &[&Field], ident: &Ident) -> String {
    let names = || fields.iter().filter_map(|field| field.ident.as_ref().map(plain));
    let advice = match names::nearest(&plain(ident), names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", listed(names())),
    };
    format!("the event has no field `{}`; {advice}", spelled(ident))
}

fn misplaced(input: &DeriveInput, errors: &Errors) {
    let advice = "it belongs on the type; a tag is named there: `#[event(tag = field)]`";
    serde_attrs::each_field(input, |attributes| {
        attribute::misplaced(attributes, &["event"], advice, errors);
    });
}
