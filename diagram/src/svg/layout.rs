//! Where things stand. The only place that knows the layout library.

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{Acyclicer, EdgeLabel, LayoutOptions, NodeLabel};

/// Above so many arrows cycles are cut where that leaves few long arrows, not where reading from
/// the first state would cut them: what a layout costs grows with the length of its arrows.
const MANY_ARROWS: usize = 60;

/// Every arrow has a name: cutting a cycle turns one around, beside one that may be there already.
const NAME: Option<&str> = Some("");

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// An arrow that wants a place: the boxes that it joins, by index, and the size of its label.
pub(super) struct Wanted {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Size,
}

/// Where everything stands, in the order in which it was given, in rows of one middle line each.
pub(super) struct Layout {
    pub(super) boxes: Vec<Placed>,
    pub(super) routes: Vec<Route>,
}

/// A box or a label that has its place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Placed {
    pub(super) middle: Point,
    pub(super) size: Size,
}

/// The boxes that an arrow joins, its label, and where it crosses the rows between them.
pub(super) struct Route {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) label: Placed,
    pub(super) points: Vec<Point>,
}

/// Finds a place for boxes and arrows. There is at most one arrow from one box to another.
pub(super) fn layout(boxes: &[Size], arrows: &[Wanted]) -> Layout {
    let options = GraphOptions { directed: true, multigraph: true, compound: false };
    let mut graph = Graph::with_options(options);
    for (index, &Size { width, height }) in boxes.iter().enumerate() {
        let node = NodeLabel { width, height, ..NodeLabel::default() };
        graph.set_node(index.to_string(), Some(node));
    }
    for Wanted { from, to, label } in arrows {
        let Size { width, height } = *label;
        let edge = EdgeLabel { width, height, labelpos: LabelPos::Center, ..EdgeLabel::default() };
        graph.set_edge(from.to_string(), to.to_string(), Some(edge), NAME);
    }
    dagre::layout(
        &mut graph,
        Some(LayoutOptions {
            nodesep: 36.0,
            edgesep: 18.0,
            // Half of it between two rows: labels have rows of their own.
            ranksep: 44.0,
            acyclicer: (arrows.len() > MANY_ARROWS).then_some(Acyclicer::Greedy),
            ..LayoutOptions::default()
        }),
    );
    let placed = boxes.iter().enumerate().map(|(index, &size)| {
        let node = graph.node(&index.to_string());
        Placed { middle: node.map_or_else(Point::default, |it| point(it.x, it.y)), size }
    });
    let routes = arrows.iter().map(|arrow| route(&graph, arrow));
    Layout { boxes: placed.collect(), routes: routes.collect() }
}

fn route(graph: &Graph<NodeLabel, EdgeLabel>, arrow: &Wanted) -> Route {
    let &Wanted { from, to, label: size } = arrow;
    let mut route = Route { from, to, label: Placed::default(), points: Vec::new() };
    if let Some(edge) = graph.edge(&from.to_string(), &to.to_string(), NAME) {
        route.label = Placed { middle: point(edge.x, edge.y), size };
        // The first point and the last lie on the boxes.
        if let [_, between @ .., _] = edge.points.as_slice() {
            route.points = between.iter().map(|at| Point { x: at.x, y: at.y }).collect();
        }
    }
    route
}

fn point(x: Option<f64>, y: Option<f64>) -> Point {
    Point { x: x.unwrap_or_default(), y: y.unwrap_or_default() }
}

impl Layout {
    /// Half of the height of the row that has its middle here.
    pub(super) fn half_height(&self, y: f64) -> f64 {
        let labels = self.routes.iter().map(|route| &route.label);
        let row = self.boxes.iter().chain(labels).filter(|it| same(it.middle.y, y));
        row.map(|it| it.size.height / 2.0).fold(0.0, f64::max)
    }
}

impl Placed {
    pub(super) fn left(&self) -> f64 {
        self.middle.x - self.size.width / 2.0
    }

    pub(super) fn right(&self) -> f64 {
        self.middle.x + self.size.width / 2.0
    }

    pub(super) fn top(&self) -> f64 {
        self.middle.y - self.size.height / 2.0
    }

    pub(super) fn bottom(&self) -> f64 {
        self.middle.y + self.size.height / 2.0
    }

    pub(super) fn is_at(&self, point: Point) -> bool {
        same(self.middle.x, point.x) && same(self.middle.y, point.y)
    }
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.5
}
