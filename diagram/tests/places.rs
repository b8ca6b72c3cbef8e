//! Where things stand in a picture.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![cfg(feature = "svg")]

mod machines;
mod picture;

use machines::{Machine, Random, known};
use picture::{Arrow, Point, STEPS, along, read, width};

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
                let inside = arrow.line.iter().find(|&&point| place.has_inside(point));
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
            let mut line = arrow.line.iter();
            let beside = arrow.labels.is_empty()
                || line.any(|&point| arrow.labels.iter().any(|label| label.is_near(point, 8.0)));
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
            let inside = arrow.line.iter().all(|&point| picture.frame.has_inside(point));
            assert!(inside, "an arrow is cut off in\n{svg}");
        }
        for place in picture.boxes.iter().filter(|place| place.text != "start") {
            assert!(width(&place.text) + 12.0 < place.right - place.left, "{place:?}");
        }
    }
}

#[test]
fn every_arrow_leaves_upright_and_has_its_head_at_its_end() {
    for machine in machines() {
        let svg = machine.diagram().to_svg();
        for Arrow { line, head: [tip, left, right], .. } in read(&svg).arrows {
            let end = line.last().unwrap();
            let neck = along(&[left, right], 0.5);
            let apart = (neck.x - end.x).abs().max((neck.y - end.y).abs());
            let long = (neck.x - tip.x).abs().max((neck.y - tip.y).abs());
            assert!(apart < 0.2 && long > 5.0, "{end:?} {tip:?} {left:?} {right:?} in\n{svg}");
            // Those that return leave to the right.
            let (start, next) = (line[2 * STEPS + 2], line[2 * STEPS + 3]);
            let upright = (next.x - start.x).abs() < 10.0 * (next.y - start.y).abs();
            assert_eq!(upright, neck.y != tip.y, "{start:?} {next:?} in\n{svg}");
        }
    }
}

/// Neither two in one place nor crossed right there.
#[test]
fn arrows_meet_a_side_of_a_box_in_the_order_in_which_they_come_in() {
    for machine in machines() {
        let svg = machine.diagram().to_svg();
        let picture = read(&svg);
        for place in &picture.boxes {
            for side in [place.top, place.bottom] {
                let arrows = picture.arrows.iter().flat_map(Arrow::ends);
                let at_side =
                    |it: &[Point; 2]| (it[0].y - side).abs() < 0.2 && place.is_near(it[0], 0.2);
                let mut ends: Vec<[Point; 2]> = arrows.filter(at_side).collect();
                ends.sort_by(|a, b| a[0].x.total_cmp(&b[0].x));
                for pair in ends.windows(2) {
                    let apart = pair[0][0].x + 1.0 < pair[1][0].x;
                    let in_order = pair[0][1].x <= pair[1][1].x;
                    assert!(apart && in_order, "{pair:?} at {place:?} in\n{svg}");
                }
            }
        }
    }
}
