//! JSON as agents write it.
//!
//! Owns one mistake that they all make: JavaScript's strings are 16-bit units, so one that is cut in the
//! middle of a character ends in half of it, and is written as an escape that no text can hold. Looks at
//! nothing else: what is no JSON stays so.

use std::borrow::Cow;

/// What stands for half a character.
const REPLACEMENT: &str = "\\ufffd";

/// The bytes of an escape in hexadecimal digits.
const ESCAPE: usize = REPLACEMENT.len();

/// JSON text in which every half of a character is replaced by U+FFFD, as all decoders do that accept it.
/// Without any, it is what it was.
#[must_use]
pub fn without_half_characters(json: &str) -> Cow<'_, str> {
    let mut whole = String::new();
    // How far it was copied, and how far it was looked at.
    let (mut copied, mut seen) = (0, 0);
    while let Some(before) = json.get(seen..).and_then(|rest| rest.find('\\')) {
        let escape = seen + before;
        seen = escape
            + match (half(json, escape), half(json, escape + ESCAPE)) {
                (Some(Half::First), Some(Half::Second)) => 2 * ESCAPE,
                (Some(_), _) => {
                    whole.push_str(json.get(copied..escape).unwrap_or_default());
                    whole.push_str(REPLACEMENT);
                    copied = escape + ESCAPE;
                    ESCAPE
                }
                // What is escaped may be a backslash itself.
                (None, _) => 2,
            };
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    whole.push_str(json.get(copied..).unwrap_or_default());
    Cow::Owned(whole)
}

/// A half of a character: a surrogate, in the words of UTF-16.
enum Half {
    First,
    Second,
}

/// The half that is escaped at a place, if one is.
fn half(json: &str, at: usize) -> Option<Half> {
    let digits = json.get(at..at + ESCAPE)?.strip_prefix("\\u")?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::First),
        0xdc00..=0xdfff => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_nothing_else() {
        for (json, whole) in [
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""cut \uD83D off \udE00.""#, r#""cut \ufffd off \ufffd.""#),
            (r#""\ud83d\ud83d\ude00\ude00""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
        ] {
            assert_eq!(without_half_characters(json), whole);
            assert!(serde_json::from_str::<String>(json).is_err());
            serde_json::from_str::<String>(whole).unwrap();
        }
        for same in [
            "",
            "\\",
            "\\u",
            "\\ud83",
            "\\é\\ud8é",
            r#""é 😀 \ud83d\ude00 \\ud83d \u00e9 \n\"""#,
            r#"{"a": [1, null]}"#,
        ] {
            assert!(matches!(without_half_characters(same), Cow::Borrowed(text) if text == same));
        }
    }
}
