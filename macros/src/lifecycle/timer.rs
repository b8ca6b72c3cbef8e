//! The grammar of `#[after(…)]`: `duration => Event`, with commas between.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Attribute, Meta, Path, Token};

use super::edge::refuse_self;
use crate::attribute::skip_to_comma;
use crate::error::Errors;
use crate::names::plain;

/// One timer as it is written.
pub(super) struct Timer {
    /// A field of the state's struct, or a constant.
    pub(super) after: Path,
    pub(super) event: Path,
}

/// The timers of a variant, and whether some could not be read.
pub(super) fn read(attributes: &[Attribute], errors: &Errors) -> (Vec<Timer>, bool) {
    let (mut timers, mut incomplete) = (Vec::new(), false);
    for attribute in attributes.iter().filter(|it| it.path().is_ident("after")) {
        let listed = matches!(&attribute.meta, Meta::List(list) if !list.tokens.is_empty());
        if !listed {
            incomplete = true;
            let message = "`#[after(…)]` lists timers: `#[after(duration => Event)]`";
            errors.at(attribute.path(), message);
            continue;
        }
        let read = attribute.parse_args_with(|input: ParseStream<'_>| {
            while !input.is_empty() {
                match errors.note(Timer::read(input)) {
                    Some(timer) => timers.push(timer),
                    None => {
                        incomplete = true;
                        skip_to_comma(input)?;
                    }
                }
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        });
        incomplete |= errors.note(read).is_none();
    }
    (timers, incomplete)
}

const FORM: &str = "a timer is written `duration => Event`, where the duration is a field of the \
                    state (`timeout`) or the path of a constant (`Running::LIMIT`)";

impl Timer {
    fn read(input: ParseStream<'_>) -> syn::Result<Self> {
        let after = input.call(Path::parse_mod_style).map_err(|_| input.error(FORM))?;
        refuse_self(&after)?;
        if input.parse::<Option<Token![=>]>>()?.is_none() {
            return Err(syn::Error::new_spanned(after, FORM));
        }
        if input.is_empty() {
            return Err(syn::Error::new_spanned(after, FORM));
        }
        let event = input.parse().map_err(|_| input.error(FORM))?;
        refuse_self(&event)?;
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error("expected `,` and the next timer, or the end of the list"));
        }
        Ok(Self { after, event })
    }

    /// The field that gives the duration: a bare name in lower case. Any other path is a constant.
    pub(super) fn field(&self) -> Option<&Ident> {
        self.after.get_ident().filter(|name| !plain(name).contains(char::is_uppercase))
    }
}
