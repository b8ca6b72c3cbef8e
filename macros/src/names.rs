//! Names: how they are spelled, and which other one may have been meant.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;

/// The name without `r#`.
pub(crate) fn plain(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// Tokens as a user would write them on one line, with blanks only between words.
pub(crate) fn spelled(tokens: impl ToTokens) -> String {
    let tokens = tokens.to_token_stream().to_string();
    let is_word =
        |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    let mut spelled = String::new();
    for part in tokens.split(' ').filter(|part| !part.is_empty()) {
        if is_word(spelled.chars().next_back()) && is_word(part.chars().next()) {
            spelled.push(' ');
        }
        spelled.push_str(part);
    }
    spelled
}

/// `IterationCompleted` as `iteration_completed`, `HTTPServer` as `http_server`.
pub(crate) fn snake(ident: &Ident) -> String {
    let chars: Vec<char> = plain(ident).chars().collect();
    let mut snake = String::new();
    for (index, &char) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| chars.get(index));
        let after = chars.get(index + 1);
        let word_ended = before.is_some_and(|before| before.is_lowercase() || before.is_numeric());
        let word_begins = before.is_some_and(|&before| before != '_')
            && after.is_some_and(|after| after.is_lowercase());
        if char.is_uppercase() && (word_ended || word_begins) {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }
    let snake = snake.trim_matches('_');
    // `_1` would be no name without its first character.
    let digit = snake.starts_with(char::is_numeric);
    if digit { format!("_{snake}") } else { snake.to_owned() }
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn listed<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match names.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// The candidate that a misspelled word may have meant.
pub(crate) fn nearest<S: AsRef<str>>(
    word: &str,
    candidates: impl IntoIterator<Item = S>,
) -> Option<S> {
    let tolerance = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate.as_ref()), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out, replaced or swapped with their neighbour, case
/// aside (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut last_from = None;
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        let mut last_to = None;
        for ((j, &to), (&diagonal, &above)) in
            b.iter().enumerate().zip(row.iter().zip(row.iter().skip(1)))
        {
            let left = next.last().map_or(above, |left| left + 1);
            let replaced = diagonal + usize::from(from != to);
            let mut best = replaced.min(left).min(above + 1);
            if last_from == Some(to) && last_to == Some(from) {
                let two_back = j.checked_sub(1).and_then(|j| before.get(j));
                best = best.min(two_back.map_or(best, |swapped| swapped + 1));
            }
            next.push(best);
            last_to = Some(to);
        }
        before = std::mem::replace(&mut row, next);
        last_from = Some(from);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_splits_words() {
        let snake = |name: &str| snake(&syn::parse_str(name).unwrap());
        assert_eq!(snake("Idle"), "idle");
        assert_eq!(snake("IterationCompleted"), "iteration_completed");
        assert_eq!(snake("HTTPServer2Started"), "http_server2_started");
        assert_eq!(snake("Already_Snake"), "already_snake");
        assert_eq!(snake("r#Type"), "type");
        assert_eq!(snake("Type_"), "type");
        assert_eq!(snake("_1"), "_1");
    }

    #[test]
    fn words_stay_apart() {
        let spelled = |tokens: &str| spelled(tokens.parse::<proc_macro2::TokenStream>().unwrap());
        assert_eq!(spelled("a :: b :: < T >"), "a::b::<T>");
        assert_eq!(spelled("a::<Box<dyn b::C>>"), "a::<Box<dyn b::C>>");
    }

    #[test]
    fn the_nearest_word_is_near() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("nmae", "name"), 1);
        assert_eq!(distance("ca", "abc"), 3);
        assert_eq!(nearest("nmae", ["name", "crate"]), Some("name"));
        assert_eq!(nearest("nam", ["name", "crate"]), Some("name"));
        assert_eq!(nearest("x", ["name"]), None);
    }
}
