//! Where a type names another one.
//!
//! Owns the reading of a type's tokens: with `syn` without `full` there is nothing that walks them.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Type;

/// The first place where a value of the type would hold one of type `name`. A path that leads to it
/// or on from it is another type, and a `PhantomData` holds nothing.
pub(crate) fn held(ty: &Type, name: &Ident) -> Option<Ident> {
    find(ty.to_token_stream(), &|ident| ident == name, Phantoms::HoldNothing)
}

/// As [`held`], where `Self` is the type too.
pub(crate) fn held_itself(ty: &Type, name: &Ident) -> Option<Ident> {
    find(ty.to_token_stream(), &|ident| ident == name || ident == "Self", Phantoms::HoldNothing)
}

/// The first place where a type is named by itself, be it in a `PhantomData`.
pub(crate) fn named(tokens: impl ToTokens, name: &Ident) -> Option<Ident> {
    find(tokens.to_token_stream(), &|ident| ident == name, Phantoms::AreTypes)
}

/// Whether it is `PhantomData`, as serde recognises it: by the last name of its path.
pub(crate) fn is_phantom(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|it| it.ident == "PhantomData"),
        Type::Group(group) => is_phantom(&group.elem),
        _ => false,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Phantoms {
    HoldNothing,
    AreTypes,
}

fn find(
    tokens: TokenStream,
    wanted: &impl Fn(&Ident) -> bool,
    phantoms: Phantoms,
) -> Option<Ident> {
    let mut tokens = tokens.into_iter().peekable();
    let mut in_path = false;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident)
                if ident == "PhantomData" && phantoms == Phantoms::HoldNothing =>
            {
                skip_arguments(&mut tokens);
            }
            TokenTree::Ident(ident) if !in_path && wanted(&ident) => match tokens.peek() {
                Some(TokenTree::Punct(next)) if next.as_char() == ':' => {}
                Some(TokenTree::Ident(next)) if next == "as" => {}
                _ => return Some(ident),
            },
            TokenTree::Punct(punct) => {
                in_path = punct.as_char() == ':';
                continue;
            }
            TokenTree::Group(group) => {
                if let Some(found) = find(group.stream(), wanted, phantoms) {
                    return Some(found);
                }
            }
            _ => {}
        }
        in_path = false;
    }
    None
}

/// Passes over `<…>`; the `>` of an `->` inside closes nothing.
fn skip_arguments(tokens: &mut impl Iterator<Item = TokenTree>) {
    let (mut depth, mut before) = (0_u32, ' ');
    for token in tokens {
        let char = match &token {
            TokenTree::Punct(punct) => punct.as_char(),
            _ => ' ',
        };
        match char {
            '<' => depth += 1,
            '>' if before != '-' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && char != ':' {
            return;
        }
        before = char;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(ty: &str) -> bool {
        let (ty, name): (Type, Ident) = (syn::parse_str(ty).unwrap(), syn::parse_str("T").unwrap());
        held_itself(&ty, &name).is_some()
    }

    #[test]
    fn a_type_is_held_where_it_is_named_alone() {
        for ty in ["T", "Vec<T>", "(u8, [T; 3])", "Option<Box<Self>>", "std::sync::Arc<T>"] {
            assert!(holds(ty), "{ty}");
        }
        for ty in ["other::T", "T::Item", "<T as Trait>::Item", "[u8; Self::LENGTH]", "Vec<u8>"] {
            assert!(!holds(ty), "{ty}");
        }
    }

    #[test]
    fn a_phantom_holds_nothing_and_hides_nothing() {
        assert!(!holds("PhantomData<T>") && !holds("std::marker::PhantomData::<fn() -> T>"));
        assert!(!holds("Vec<PhantomData<Vec<T>>>"));
        assert!(holds("(PhantomData<fn() -> T>, T)") && holds("Map<PhantomData<Vec<T>>, T>"));
    }

    #[test]
    fn a_phantom_is_recognised_by_its_last_name() {
        let phantom = |ty: &str| is_phantom(&syn::parse_str(ty).unwrap());
        assert!(phantom("PhantomData<T>") && phantom("std::marker::PhantomData<T>"));
        assert!(!phantom("Vec<PhantomData<T>>") && !phantom("(PhantomData<T>,)"));
    }
}
