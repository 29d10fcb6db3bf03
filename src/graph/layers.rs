//! Where the nodes of a picture lie: a column for each wave, few crossings, neighbours near each other.
//!
//! After Sugiyama, Tagawa and Toda (1981): an edge over several waves passes through a passage in each between, each
//! column is ordered by the mean place of its neighbours, some times forth and back. Edges to the same node share their
//! passages, so that many of them are one line that branches. Equals keep their order: the same graph is always the
//! same picture.

use std::collections::{BTreeMap, BTreeSet};

use super::Drawing;

/// How often the columns are gone through, for their order and for their places.
const SWEEPS: usize = 6;

/// Where one node, or the passage of an edge, lies.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Place {
    /// Its column, from 0.
    pub column: usize,
    /// Its upper edge.
    pub top: f64,
    height: f64,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Plane {
    /// The nodes in their order, then the passages.
    pub places: Vec<Place>,
    /// For each edge, the places it goes through: from what needs to what is needed.
    pub ways: Vec<Vec<usize>>,
    pub columns: usize,
    pub height: f64,
}

/// Lays out a drawing.
pub(super) fn plane(drawing: &Drawing, passage: f64, node: f64, gap: f64) -> Plane {
    let mut places: Vec<Place> =
        drawing.nodes.iter().map(|n| Place { column: n.wave, top: 0.0, height: node }).collect();
    let columns = places.iter().map(|p| p.column + 1).max().unwrap_or(0);
    let mut ways = Vec::with_capacity(drawing.edges.len());
    let mut passages: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for edge in &drawing.edges {
        let wave = |at: usize| drawing.nodes.get(at).map_or(0, |n| n.wave);
        let mut way = vec![edge.from];
        for column in (wave(edge.to) + 1..wave(edge.from)).rev() {
            way.push(*passages.entry((edge.to, column)).or_insert_with(|| {
                places.push(Place { column, top: 0.0, height: passage });
                places.len() - 1
            }));
        }
        way.push(edge.to);
        ways.push(way);
    }
    let mut layers = Layers::of(&places, &ways, columns);
    layers.order();
    layers.place(&mut places, drawing.nodes.len(), gap);
    close_up(&mut places, gap);
    let height = places.iter().map(|p| p.top + p.height).fold(0.0, f64::max);
    Plane { places, ways, columns, height }
}

/// Takes out the bands in which no column has anything, and moves all to the upper edge.
fn close_up(places: &mut [Place], gap: f64) {
    let mut order: Vec<usize> = (0..places.len()).collect();
    let top = |at: &usize| places.get(*at).map_or(0.0, |p| p.top);
    order.sort_by(|a, b| top(a).total_cmp(&top(b)));
    let mut shift = order.first().map_or(0.0, |first| -top(first));
    let mut filled = f64::NEG_INFINITY;
    for at in order {
        let Some(place) = places.get_mut(at) else { continue };
        let empty = place.top + shift - filled;
        if filled.is_finite() && empty > 2.0 * gap {
            shift -= empty - 2.0 * gap;
        }
        place.top += shift;
        filled = filled.max(place.top + place.height);
    }
}

struct Layers {
    /// The places of each column, in their order from the top.
    columns: Vec<Vec<usize>>,
    /// What each place is joined with one column to the left, and one to the right.
    left: Vec<Vec<usize>>,
    right: Vec<Vec<usize>>,
}

impl Layers {
    fn of(places: &[Place], ways: &[Vec<usize>], count: usize) -> Self {
        let mut layers = Self {
            columns: vec![Vec::new(); count],
            left: vec![Vec::new(); places.len()],
            right: vec![Vec::new(); places.len()],
        };
        for (at, place) in places.iter().enumerate() {
            if let Some(column) = layers.columns.get_mut(place.column) {
                column.push(at);
            }
        }
        // What several edges share pulls as one.
        let steps: BTreeSet<(&usize, &usize)> =
            ways.iter().flat_map(|way| way.iter().zip(way.iter().skip(1))).collect();
        for (a, b) in steps {
            let column = |at: &usize| places.get(*at).map(|p| p.column);
            // Nodes of a cycle lie in one column: they pull nothing.
            if column(a) > column(b) {
                layers.left.get_mut(*a).into_iter().for_each(|l| l.push(*b));
                layers.right.get_mut(*b).into_iter().for_each(|r| r.push(*a));
            }
        }
        layers
    }

    /// Orders each column by the mean position of what it is joined with, to the left, then to the right.
    fn order(&mut self) {
        let mut position = vec![0.0; self.left.len()];
        let count = self.columns.len();
        for column in &self.columns {
            number(column, &mut position);
        }
        for sweep in 0..SWEEPS {
            let forth = sweep % 2 == 0;
            for step in 0..count {
                let at = if forth { step } else { count - 1 - step };
                let joined = if forth { &self.left } else { &self.right };
                let Some(column) = self.columns.get_mut(at) else { continue };
                let mut keyed: Vec<(f64, usize)> =
                    column.iter().map(|p| (mean(joined.get(*p), &position, *p), *p)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                *column = keyed.into_iter().map(|(_, p)| p).collect();
                number(column, &mut position);
            }
        }
    }

    /// Gives each place its height, near to what it is joined with.
    fn place(&self, places: &mut [Place], nodes: usize, gap: f64) {
        // Passages lie nearer to each other than nodes do: half of the gap is on either side.
        let room = |(at, p): (usize, &Place)| p.height + if at < nodes { gap } else { gap / 3.0 };
        let rooms: Vec<f64> = places.iter().enumerate().map(room).collect();
        let room = |at: usize| rooms.get(at).copied().unwrap_or_default();
        // Middles: they are what should lie in a line.
        let mut middle = vec![0.0; places.len()];
        for column in &self.columns {
            let wish: Vec<f64> = vec![0.0; column.len()];
            settle(column, &wish, &mut middle, &room);
        }
        for sweep in 0..SWEEPS {
            let joined = if sweep % 2 == 0 { &self.left } else { &self.right };
            for column in &self.columns {
                let wish: Vec<f64> = column.iter().map(|p| mean(joined.get(*p), &middle, *p)).collect();
                settle(column, &wish, &mut middle, &room);
            }
        }
        for (at, place) in places.iter_mut().enumerate() {
            place.top = middle.get(at).copied().unwrap_or_default() - place.height / 2.0;
        }
    }
}

/// Numbers a column from the top.
fn number(column: &[usize], position: &mut [f64]) {
    let mut next = 0.0;
    for at in column {
        if let Some(slot) = position.get_mut(*at) {
            *slot = next;
        }
        next += 1.0;
    }
}

/// The mean of what a place is joined with; where it stands now if that is nothing.
fn mean(joined: Option<&Vec<usize>>, values: &[f64], at: usize) -> f64 {
    let own = values.get(at).copied().unwrap_or_default();
    let Some(joined) = joined.filter(|joined| !joined.is_empty()) else { return own };
    let mut sum = 0.0;
    let mut count = 0.0;
    for value in joined.iter().filter_map(|j| values.get(*j)) {
        sum += value;
        count += 1.0;
    }
    if count > 0.0 { sum / count } else { own }
}

/// Puts a column where it wishes to be, as far as its order and the room that each needs allow; what is pushed down by that is evened
/// out over the column.
fn settle(column: &[usize], wish: &[f64], middle: &mut [f64], room: &dyn Fn(usize) -> f64) {
    let mut placed: Vec<f64> = Vec::with_capacity(column.len());
    let mut floor = f64::NEG_INFINITY;
    for (at, wish) in column.iter().zip(wish) {
        let half = room(*at) / 2.0;
        let y = wish.max(floor + half);
        placed.push(y);
        floor = y + half;
    }
    let mut pushed = 0.0;
    let mut count = 0.0;
    for (y, wish) in placed.iter().zip(wish) {
        pushed += y - wish;
        count += 1.0;
    }
    let shift = if count > 0.0 { pushed / count } else { 0.0 };
    for (at, y) in column.iter().zip(placed) {
        if let Some(slot) = middle.get_mut(*at) {
            *slot = y - shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Edge, Node};

    fn drawing(waves: &[usize], edges: &[(usize, usize)]) -> Drawing {
        let node = |(at, wave): (usize, &usize)| Node { name: at.to_string(), kind: String::new(), wave: *wave };
        let edge = |(from, to): &(usize, usize)| Edge { from: *from, to: *to, labels: Vec::new() };
        Drawing { nodes: waves.iter().enumerate().map(node).collect(), edges: edges.iter().map(edge).collect() }
    }

    #[test]
    fn nothing_lies_on_anything_else() {
        // Wide, deep, crossed, with edges over several waves and a cycle of two.
        let waves: Vec<usize> = (0..60).map(|n| n % 7).collect();
        let mut edges: Vec<(usize, usize)> =
            (0..60).flat_map(|n| [(n, (n * 13 + 5) % 60), (n, (n * 7 + 1) % 60)]).collect();
        edges.retain(|(a, b)| a % 7 > b % 7);
        edges.extend([(0, 7), (7, 0)]);
        let plane = plane(&drawing(&waves, &edges), 10.0, 40.0, 8.0);
        for (at, a) in plane.places.iter().enumerate() {
            for b in plane.places.iter().skip(at + 1).filter(|b| b.column == a.column) {
                assert!(a.top + a.height + 2.6 <= b.top || b.top + b.height + 2.6 <= a.top, "{a:?} {b:?}");
            }
            assert!(a.top >= 0.0 && a.top + a.height <= plane.height + 0.1, "{a:?}");
        }
        for way in &plane.ways {
            let columns: Vec<usize> = way.iter().filter_map(|at| Some(plane.places.get(*at)?.column)).collect();
            let steps = columns.iter().zip(columns.iter().skip(1));
            assert!(steps.clone().all(|(a, b)| *a == b + 1) || columns.len() == 2, "{columns:?}");
        }
    }

    #[test]
    fn a_crossing_that_need_not_be_is_none() {
        let plane = plane(&drawing(&[0, 0, 1, 1], &[(2, 1), (3, 0)]), 10.0, 40.0, 8.0);
        let top = |at: usize| plane.places.get(at).map_or(0.0, |p| p.top);
        assert_eq!(top(0) < top(1), top(3) < top(2));
        assert!((top(0) - top(3)).abs() < 1.0 && (top(1) - top(2)).abs() < 1.0, "{:?}", plane.places);
    }

    #[test]
    fn nothing_is_a_picture_too() {
        let plane = plane(&drawing(&[], &[]), 10.0, 40.0, 8.0);
        assert_eq!((plane.columns, plane.places.len()), (0, 0));
    }
}
