//! Names as they can stand on one line of anything. Must never know which format that is.

/// The longest name that is drawn whole, in characters; what is left out of a longer one is an
/// ellipsis.
const MAX_CHARS: usize = 100;

/// A name without line breaks and other control characters, and of a length that can be read.
pub(crate) fn line(name: &str) -> String {
    let mut chars = name.chars().map(|char| if char.is_control() { ' ' } else { char });
    let mut line: String = chars.by_ref().take(MAX_CHARS).collect();
    if chars.next().is_some() {
        line.push('…');
    }
    line
}
