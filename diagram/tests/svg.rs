//! SVG, read back as XML.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![cfg(feature = "svg")]

use roxmltree::{Document, Node};
use vitae_diagram::{Diagram, Edge, State};

mod machines;

use machines::Random;

fn texts(document: &Document<'_>) -> Vec<String> {
    let texts = document
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")));
    texts.map(|text| text.text().unwrap_or_default().to_owned()).collect()
}

fn of_class<'a>(document: &'a Document<'a>, class: &str) -> Vec<Node<'a, 'a>> {
    let classes = |node: &Node<'_, '_>| node.attribute("class").unwrap_or_default().to_owned();
    document.descendants().filter(|node| classes(node).split(' ').any(|it| it == class)).collect()
}

/// Holds for every picture.
fn check(svg: &str) {
    let document = Document::parse(svg).unwrap();
    assert!(svg.lines().all(|line| !line.trim().is_empty()), "a blank line ends an HTML block");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(document.descendants().all(|node| node.attribute("id").is_none()));
    assert!(!document.descendants().any(|node| node.tag_name().name() == "script"));
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn every_state_and_label_is_in_the_picture() {
    let states = ["Draft", "Open", "Done"].map(State::new);
    let [draft, open, done] = states;
    let edges = [
        Edge::new(0, 1, "order.placed"),
        Edge::new(1, 0, "order.withdrawn"),
        Edge::new(1, 1, "order.changed").guarded("a < b && c"),
        Edge::new(1, 2, "order.paid"),
        Edge::new(1, 2, "order.given"),
    ];
    let diagram = Diagram::new("order & co", [draft.initial(), open, done.terminal()], edges);
    let diagram = diagram.with_current("Open").unwrap().with_counts(&[1, 0, 2, 3, 4]).unwrap();
    let svg = diagram.to_svg();
    check(&svg);
    assert_eq!(svg, diagram.to_svg());

    let document = Document::parse(&svg).unwrap();
    let mut texts = texts(&document);
    texts.sort();
    let expected = [
        "Done",
        "Draft",
        "Open",
        "order.changed [a < b && c] ×2",
        "order.given ×4",
        "order.paid ×3",
        "order.placed ×1",
        "order.withdrawn ×0",
    ];
    assert_eq!(texts, expected);
    assert_eq!(of_class(&document, "start").len(), 1);
    // One from the dot; the two to `Done` share one.
    assert_eq!(of_class(&document, "edge").len(), 5);
    let current = of_class(&document, "current");
    assert_eq!(current.len(), 1);
    assert!(current[0].descendants().any(|node| node.text() == Some("Open")));
    let title = document.descendants().find(|node| node.tag_name().name() == "title").unwrap();
    assert_eq!(title.text(), Some("order & co"));
    let doubled = document.descendants().filter(|node| node.tag_name().name() == "rect").count();
    assert_eq!(doubled, 4, "three boxes, one of them double");
}

#[test]
fn any_machine_can_be_drawn() {
    check(&Diagram::new("", [], []).to_svg());
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..150 {
        let (states, edges) = (random.below(12), random.below(24));
        let diagram = random.diagram(states, edges);
        let svg = diagram.to_svg();
        check(&svg);
        assert_eq!(svg, diagram.to_svg());
        assert!(diagram.to_mermaid().starts_with("stateDiagram-v2\n"));
        assert!(diagram.to_dot().ends_with("}\n"));
    }
}

#[test]
fn a_large_machine_is_laid_out_and_a_larger_one_described() {
    let chain = |states: usize| {
        let boxes: Vec<State> = (0..states).map(|n| State::new(format!("State{n}"))).collect();
        let next = (1..states).map(|n| Edge::new(n - 1, n, format!("event{n}")));
        Diagram::new("chain", boxes, next.collect::<Vec<_>>())
    };
    let svg = chain(60).to_svg();
    check(&svg);
    assert!(svg.contains(">State59<"));
    let svg = chain(61).to_svg();
    check(&svg);
    assert!(svg.contains("61 states and 60 edges are too many for a picture"), "{svg}");
    let pair = |edges| {
        let edges = (0..edges).map(|n| Edge::new(0, 1, format!("event{n}")));
        Diagram::new("pair", ["A", "B"].map(State::new), edges)
    };
    assert!(pair(200).to_svg().contains(">event199<"));
    let svg = pair(201).to_svg();
    assert!(svg.contains("2 states and 201 edges are too many for a picture"), "{svg}");
}
