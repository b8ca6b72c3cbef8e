//! The way of an arrow: from box to box, through the gaps between the rows.
//!
//! An arrow crosses a row upright and turns only between two rows, where nothing stands; so it
//! meets no box and no label on its way. Where it meets its own label it stops and goes on behind.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::layout::{Layout, Placed, Point, Route};
use super::shape::HEAD;

/// The arrow of a box to itself: half of how far apart its lines are, how far they are rounded where
/// it turns, and how far from its label that is.
const LOOP_HALF: f64 = 6.0;
const LOOP_TURN: f64 = 8.0;
const LOOP_GAP: f64 = 6.0;

/// One end of an arrow at a side of a box: where it comes from on the way along the row, which arrow
/// it is, and whether it leaves there.
type Attached = (f64, usize, bool);

/// Where each arrow leaves and where it arrives, in the order of the arrows: spread along the upper
/// or lower side of a box, in the order in which the arrows come in.
pub(super) fn ends(layout: &Layout) -> Vec<(Point, Point)> {
    let mut ends: Vec<_> = layout.routes.iter().map(|_| <(Point, Point)>::default()).collect();
    for ((end, below), mut side) in sides(layout) {
        let Some(place) = layout.boxes.get(end) else {
            continue;
        };
        side.sort_by(|a, b| a.0.total_cmp(&b.0));
        let parts = side.iter().fold(1.0, |parts, _| parts + 1.0);
        let mut at = Point { x: place.left(), y: if below { place.bottom() } else { place.top() } };
        for (_, index, leaves) in side {
            at.x += place.size.width / parts;
            if let Some((start, tip)) = ends.get_mut(index) {
                *(if leaves { start } else { tip }) = at;
            }
        }
    }
    ends
}

/// What is attached to each box above (`false`) and below (`true`).
fn sides(layout: &Layout) -> BTreeMap<(usize, bool), Vec<Attached>> {
    let mut sides: BTreeMap<_, Vec<Attached>> = BTreeMap::new();
    let routes = layout.routes.iter().enumerate();
    for (index, route) in routes.filter(|(_, route)| route.from != route.to) {
        let (first, last) = (route.points.first(), route.points.last());
        for (end, next, leaves) in [(route.from, first, true), (route.to, last, false)] {
            if let (Some(place), Some(next)) = (layout.boxes.get(end), next) {
                let below = next.y > place.middle.y;
                sides.entry((end, below)).or_default().push((next.x, index, leaves));
            }
        }
    }
    sides
}

/// The line of an arrow between two boxes, as the data of an SVG path, and its tip's direction: 1
/// is down, -1 up.
pub(super) fn line(layout: &Layout, route: &Route, (start, tip): (Point, Point)) -> (String, f64) {
    let down = if tip.y > start.y { 1.0 } else { -1.0 };
    let mut x = start.x;
    let mut y = start.y + down * beyond(layout, route.from);
    let mut path = format!("M{x:.1} {:.1}V{y:.1}", start.y);
    // Writing to a `String` cannot fail.
    for point in &route.points {
        let half = layout.half_height(point.y);
        let (near, far) = (point.y - down * half, point.y + down * half);
        bend(&mut path, (x, y), (point.x, near));
        if route.label.is_at(*point) {
            let half = route.label.size.height / 2.0;
            let (near, far) = (point.y - down * half, point.y + down * half);
            let _ = write!(path, "V{near:.1}M{:.1} {far:.1}", point.x);
        }
        let _ = write!(path, "V{far:.1}");
        (x, y) = (point.x, far);
    }
    let last = tip.y - down * beyond(layout, route.to).max(HEAD.0);
    bend(&mut path, (x, y), (tip.x, last));
    let _ = write!(path, "V{:.1}", tip.y - down * HEAD.0);
    (path, down)
}

/// How far the row of a box reaches beyond the box: what stands beside it may be higher.
fn beyond(layout: &Layout, index: usize) -> f64 {
    let place = layout.boxes.get(index);
    place.map_or(0.0, |place| layout.half_height(place.middle.y) - place.size.height / 2.0)
}

/// Upright at both ends.
fn bend(path: &mut String, (from_x, from_y): (f64, f64), (to_x, to_y): (f64, f64)) {
    let half = f64::midpoint(from_y, to_y);
    let _ = write!(path, "C{from_x:.1} {half:.1} {to_x:.1} {half:.1} {to_x:.1} {to_y:.1}");
}

/// The line of an arrow from a box to itself, out to its label, which stands to the right, and
/// back; and where its tip is.
pub(super) fn loop_line(place: &Placed, label: &Placed) -> (String, Point) {
    let (x, y) = (place.right(), place.middle.y);
    let out = label.left() - LOOP_GAP;
    let (turn, over, under) = (out - LOOP_TURN, y - LOOP_HALF, y + LOOP_HALF);
    let path = format!(
        "M{x:.1} {over:.1}H{turn:.1}Q{out:.1} {over:.1} {out:.1} {y:.1}\
         Q{out:.1} {under:.1} {turn:.1} {under:.1}H{:.1}",
        x + HEAD.0
    );
    (path, Point { x, y: under })
}
