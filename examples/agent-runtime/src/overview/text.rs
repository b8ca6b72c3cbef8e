//! Words of others, as they can be shown to a person.
//!
//! Owns what is left out of them: length, line breaks, and what would reorder or hide the text around
//! it. Must never know where they are shown; escaping is for whoever does.

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

/// Control characters, and those that change the direction of what comes behind them.
fn hides(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{feff}')
        || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::excerpt;

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
}
