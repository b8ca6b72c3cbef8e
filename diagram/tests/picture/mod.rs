//! A picture, read back: where its boxes, labels and arrows are.

use roxmltree::{Document, Node};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// A box, or a line of a label.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) text: String,
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

pub(crate) struct Arrow {
    pub(crate) line: Vec<Point>,
    /// The tip, and the two other corners.
    pub(crate) head: [Point; 3],
    /// Those that follow it.
    pub(crate) labels: Vec<Place>,
}

pub(crate) struct Picture {
    pub(crate) frame: Place,
    pub(crate) boxes: Vec<Place>,
    pub(crate) arrows: Vec<Arrow>,
}

pub(crate) fn read(svg: &str) -> Picture {
    let document = Document::parse(svg).unwrap();
    let frame = frame(document.root_element());
    let mut picture = Picture { frame, boxes: Vec::new(), arrows: Vec::new() };
    for node in document.root_element().children().filter(Node::is_element) {
        match node.attribute("class") {
            Some("edge") => {
                let paths: Vec<_> = node.children().filter(Node::is_element).collect();
                let [line, head] = [0, 1].map(|index| points(paths[index].attribute("d").unwrap()));
                let head = [STEPS, 2 * STEPS + 1, 3 * STEPS + 2].map(|end| head[end]);
                picture.arrows.push(Arrow { line, head, labels: Vec::new() });
            }
            Some("label") => picture.arrows.last_mut().unwrap().labels.push(label(node)),
            Some("state") => picture.boxes.push(state(node)),
            Some("start") => {
                let [x, y, r] = ["cx", "cy", "r"].map(|name| number(node, name));
                let (left, right, top, bottom) = (x - r, x + r, y - r, y + r);
                picture.boxes.push(Place { text: "start".to_owned(), left, right, top, bottom });
            }
            other => assert_eq!((other, node.tag_name().name()), (None, "title")),
        }
    }
    picture
}

fn frame(picture: Node<'_, '_>) -> Place {
    let numbers = picture.attribute("viewBox").unwrap().split(' ').map(|it| it.parse().unwrap());
    let [left, top, width, height] = numbers.collect::<Vec<f64>>().try_into().unwrap();
    Place { text: "frame".to_owned(), left, right: left + width, top, bottom: top + height }
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

fn state(node: Node<'_, '_>) -> Place {
    let inside =
        |tag| node.children().find(move |it| it.has_tag_name(("http://www.w3.org/2000/svg", tag)));
    let outline = inside("rect").unwrap();
    let [left, top, width, height] = ["x", "y", "width", "height"].map(|it| number(outline, it));
    let text = inside("text").unwrap().text().unwrap().to_owned();
    Place { text, left, right: left + width, top, bottom: top + height }
}

fn label(node: Node<'_, '_>) -> Place {
    let text = node.text().unwrap().to_owned();
    let (x, y, width) = (number(node, "x"), number(node, "y"), width(&text));
    let left = if node.attribute("text-anchor") == Some("start") { x } else { x - width / 2.0 };
    // Lines are 16 apart.
    Place { text, left, right: left + width, top: y - 7.0, bottom: y + 7.0 }
}

/// In a monospaced font of 12 pixels, where a Chinese character is as wide as two Latin ones.
pub(crate) fn width(text: &str) -> f64 {
    text.chars().map(|char| if char.is_ascii() { 7.2 } else { 14.4 }).sum()
}

/// How many steps are gone along each part of a path.
pub(crate) const STEPS: usize = 40;

/// Points close to each other along a path; none where it is interrupted.
fn points(path: &str) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let starts = path.match_indices(|char: char| char.is_ascii_uppercase()).map(|(at, _)| at);
    let ends = starts.clone().skip(1).chain([path.len()]);
    for (start, end) in starts.zip(ends) {
        let numbers = path[start + 1..end].split(' ').filter(|it| !it.is_empty());
        let numbers: Vec<f64> = numbers.map(|it| it.parse().unwrap()).collect();
        let pairs = numbers.chunks_exact(2).map(|pair| Point { x: pair[0], y: pair[1] });
        let from = points.last().copied();
        let control: Vec<Point> = match &path[start..=start] {
            "M" => pairs.collect(),
            "L" | "Q" | "C" => from.into_iter().chain(pairs).collect(),
            "H" => from.into_iter().flat_map(|it| [it, Point { x: numbers[0], ..it }]).collect(),
            "V" => from.into_iter().flat_map(|it| [it, Point { y: numbers[0], ..it }]).collect(),
            "Z" => continue,
            other => panic!("{other} in {path}"),
        };
        points.extend((0..=STEPS).map(|step| along(&control, step as f64 / STEPS as f64)));
    }
    points
}

/// De Casteljau's algorithm: a point of a Bézier curve, and a line is one of two points.
pub(crate) fn along(control: &[Point], part: f64) -> Point {
    let between = |pair: &[Point]| Point {
        x: pair[0].x + part * (pair[1].x - pair[0].x),
        y: pair[0].y + part * (pair[1].y - pair[0].y),
    };
    match control {
        [point] => *point,
        _ => along(&control.windows(2).map(between).collect::<Vec<_>>(), part),
    }
}

impl Arrow {
    /// Where it meets a box, and where its way there begins or ends, for both of its ends.
    pub(crate) fn ends(&self) -> [[Point; 2]; 2] {
        // It leaves its row and enters the other one straight, and bends in between.
        let (first, last) = (3 * STEPS + 2, self.line.len() - 2 * (STEPS + 1));
        [[self.line[0], self.line[first]], [self.head[0], self.line[last]]]
    }
}

impl Place {
    /// By more than a pixel: what is rounded or drawn along an outline is not in it.
    pub(crate) fn has_inside(&self, point: Point) -> bool {
        let (x, y) = (point.x, point.y);
        x > self.left + 1.0 && x < self.right - 1.0 && y > self.top + 1.0 && y < self.bottom - 1.0
    }

    /// In it, or no further from it than this.
    pub(crate) fn is_near(&self, point: Point, distance: f64) -> bool {
        let x = (self.left - point.x).max(point.x - self.right);
        let y = (self.top - point.y).max(point.y - self.bottom);
        x < distance && y < distance
    }

    pub(crate) fn is_apart_from(&self, other: &Self) -> bool {
        let beside = self.right < other.left || other.right < self.left;
        beside || self.bottom < other.top || other.bottom < self.top
    }
}

impl Picture {
    /// Boxes and labels.
    pub(crate) fn places(&self) -> Vec<&Place> {
        let labels = self.arrows.iter().flat_map(|arrow| &arrow.labels);
        self.boxes.iter().chain(labels).collect()
    }

    /// What the arrows say: from where, to where, and what about it.
    pub(crate) fn told(&self) -> Vec<(String, String, Vec<String>)> {
        let at = |point| {
            let place = self.boxes.iter().find(|it| it.is_near(point, 1.0));
            place.map(|it| it.text.clone()).unwrap()
        };
        let arrows = self.arrows.iter().map(|arrow| {
            let labels = arrow.labels.iter().map(|label| label.text.clone()).collect();
            (at(arrow.line[0]), at(arrow.head[0]), labels)
        });
        let mut told: Vec<_> = arrows.collect();
        told.sort();
        told
    }
}
