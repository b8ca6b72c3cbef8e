//! SVG, to stand on a page among text.
//!
//! Owns what is drawn; `layout` says where, `route` which way and `shape` how. The picture takes
//! the colour of the text around it and has no style sheet, script or id, so that any number of
//! pictures fit on one page, light or dark. No line of it is blank: in Markdown that would end it.

mod layout;
mod route;
mod shape;

use std::collections::BTreeMap;

use layout::{Layout, Placed, Size, Wanted, layout};
use shape::Canvas;

use crate::Diagram;
use crate::text::line;

/// The largest machine that is laid out. A picture of a larger one could not be read, and what a
/// layout costs grows faster than the machine.
const MAX_STATES: usize = 60;
const MAX_EDGES: usize = 200;

const LINE_HEIGHT: f64 = 16.0;
/// In a monospaced font of 12 pixels.
const CHAR_WIDTH: f64 = 7.25;
/// Of a box; a name shorter than three characters or so does not make it narrower.
const BOX_HEIGHT: f64 = 32.0;
const MIN_NAME_WIDTH: f64 = 24.0;
/// Beside a name in its box, on each side.
const PADDING: f64 = 12.0;
const DOT: Size = Size { width: 10.0, height: 10.0 };

impl Diagram {
    /// The diagram as an SVG picture, a `<svg>` element. An initial state has an arrow from a dot,
    /// a terminal one a double line, the current one a filled box; edges between the same two
    /// states share an arrow.
    ///
    /// A machine of more than 60 states or 200 edges is not laid out; the picture then says so in
    /// words.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let mut canvas = Canvas::default();
        let (states, edges) = (self.states.len(), self.arrows().count());
        if states > MAX_STATES || edges > MAX_EDGES {
            let words = [format!("{states} states and {edges} edges are too many for a picture")];
            canvas.label(&Placed { size: label_size(&words), ..Placed::default() }, &words);
        } else {
            self.draw(&mut canvas);
        }
        canvas.finish(&line(&self.name))
    }

    fn draw(&self, canvas: &mut Canvas) {
        let mut boxes: Vec<Size> = self.states.iter().map(|it| box_size(&line(&it.name))).collect();
        let mut wanted = Vec::new();
        let joined = self.joined();
        for (&(from, to), lines) in &joined {
            wanted.push(Wanted { from, to, label: label_size(lines) });
        }
        for (to, _) in self.states.iter().enumerate().filter(|(_, state)| state.initial) {
            wanted.push(Wanted { from: boxes.len(), to, label: Size::default() });
            boxes.push(DOT);
        }
        let layout = layout(&boxes, &wanted);
        arrows(canvas, &layout, joined.values());
        let mut places = layout.boxes.iter();
        // The states come first: with them `zip` ends, and the dots are left.
        for (index, (state, place)) in self.states.iter().zip(places.by_ref()).enumerate() {
            canvas.state(place, &line(&state.name), state.terminal, self.is_current(index));
        }
        places.for_each(|place| canvas.dot(place));
    }

    /// The texts of the edges between each two states.
    fn joined(&self) -> BTreeMap<(usize, usize), Vec<String>> {
        let mut joined: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (edge, text) in self.arrows() {
            joined.entry((edge.from, edge.to)).or_default().push(text);
        }
        joined
    }
}

/// Each arrow and its label, if it has one.
fn arrows<'a>(canvas: &mut Canvas, layout: &Layout, labels: impl Iterator<Item = &'a Vec<String>>) {
    let mut labels = labels.map(Vec::as_slice);
    for (route, ends) in layout.routes.iter().zip(route::ends(layout)) {
        let label = labels.next().unwrap_or_default();
        if route.from == route.to {
            if let Some(place) = layout.boxes.get(route.from) {
                let (line, tip) = route::loop_line(place, &route.label);
                canvas.arrow(&line, tip, (-1.0, 0.0));
            }
            canvas.label_beside(&route.label, label);
        } else {
            let (line, down) = route::line(layout, route, ends);
            canvas.arrow(&line, ends.1, (0.0, down));
            route.points.iter().for_each(|&point| canvas.passes(point));
            canvas.label(&route.label, label);
        }
    }
}

fn box_size(name: &str) -> Size {
    Size { width: width(name).max(MIN_NAME_WIDTH) + 2.0 * PADDING, height: BOX_HEIGHT }
}

fn label_size(lines: &[String]) -> Size {
    let widest = lines.iter().map(|line| width(line)).fold(0.0, f64::max);
    let height = lines.iter().fold(0.0, |height, _| height + LINE_HEIGHT);
    Size { width: widest, height }
}

/// How wide a text is. Scripts that are wider than Latin count twice.
fn width(text: &str) -> f64 {
    text.chars().map(|char| if char < '\u{1100}' { CHAR_WIDTH } else { 2.0 * CHAR_WIDTH }).sum()
}
