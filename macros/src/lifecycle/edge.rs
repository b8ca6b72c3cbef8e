//! The grammar of `#[on(…)]`: `Event [as Alias] [if guard] => State [restart]`, with commas
//! between.

use proc_macro2::{Ident, TokenTree};
use syn::parse::ParseStream;
use syn::{Attribute, Meta, Path, PathSegment, Token};

use crate::attribute::skip_to_comma;
use crate::error::Errors;

/// One edge as it is written.
#[derive(Clone)]
pub(super) struct Edge {
    pub(super) event: Path,
    pub(super) alias: Option<Ident>,
    pub(super) guard: Option<Path>,
    /// `None` after a mistake that was noted.
    pub(super) target: Option<Ident>,
    /// The word, if it stands there.
    pub(super) restart: Option<Ident>,
}

/// The edges of a variant, and whether some could not be read.
pub(super) fn read(attributes: &[Attribute], errors: &Errors) -> (Vec<Edge>, bool) {
    let (mut edges, mut incomplete) = (Vec::new(), false);
    for attribute in attributes {
        if !attribute.path().is_ident("on") {
            continue;
        }
        let listed = matches!(&attribute.meta, Meta::List(list) if !list.tokens.is_empty());
        if !listed {
            incomplete = true;
            errors.at(attribute.path(), "`#[on(…)]` lists edges: `#[on(Event => State)]`");
            continue;
        }
        let read = attribute.parse_args_with(|input: ParseStream<'_>| {
            incomplete |= read_list(input, &mut edges, errors)?;
            Ok(())
        });
        incomplete |= errors.note(read).is_none();
    }
    (edges, incomplete)
}

fn read_list(input: ParseStream<'_>, edges: &mut Vec<Edge>, errors: &Errors) -> syn::Result<bool> {
    let mut incomplete = false;
    while !input.is_empty() {
        match errors.note(Edge::read(input, errors)) {
            Some(edge) => {
                incomplete |= edge.target.is_none();
                edges.push(edge);
            }
            None => {
                incomplete = true;
                skip_to_comma(input)?;
            }
        }
        if !input.is_empty() && errors.note(comma(input)).is_none() {
            incomplete = true;
            skip_to_comma(input)?;
            input.parse::<Option<Token![,]>>()?;
        }
    }
    Ok(incomplete)
}

fn comma(input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![if]) || input.peek(Token![as]) {
        return Err(input.error(ORDER));
    }
    match input.parse::<Token![,]>() {
        Ok(_) => Ok(()),
        Err(_) => Err(input.error("expected `,` and the next edge, or the end of the list")),
    }
}

const ORDER: &str = "an edge is written `Event [as Alias] [if guard] => State`, in this order";
const GUARD: &str = "a guard is the path of a function, such as `Running::within_budget`; \
                     put the condition into one: \
                     `fn(&State, &Event, &Context) -> Result<(), Refusal>`";

impl Edge {
    /// A mistaken guard is noted, and the edge read without it.
    fn read(input: ParseStream<'_>, errors: &Errors) -> syn::Result<Self> {
        refuse_cfg(input)?;
        let event: Path = input.parse().map_err(|_| input.error(ORDER))?;
        refuse_self(&event)?;
        let mut alias = None;
        if input.parse::<Option<Token![as]>>()?.is_some() {
            alias = Some(input.parse()?);
        }
        let guard = read_guard(input);
        while !input.is_empty() && !input.peek(Token![=>]) && !input.peek(Token![,]) {
            // What a mistaken guard has left.
            input.parse::<TokenTree>()?;
        }
        let arrow = input.parse::<Option<Token![=>]>>()?;
        // Of two mistakes in one edge the first is said.
        let guarded = guard.is_ok();
        let guard = errors.note(guard).flatten();
        let (mut target, mut restart) = (None, None);
        if arrow.is_some() && !input.is_empty() && !input.peek(Token![,]) {
            target = errors.note(read_target(input, errors));
            if target.is_none() {
                skip_to_comma(input)?;
            } else if input.fork().parse::<Ident>().is_ok_and(|word| word == "restart") {
                restart = Some(input.parse()?);
            }
        } else if arrow.is_some() || guarded {
            errors.at(&event, "an edge leads to a state: `Event => State`");
        }
        Ok(Self { event, alias, guard, target, restart })
    }
}

/// Of a path, which is a mistake, the last part is what was meant.
fn read_target(input: ParseStream<'_>, errors: &Errors) -> syn::Result<Ident> {
    let message = "write only the state's name: `Event => State`";
    let start = input.fork();
    let path = input.call(Path::parse_mod_style).map_err(|_| start.error(message))?;
    if path.segments.len() > 1 {
        errors.push(start.error(message));
    }
    let last = path.segments.into_iter().next_back();
    last.map(|last| last.ident).ok_or_else(|| start.error(message))
}

fn read_guard(input: ParseStream<'_>) -> syn::Result<Option<Path>> {
    if input.peek(Token![=>]) || input.is_empty() || input.peek(Token![,]) {
        return Ok(None);
    }
    if input.parse::<Option<Token![if]>>()?.is_none() {
        return Err(input.error(ORDER));
    }
    let start = input.fork();
    let Ok(guard) = input.parse() else {
        return Err(start.error(GUARD));
    };
    if input.peek(Token![as]) {
        return Err(input.error(ORDER));
    }
    if !input.peek(Token![=>]) {
        return Err(start.error(GUARD));
    }
    refuse_self(&guard)?;
    Ok(Some(guard))
}

/// `Self` would be another type in each place that the path is written to, and a path that ends in a
/// module's keyword names no item.
pub(super) fn refuse_self(path: &Path) -> syn::Result<()> {
    let is = |segment: &PathSegment, words: &[&str]| words.iter().any(|it| segment.ident == it);
    if let Some(first) = path.segments.first().filter(|first| is(first, &["Self"])) {
        let message = "`Self` does not say which type; write its name";
        return Err(syn::Error::new_spanned(first, message));
    }
    if let Some(last) = path.segments.last().filter(|it| is(it, &["self", "super", "crate"])) {
        let message =
            format!("`{}` is a module; write the name of what is meant in it", last.ident);
        return Err(syn::Error::new_spanned(last, message));
    }
    Ok(())
}

fn refuse_cfg(input: ParseStream<'_>) -> syn::Result<()> {
    let cfg =
        input.fork().parse::<Ident>().is_ok_and(|ident| ident == "cfg" || ident == "cfg_attr");
    if input.peek(Token![#]) || (cfg && input.peek2(syn::token::Paren)) {
        return Err(input.error(
            "an edge cannot have a `cfg` of its own; give it an attribute of its own: \
             `#[cfg_attr(feature = \"…\", on(Event => State))]` (several on one variant add up)",
        ));
    }
    Ok(())
}
