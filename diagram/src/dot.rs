//! Graphviz' DOT.
//!
//! States go by number and show their name: two of one name stay two.

use std::fmt::Write;

use crate::Diagram;
use crate::text::line;

impl Diagram {
    /// The diagram as a `digraph` for [Graphviz](https://graphviz.org). An initial state has an
    /// arrow from a point, a terminal one a double line, the current one a filled box.
    #[must_use]
    pub fn to_dot(&self) -> String {
        let mut drawn = format!("digraph \"{}\" {{\n", escaped(&line(&self.name)));
        drawn.push_str("    node [shape=box, style=rounded];\n");
        // Writing to a `String` cannot fail.
        for (index, state) in self.states.iter().enumerate() {
            let terminal = if state.terminal { ", peripheries=2" } else { "" };
            let current = if self.is_current(index) { ", style=\"rounded,filled\"" } else { "" };
            let name = escaped(&line(&state.name));
            let _ = writeln!(drawn, "    s{index} [label=\"{name}\"{terminal}{current}];");
            if state.initial {
                let _ = writeln!(drawn, "    start{index} [shape=point];");
                let _ = writeln!(drawn, "    start{index} -> s{index};");
            }
        }
        for (edge, text) in self.arrows() {
            let (from, to, text) = (edge.from, edge.to, escaped(&text));
            let _ = writeln!(drawn, "    s{from} -> s{to} [label=\"{text}\"];");
        }
        drawn.push_str("}\n");
        drawn
    }
}

/// Inside double quotes. Graphviz reads entities in a label, so an ampersand is one.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\"")
}
