//! Words of others, as they can be shown to a person.
//!
//! Owns what is left out of them: length, line breaks, and what would reorder or hide the text around
//! it. And times, as a person reads them. Must never know where they are shown; escaping is for whoever
//! does.

use std::ops::Range;

use vitae::Timestamp;

/// The beginning of a text on one line, at most this many characters; an ellipsis stands for the rest.
#[must_use]
pub fn excerpt(text: &str, characters: usize) -> String {
    let mut shown = String::new();
    let mut rest = text.chars().map(|char| if char.is_whitespace() { ' ' } else { char });
    for char in rest.by_ref().filter(|char| !hides(*char)).take(characters) {
        if !(char == ' ' && shown.ends_with(' ')) {
            shown.push(char);
        }
    }
    if rest.any(|char| !hides(char)) {
        shown.push('…');
    }
    shown
}

/// All of a text, with its line breaks. What hides or reorders the text around it is seen as a mark.
pub(super) fn legible(text: &str) -> String {
    let mark = |char| match char {
        '\n' => '\n',
        '\t' | '\r' => ' ',
        char if hides(char) => '\u{fffd}',
        char => char,
    };
    text.chars().map(mark).collect()
}

/// The time of day in UTC, of Unix milliseconds.
#[must_use]
pub fn clock(milliseconds: i64) -> String {
    part_of(milliseconds, 11..19)
}

/// The same with the day, if it is another one than that of an earlier time.
pub(super) fn clock_since(earlier: i64, milliseconds: i64) -> String {
    let (day, clock) = (part_of(milliseconds, 0..10), clock(milliseconds));
    if day == part_of(earlier, 0..10) { clock } else { format!("{day} {clock}") }
}

/// A part of a time as it is written, such as `2026-03-29T01:00:00`.
fn part_of(milliseconds: i64, part: Range<usize>) -> String {
    let at = Timestamp::from_millis(milliseconds).map(|at| at.to_string());
    at.as_deref().and_then(|at| at.get(part)).unwrap_or_default().to_owned()
}

/// Control characters, and those that change the direction of what comes behind them.
fn hides(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
        || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{clock, clock_since, excerpt, legible};

    #[test]
    fn what_hides_or_reorders_is_left_out() {
        assert_eq!(
            excerpt("rm -rf /\u{202e}txt.\u{1b}[2Jok\r\n\tand", 99),
            "rm -rf /txt.[2Jok and"
        );
        assert_eq!(excerpt("größer", 3), "grö…");
        assert_eq!(excerpt("größer", 6), "größer");
        assert_eq!(excerpt("six\u{202e}", 3), "six");
    }

    #[test]
    fn nothing_is_left_out_of_a_legible_text() {
        let text = format!("rm\t-rf  /\u{202e}txt.\u{1b}\n{}", "x".repeat(9_000));
        let legible = legible(&text);
        assert!(legible.starts_with("rm -rf  /\u{fffd}txt.\u{fffd}\nxx"));
        assert_eq!(legible.chars().count(), text.chars().count());
    }

    #[test]
    fn a_time_has_its_day_where_it_is_another_one() {
        let (noon, hour) = (43_200_000, 3_600_000);
        assert_eq!(clock(noon), "12:00:00");
        assert_eq!(clock_since(noon, noon + hour), "13:00:00");
        assert_eq!(clock_since(noon, noon + 12 * hour), "1970-01-02 00:00:00");
        assert_eq!(clock(i64::MAX), "");
    }
}
