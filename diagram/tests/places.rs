//! Where things stand in a picture, read back from it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![cfg(feature = "svg")]

use roxmltree::{Document, Node};

mod machines;

use machines::{Machine, Random, known};

#[derive(Clone, Copy, Debug)]
struct Point {
    x: f64,
    y: f64,
}

/// A box, or a line of a label.
#[derive(Debug)]
struct Place {
    text: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

struct Arrow {
    points: Vec<Point>,
    /// The tip, and the two other corners.
    head: [Point; 3],
    /// Those that follow it.
    labels: Vec<Place>,
}

struct Picture {
    frame: Place,
    boxes: Vec<Place>,
    arrows: Vec<Arrow>,
}

fn read(svg: &str) -> Picture {
    let document = Document::parse(svg).unwrap();
    let frame = frame(document.root_element());
    let mut picture = Picture { frame, boxes: Vec::new(), arrows: Vec::new() };
    for node in document.root_element().children().filter(Node::is_element) {
        match node.attribute("class") {
            Some("edge") => {
                let paths: Vec<_> = node.children().filter(Node::is_element).collect();
                let points = points(paths[0].attribute("d").unwrap());
                let outline = self::points(paths[1].attribute("d").unwrap());
                let head = [STEPS, 2 * STEPS + 1, 3 * STEPS + 2].map(|end| outline[end]);
                picture.arrows.push(Arrow { points, head, labels: Vec::new() });
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
fn width(text: &str) -> f64 {
    text.chars().map(|char| if char.is_ascii() { 7.2 } else { 14.4 }).sum()
}

/// How many steps are gone along each part of a path.
const STEPS: usize = 40;

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
fn along(control: &[Point], part: f64) -> Point {
    let between = |pair: &[Point]| Point {
        x: pair[0].x + part * (pair[1].x - pair[0].x),
        y: pair[0].y + part * (pair[1].y - pair[0].y),
    };
    match control {
        [point] => *point,
        _ => along(&control.windows(2).map(between).collect::<Vec<_>>(), part),
    }
}

impl Place {
    /// By more than a pixel: what is rounded or drawn along an outline is not in it.
    fn has_inside(&self, point: Point) -> bool {
        let (x, y) = (point.x, point.y);
        x > self.left + 1.0 && x < self.right - 1.0 && y > self.top + 1.0 && y < self.bottom - 1.0
    }

    /// In it, or no further from it than this.
    fn is_near(&self, point: Point, distance: f64) -> bool {
        let x = (self.left - point.x).max(point.x - self.right);
        let y = (self.top - point.y).max(point.y - self.bottom);
        x < distance && y < distance
    }

    fn is_apart_from(&self, other: &Self) -> bool {
        let beside = self.right < other.left || other.right < self.left;
        beside || self.bottom < other.top || other.bottom < self.top
    }
}

impl Picture {
    /// Boxes and labels.
    fn places(&self) -> Vec<&Place> {
        let labels = self.arrows.iter().flat_map(|arrow| &arrow.labels);
        self.boxes.iter().chain(labels).collect()
    }

    /// What the arrows say: from where, to where, and what about it.
    fn told(&self) -> Vec<(String, String, Vec<String>)> {
        let at = |point| {
            let place = self.boxes.iter().find(|it| it.is_near(point, 1.0));
            place.map(|it| it.text.clone()).unwrap()
        };
        let arrows = self.arrows.iter().map(|arrow| {
            let labels = arrow.labels.iter().map(|label| label.text.clone()).collect();
            (at(arrow.points[0]), at(arrow.head[0]), labels)
        });
        let mut told: Vec<_> = arrows.collect();
        told.sort();
        told
    }
}

fn machines() -> Vec<Machine> {
    let mut random = Random(7);
    known().into_iter().chain((0..40).map(|_| random.machine())).collect()
}

#[test]
fn boxes_and_labels_stand_apart() {
    for machine in machines() {
        let svg = machine.diagram().to_svg();
        let picture = read(&svg);
        let places = picture.places();
        for (index, a) in places.iter().enumerate() {
            for b in &places[index + 1..] {
                assert!(a.is_apart_from(b), "{a:?} meets {b:?} in\n{svg}");
            }
        }
    }
}

/// Nor through its own: it stops before the label and goes on behind.
#[test]
fn no_arrow_goes_through_a_label_or_a_box() {
    for machine in machines() {
        let svg = machine.diagram().to_svg();
        let picture = read(&svg);
        let places = picture.places();
        for arrow in &picture.arrows {
            for place in &places {
                let inside = arrow.points.iter().find(|&&point| place.has_inside(point));
                assert!(inside.is_none(), "{inside:?} is in {place:?} in\n{svg}");
            }
        }
    }
}

#[test]
fn every_arrow_joins_its_boxes_and_has_its_labels_beside_it() {
    for machine in machines() {
        let svg = machine.diagram().to_svg();
        let picture = read(&svg);
        let mut expected: Vec<(String, String, Vec<String>)> =
            vec![("start".to_owned(), machine.states[0].clone(), Vec::new())];
        for (from, label, to) in &machine.edges {
            let (from, to) = (&machine.states[*from], &machine.states[*to]);
            match expected.iter_mut().find(|it| (&it.0, &it.1) == (from, to)) {
                Some(arrow) => arrow.2.push(label.clone()),
                None => expected.push((from.clone(), to.clone(), vec![label.clone()])),
            }
        }
        expected.sort();
        assert_eq!(picture.told(), expected, "in\n{svg}");
        for arrow in &picture.arrows {
            let mut points = arrow.points.iter();
            let beside = arrow.labels.is_empty()
                || points.any(|&point| arrow.labels.iter().any(|label| label.is_near(point, 8.0)));
            assert!(beside, "the arrow is not at {:?} in\n{svg}", arrow.labels);
        }
    }
}

#[test]
fn everything_is_in_the_frame_and_a_name_in_its_box() {
    for machine in machines() {
        let svg = machine.diagram().to_svg();
        let picture = read(&svg);
        for place in picture.places() {
            let corners = [(place.left, place.top), (place.right, place.bottom)];
            let inside = corners.iter().all(|&(x, y)| picture.frame.has_inside(Point { x, y }));
            assert!(inside, "{place:?} is cut off in\n{svg}");
        }
        for arrow in &picture.arrows {
            let inside = arrow.points.iter().all(|&point| picture.frame.has_inside(point));
            assert!(inside, "an arrow is cut off in\n{svg}");
        }
        for place in picture.boxes.iter().filter(|place| place.text != "start") {
            assert!(width(&place.text) + 12.0 < place.right - place.left, "{place:?}");
        }
    }
}

#[test]
fn every_head_sits_on_the_end_of_its_line() {
    for machine in machines() {
        let svg = machine.diagram().to_svg();
        for Arrow { points, head: [tip, left, right], .. } in read(&svg).arrows {
            let end = points.last().unwrap();
            let neck = along(&[left, right], 0.5);
            let apart = (neck.x - end.x).abs().max((neck.y - end.y).abs());
            let long = (neck.x - tip.x).abs().max((neck.y - tip.y).abs());
            assert!(apart < 0.2 && long > 5.0, "{end:?} {tip:?} {left:?} {right:?} in\n{svg}");
        }
    }
}
