//! Mermaid and DOT, letter by letter.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use vitae_diagram::{Diagram, Edge, Mismatch, State};

fn order() -> Diagram {
    Diagram::new(
        "order",
        [State::new("Draft").initial(), State::new("Open"), State::new("Done").terminal()],
        [
            Edge::new(0, 1, "order.placed"),
            Edge::new(1, 1, "order.changed").guarded("Open::is_owed"),
            Edge::new(1, 2, "order.paid"),
        ],
    )
}

fn known() -> Diagram {
    order().with_current("Open").unwrap().with_counts(&[1, 14, 0]).unwrap()
}

#[test]
fn mermaid() {
    let expected = r#"stateDiagram-v2
    state "Draft" as s0
    state "Open" as s1
    state "Done" as s2
    [*] --> s0
    s0 --> s1 : order.placed ×1
    s1 --> s1 : order.changed [Open#58;#58;is_owed] ×14
    s1 --> s2 : order.paid ×0
    s2 --> [*]
    classDef current stroke-width:3px,font-weight:bold
    class s1 current
"#;
    assert_eq!(known().to_mermaid(), expected);
    assert!(!order().to_mermaid().contains("current"));
}

#[test]
fn dot() {
    let expected = r#"digraph "order" {
    node [shape=box, style=rounded];
    s0 [label="Draft"];
    start0 [shape=point];
    start0 -> s0;
    s1 [label="Open", style="rounded,filled"];
    s2 [label="Done", peripheries=2];
    s0 -> s1 [label="order.placed ×1"];
    s1 -> s1 [label="order.changed [Open::is_owed] ×14"];
    s1 -> s2 [label="order.paid ×0"];
}
"#;
    assert_eq!(known().to_dot(), expected);
    assert!(!order().to_dot().contains("filled"));
}

#[test]
fn names_cannot_become_syntax() {
    let hostile = "a\"b\\c\n<d>&e;#f: {g}";
    let diagram = Diagram::new(hostile, [State::new(hostile)], [Edge::new(0, 0, hostile)]);
    let mermaid = diagram.to_mermaid();
    let name = "a#34;b#92;c #60;d#62;#38;e#59;#35;f#58; #123;g#125;";
    assert!(mermaid.contains(&format!("state \"{name}\" as s0\n")), "{mermaid}");
    assert!(mermaid.ends_with(&format!("    s0 --> s0 : {name}\n")), "{mermaid}");
    let dot = diagram.to_dot();
    let name = r#"a\"b\\c <d>&amp;e;#f: {g}"#;
    assert!(dot.starts_with(&format!("digraph \"{name}\" {{\n")), "{dot}");
    assert!(dot.contains(&format!("    s0 [label=\"{name}\"];\n")), "{dot}");
    assert!(dot.contains(&format!("s0 -> s0 [label=\"{name}\"];\n")), "{dot}");
}

#[test]
fn a_name_without_letters_is_a_name() {
    let diagram = Diagram::new("", [State::new("")], [Edge::new(0, 0, "")]);
    assert_eq!(diagram.to_mermaid(), "stateDiagram-v2\n    state \" \" as s0\n    s0 --> s0\n");
}

#[test]
fn what_does_not_belong_is_refused() {
    let unknown = order().with_current("Gone").unwrap_err();
    assert_eq!(unknown.to_string(), "the diagram of `order` has no state `Gone`");
    let counts = order().with_counts(&[1, 2]).unwrap_err();
    assert!(matches!(counts, Mismatch::Counts { edges: 3, counts: 2, .. }));
    assert!(counts.to_string().contains("3 counts"), "{counts}");
}

#[test]
fn an_edge_to_nowhere_is_not_drawn_and_keeps_its_count() {
    let states = [State::new("A"), State::new("B")];
    let edges = [Edge::new(0, 7, "lost"), Edge::new(0, 1, "found")];
    let diagram = Diagram::new("d", states, edges).with_counts(&[3, 4]).unwrap();
    assert!(!diagram.to_dot().contains("lost"));
    assert!(diagram.to_dot().contains("found ×4"));
}

#[test]
fn a_long_name_is_cut_and_nothing_after_it() {
    let (whole, long) = ("x".repeat(100), "y".repeat(101));
    let edges = [Edge::new(0, 0, &whole).guarded(&long)];
    let diagram = Diagram::new("d", [State::new(&long)], edges).with_counts(&[7]).unwrap();
    let text = format!("{whole} [{}…] ×7", "y".repeat(100));
    assert!(diagram.to_dot().contains(&format!("\"{text}\"")), "{}", diagram.to_dot());
    assert!(diagram.to_mermaid().ends_with(&format!(" : {text}\n")), "{}", diagram.to_mermaid());
    assert!(diagram.to_mermaid().contains(&format!("\"{}…\"", "y".repeat(100))));
}
