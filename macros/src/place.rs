//! Places beside the user's tokens, for tokens of our own.
//!
//! rustc shows what stands from the first token of a whole to its last. An editor looks for the
//! token under its cursor, and follows whatever has its span. So what begins [`before`] a token and
//! ends [`behind`] it is shown as the token itself, and no name of ours is in an editor's way.

use proc_macro2::Span;

/// The empty place where a token begins.
pub(crate) fn before(token: Span) -> Span {
    empty(token, |token| token.start())
}

/// The empty place where a token ends.
pub(crate) fn behind(token: Span) -> Span {
    empty(token, |token| token.end())
}

/// Only the compiler knows places: a test has none.
fn empty(token: Span, side: impl FnOnce(proc_macro::Span) -> proc_macro::Span) -> Span {
    if proc_macro::is_available() { side(token.unwrap()).into() } else { token }
}
