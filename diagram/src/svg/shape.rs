//! What things look like. Must never know what they mean.

use std::fmt::Write;

use super::LINE_HEIGHT;
use super::layout::{Placed, Point};

/// Around the picture.
const MARGIN: f64 = 6.0;
/// Between the two lines of a double one.
const BETWEEN_LINES: f64 = 3.0;
/// How round the corners of a box are. Inside a double line they follow those outside.
const ROUND: f64 = 6.0;
/// How long the head of an arrow is, and half of how wide.
pub(super) const HEAD: (f64, f64) = (8.0, 3.5);

/// A picture that is being drawn, and how far it reaches.
pub(super) struct Canvas {
    elements: String,
    least: Point,
    most: Point,
}

impl Default for Canvas {
    fn default() -> Self {
        let (least, most) = (f64::INFINITY, f64::NEG_INFINITY);
        Self {
            elements: String::new(),
            least: Point { x: least, y: least },
            most: Point { x: most, y: most },
        }
    }
}

// Writing to a `String` cannot fail.
impl Canvas {
    pub(super) fn state(&mut self, place: &Placed, name: &str, double: bool, filled: bool) {
        self.reaches(place);
        let (class, fill) = match filled {
            true => ("state current", "fill=\"currentColor\" fill-opacity=\"0.18\""),
            false => ("state", "fill=\"none\""),
        };
        let _ = writeln!(self.elements, "<g class=\"{class}\">");
        self.rectangle(place, ROUND, fill);
        if double {
            let mut inner = *place;
            inner.size.width -= 2.0 * BETWEEN_LINES;
            inner.size.height -= 2.0 * BETWEEN_LINES;
            self.rectangle(&inner, ROUND - BETWEEN_LINES, "fill=\"none\"");
        }
        self.text(place.middle, "class=\"name\"", name);
        self.elements.push_str("</g>\n");
    }

    pub(super) fn dot(&mut self, place: &Placed) {
        self.reaches(place);
        let (Point { x, y }, r) = (place.middle, place.size.height / 2.0);
        let _ = writeln!(
            self.elements,
            "<circle class=\"start\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r}\" fill=\"currentColor\"/>"
        );
    }

    /// A line with a head at its tip, which points to `(x, y)`: one of them is 0, the other 1 or -1.
    pub(super) fn arrow(&mut self, line: &str, tip: Point, (x, y): (f64, f64)) {
        let (long, wide) = HEAD;
        let neck = Point { x: tip.x - x * long, y: tip.y - y * long };
        let (left, right) = (neck.x - y * wide, neck.x + y * wide);
        let (over, under) = (neck.y - x * wide, neck.y + x * wide);
        let _ = writeln!(
            self.elements,
            "<g class=\"edge\"><path d=\"{line}\" fill=\"none\" stroke=\"currentColor\"/>\
             <path d=\"M{:.1} {:.1}L{left:.1} {over:.1}L{right:.1} {under:.1}Z\" \
             fill=\"currentColor\"/></g>",
            tip.x, tip.y
        );
    }

    /// That a line goes through a point.
    pub(super) fn passes(&mut self, middle: Point) {
        self.reaches(&Placed { middle, ..Placed::default() });
    }

    /// Lines of text, one below the other, around one middle.
    pub(super) fn label(&mut self, place: &Placed, lines: &[String]) {
        self.lines(place, place.middle.x, "class=\"label\"", lines);
    }

    /// Lines of text, one below the other, from one left edge.
    pub(super) fn label_beside(&mut self, place: &Placed, lines: &[String]) {
        self.lines(place, place.left(), "class=\"label\" text-anchor=\"start\"", lines);
    }

    /// The whole picture.
    pub(super) fn finish(self, title: &str) -> String {
        let (x, y) = (finite(self.least.x) - MARGIN, finite(self.least.y) - MARGIN);
        let width = finite(self.most.x) + MARGIN - x;
        let height = finite(self.most.y) + MARGIN - y;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"vitae-diagram\" role=\"img\" \
             width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"{x:.1} {y:.1} {width:.1} {height:.1}\" \
             style=\"max-width:100%;height:auto\" font-family=\"monospace\" font-size=\"12\" \
             text-anchor=\"middle\">\n\
             <title>{}</title>\n{}</svg>\n",
            escaped(title),
            self.elements
        )
    }

    fn rectangle(&mut self, place: &Placed, radius: f64, fill: &str) {
        let _ = writeln!(
            self.elements,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"{radius}\" \
             stroke=\"currentColor\" {fill}/>",
            place.left(),
            place.top(),
            place.size.width,
            place.size.height
        );
    }

    fn lines(&mut self, place: &Placed, x: f64, attributes: &str, lines: &[String]) {
        if !lines.is_empty() {
            self.reaches(place);
        }
        let mut at = Point { x, y: place.top() + LINE_HEIGHT / 2.0 };
        for line in lines {
            self.text(at, attributes, line);
            at.y += LINE_HEIGHT;
        }
    }

    /// The point is the text's middle from top to bottom: letters reach up by about 0.7em.
    fn text(&mut self, at: Point, attributes: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.elements,
            "<text x=\"{:.1}\" y=\"{:.1}\" dy=\"0.35em\" fill=\"currentColor\" {attributes}>\
             {text}</text>",
            at.x, at.y
        );
    }

    fn reaches(&mut self, place: &Placed) {
        let Point { x, y } = self.least;
        self.least = Point { x: x.min(place.left()), y: y.min(place.top()) };
        let Point { x, y } = self.most;
        self.most = Point { x: x.max(place.right()), y: y.max(place.bottom()) };
    }
}

/// Nothing was drawn: it reaches nowhere.
fn finite(reach: f64) -> f64 {
    if reach.is_finite() { reach } else { 0.0 }
}

/// As text of XML. Two code points that XML forbids are replaced; control characters are gone.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            char => escaped.push(char),
        }
    }
    escaped
}
