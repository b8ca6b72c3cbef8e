//! What turns use, and how it adds up.

use serde::{Deserialize, Serialize};
use vitae::Schema;

/// Tokens of a turn, or of all counted turns. `None` is what nobody reported.
#[derive(Schema, Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tokens {
    /// Read fresh.
    pub input: Option<u64>,
    /// Written.
    pub output: Option<u64>,
    /// Read from the cache.
    pub cache_read: Option<u64>,
    /// Written to the cache.
    pub cache_write: Option<u64>,
    /// The four above together.
    pub total: Option<u64>,
    /// How much of the context window is in use.
    pub context_size: Option<u64>,
    /// How large the context window is.
    pub context_window_size: Option<u64>,
}

impl Tokens {
    /// The total after a further turn. Once anything was counted, what is unknown adds as 0; the
    /// context is the latest known.
    #[must_use]
    pub fn plus(self, turn: Self) -> Self {
        let counted = [self, turn].iter().any(|tokens| {
            [tokens.input, tokens.output, tokens.cache_read, tokens.cache_write]
                .iter()
                .any(Option::is_some)
        });
        if !counted {
            return Self {
                context_size: turn.context_size,
                context_window_size: turn.context_window_size,
                ..Self::default()
            };
        }
        let add = |one: Option<u64>, other: Option<u64>| {
            one.unwrap_or(0).saturating_add(other.unwrap_or(0))
        };
        let input = add(self.input, turn.input);
        let output = add(self.output, turn.output);
        let cache_read = add(self.cache_read, turn.cache_read);
        let cache_write = add(self.cache_write, turn.cache_write);
        let total = [output, cache_read, cache_write]
            .iter()
            .fold(input, |sum, part| sum.saturating_add(*part));
        Self {
            input: Some(input),
            output: Some(output),
            cache_read: Some(cache_read),
            cache_write: Some(cache_write),
            total: Some(total),
            context_size: turn.context_size.or(self.context_size),
            context_window_size: turn.context_window_size.or(self.context_window_size),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_parts_count_as_nothing_once_anything_is_known() {
        let turn = Tokens { input: Some(3), context_size: Some(9), ..Tokens::default() };
        let once = Tokens::default().plus(turn);
        assert_eq!((once.input, once.output, once.total), (Some(3), Some(0), Some(3)));
        let twice = once.plus(Tokens { cache_read: Some(4), ..Tokens::default() });
        assert_eq!((twice.total, twice.context_size), (Some(7), Some(9)));
    }

    #[test]
    fn nothing_known_stays_nothing_known() {
        let turn = Tokens { context_size: Some(9), ..Tokens::default() };
        assert_eq!(Tokens::default().plus(turn), turn);
    }
}
