//! Mermaid's `stateDiagram-v2`.
//!
//! States go by number and show their name: a name may be a keyword of Mermaid's.

use std::fmt::Write;

use crate::Diagram;
use crate::text::line;

impl Diagram {
    /// The diagram as a `stateDiagram-v2` of [Mermaid](https://mermaid.js.org). What Mermaid might
    /// take for syntax is written as an entity, such as `#58;` for a colon.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut drawn = "stateDiagram-v2\n".to_owned();
        // Writing to a `String` cannot fail.
        for (index, state) in self.states.iter().enumerate() {
            // It takes no empty name.
            let name = if state.name.is_empty() { " ".to_owned() } else { line(&state.name) };
            let name = escaped(&name);
            let _ = writeln!(drawn, "    state \"{name}\" as s{index}");
        }
        for (index, _) in self.states.iter().enumerate().filter(|(_, state)| state.initial) {
            let _ = writeln!(drawn, "    [*] --> s{index}");
        }
        for (edge, text) in self.arrows() {
            let text = escaped(&text);
            let label = if text.is_empty() { String::new() } else { format!(" : {text}") };
            let _ = writeln!(drawn, "    s{} --> s{}{label}", edge.from, edge.to);
        }
        for (index, _) in self.states.iter().enumerate().filter(|(_, state)| state.terminal) {
            let _ = writeln!(drawn, "    s{index} --> [*]");
        }
        if let Some(current) = (0..self.states.len()).find(|&state| self.is_current(state)) {
            drawn.push_str("    classDef current stroke-width:3px,font-weight:bold\n");
            let _ = writeln!(drawn, "    class s{current} current");
        }
        drawn
    }
}

/// What Mermaid takes for syntax or for HTML, as entities.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        if "\"#&:;<>\\`%{}".contains(char) {
            let _ = write!(escaped, "#{};", u32::from(char));
        } else {
            escaped.push(char);
        }
    }
    escaped
}
