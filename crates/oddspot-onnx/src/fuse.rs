//! From the terms' errors to maps and a score.

use oddspot::maps::{LEVEL_PARTS, LEVEL_REACH, Moments};
use oddspot::terms::{Fusing, Kind, Side};
use oddspot::verdict::TermStatistics;

use crate::graph::{Graph, Value};
use crate::matrix::Matrix;
use crate::ops::SPACE;
use crate::region::Region;
use crate::terms::Errors;

/// Above all values of a map.
const BEYOND: f32 = 1e30;

/// A term's part of the map, `[batch, 1, height, width]`.
pub struct Part {
    /// Which term.
    pub kind: &'static Kind,
    /// Its map.
    pub map: Value,
}

/// How a term is fused.
pub struct How<'a> {
    /// How it goes into the sum.
    pub fusing: Fusing,
    /// What is usual of it.
    pub statistics: &'a TermStatistics,
    /// The image's rows and columns.
    pub size: [usize; 2],
    /// What is inspected, if not all.
    pub region: Option<&'a Region>,
}

/// `w/u (e − μ)/σ`, less what is usual of the image's level, not below its floor, smoothed.
pub fn part(graph: &mut Graph, errors: &Errors, how: &How) -> Value {
    let Moments { mean, std } = how.statistics.moments;
    let weight = how.fusing.weight / how.statistics.unit.unwrap_or(1.0);
    let factor = weight / std;
    let smoothing = how.smoothing();
    let is_linear = how.fusing.least == f64::NEG_INFINITY;
    if is_linear && errors.evidence.is_none() && how.region.is_none() {
        // Resized and smoothed at once: a small map is multiplied once from each side.
        let [down, across] = &smoothing;
        let matrices = |[rows, columns]: &[Matrix; 2]| {
            let rows = rows.scaled(factor);
            [
                after(down.as_ref(), rows),
                after(across.as_ref(), columns.clone()),
            ]
        };
        let map = products(graph, errors, matrices);
        let map = graph.plus(&map, -factor * mean);
        let Some(usual) = &how.statistics.image_level else {
            return map;
        };
        let parts = how.size.map(|side| Matrix::parts(side, LEVEL_PARTS));
        let means = products(graph, errors, |[rows, columns]| {
            [parts[0].after(rows), parts[1].after(columns)]
        });
        let level = graph.reduce("ReduceMin", &means, &SPACE);
        let usual = usual_difference(graph, &level, usual);
        let usual = graph.times(&usual, factor);
        return graph.sub(&map, &usual);
    }
    let mut error = products(graph, errors, Clone::clone);
    let [height, width] = how.size;
    if let Some(evidence) = &errors.evidence {
        let evidence = graph.floats("evidence", &[1, 1, height, width], evidence);
        error = graph.mul(&error, &evidence);
    }
    let mut map = graph.times(&error, factor);
    map = graph.plus(&map, -factor * mean);
    if let Some(usual) = &how.statistics.image_level {
        let level = level(graph, &error, how);
        let usual = usual_difference(graph, &level, usual);
        let usual = graph.times(&usual, factor);
        map = graph.sub(&map, &usual);
    }
    if how.fusing.least > f64::NEG_INFINITY {
        let least = graph.scalar((weight * how.fusing.least) as f32);
        map = graph.max(&map, &least);
    }
    if let Some(counts) = counting(graph, errors, how) {
        let zero = graph.scalar(0.0);
        map = graph.choose(&counts, &map, &zero);
    }
    match &smoothing {
        [Some(down), Some(across)] => graph.both(down, &map, across),
        _ => map,
    }
}

/// Which pixels count: those with evidence, and inspected; None if all.
fn counting(graph: &mut Graph, errors: &Errors, how: &How) -> Option<Value> {
    let is_known = |at: usize| {
        let evidence = errors.evidence.as_ref();
        evidence.is_none_or(|evidence| evidence[at] > 0.0)
    };
    let [height, width] = how.size;
    match (how.region, &errors.evidence) {
        (Some(region), _) => Some(region.flags_and(graph, is_known)),
        (None, Some(evidence)) => {
            let flags: Vec<bool> = (0..evidence.len()).map(is_known).collect();
            Some(graph.flags("known", &[1, 1, height, width], &flags))
        }
        (None, None) => None,
    }
}

impl How<'_> {
    /// What smooths rows and columns; nothing where nothing does.
    fn smoothing(&self) -> [Option<Matrix>; 2] {
        self.size.map(|side| {
            let sigma = self.fusing.smoothing * side as f64 / 256.0;
            (sigma > 0.0).then(|| Matrix::smoothing(side, sigma))
        })
    }
}

fn after(then: Option<&Matrix>, first: Matrix) -> Matrix {
    match then {
        Some(then) => then.after(&first),
        None => first,
    }
}

/// The sum of a term's maps, each multiplied from both sides.
fn products(
    graph: &mut Graph,
    errors: &Errors,
    matrices: impl Fn(&[Matrix; 2]) -> [Matrix; 2],
) -> Value {
    let products: Vec<Value> = (errors.maps.iter())
        .map(|(map, to_pixels)| {
            let [rows, columns] = matrices(to_pixels);
            graph.both(&rows, map, &columns)
        })
        .collect();
    // Of no map at all, which no model has, it is the number 0.
    graph.sum(products).unwrap_or_else(|| graph.scalar(0.0))
}

/// The least mean over parts of the image, of what of them is inspected, `[batch, 1, 1, 1]`.
fn level(graph: &mut Graph, error: &Value, how: &How) -> Value {
    let parts = how.size.map(|side| Matrix::parts(side, LEVEL_PARTS));
    let Some(region) = how.region else {
        let means = graph.both(&parts[0], error, &parts[1]);
        return graph.reduce("ReduceMin", &means, &SPACE);
    };
    let [height, width] = how.size;
    let each = (height / LEVEL_PARTS) * (width / LEVEL_PARTS);
    let mut counts = [0usize; LEVEL_PARTS * LEVEL_PARTS];
    for (at, _) in region
        .inspected()
        .iter()
        .enumerate()
        .filter(|(_, inspected)| **inspected)
    {
        let (row, column) = (
            at / width * LEVEL_PARTS / height,
            at % width * LEVEL_PARTS / width,
        );
        counts[row * LEVEL_PARTS + column] += 1;
    }
    let flags = region.flags(graph);
    let zero = graph.scalar(0.0);
    let inspected = graph.choose(&flags, error, &zero);
    let means = graph.both(&parts[0], &inspected, &parts[1]);
    let qualifies = |count: usize| 2 * count >= each;
    let share = |count: usize| each as f32 / count.max(1) as f32;
    if !counts.into_iter().any(qualifies) {
        let all: usize = counts.iter().sum();
        let sum = graph.reduce_sum(&means, &SPACE);
        return graph.times(&sum, f64::from(share(all)));
    }
    let shape = [1, 1, LEVEL_PARTS, LEVEL_PARTS];
    let shares = graph.floats("shares", &shape, &counts.map(share));
    let means = graph.mul(&means, &shares);
    let flags = graph.flags("parts", &shape, &counts.map(qualifies));
    let beyond = graph.scalar(BEYOND);
    let means = graph.choose(&flags, &means, &beyond);
    graph.reduce("ReduceMin", &means, &SPACE)
}

/// What of an image's level is as good images differ.
fn usual_difference(graph: &mut Graph, level: &Value, usual: &Moments) -> Value {
    let difference = graph.plus(level, -usual.mean);
    let far = graph.times(&difference, 1.0 / (usual.std * LEVEL_REACH));
    let far = graph.mul(&far, &far);
    let one = graph.scalar(1.0);
    let near = graph.sub(&one, &far);
    let near = graph.of("Relu", &near);
    let near = graph.mul(&near, &near);
    graph.mul(&difference, &near)
}

/// Names the outputs: the score, the map, those of the sides, and each term's. Their names, maps in order.
pub fn outputs(
    graph: &mut Graph,
    parts: &[Part],
    size: [usize; 2],
    region: Option<&Region>,
) -> Vec<&'static str> {
    graph.enter("fuse");
    let sum = |graph: &mut Graph, parts: &[&Value]| {
        let parts: Vec<Value> = parts.iter().map(|&part| part.clone()).collect();
        graph.sum(parts).unwrap_or_else(|| Value::named("none"))
    };
    let maps: Vec<&Value> = parts.iter().map(|part| &part.map).collect();
    let mut total = sum(graph, &maps);
    let mut judged = total.clone();
    let mut grounded: Vec<Value> = maps.into_iter().cloned().collect();
    if let Some(region) = region {
        let flags = region.flags(graph);
        let beyond = graph.scalar(-BEYOND);
        judged = graph.choose(&flags, &total, &beyond);
        grounded = grounded
            .iter()
            .map(|map| ground(graph, &flags, map))
            .collect();
        total = sum(graph, &grounded.iter().collect::<Vec<_>>());
    }
    let score = graph.reduce("ReduceMax", &judged, &SPACE);
    let score = graph.reshape(&score, &[-1]);
    graph.output("score", &score);
    let mut names = vec!["map"];
    let output = |graph: &mut Graph, name: &str, map: &Value| {
        let [height, width] = size.map(|side| side as i64);
        let map = graph.reshape(map, &[-1, height, width]);
        graph.output(name, &map);
    };
    output(graph, "map", &total);
    for says in Says::ALL {
        let of_these = parts.iter().zip(&grounded);
        let of_these: Vec<&Value> = of_these
            .filter(|(part, _)| Says::of(part.kind) == says)
            .map(|(_, map)| map)
            .collect();
        if !of_these.is_empty() {
            let map = sum(graph, &of_these);
            output(graph, says.name(), &map);
            names.push(says.name());
        }
    }
    for (part, map) in parts.iter().zip(&grounded) {
        output(graph, part.kind.name, map);
        names.push(part.kind.name);
    }
    names
}

/// What a term says of a place, as far as its map alone tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It looks wrong.
    LooksWrong,
    /// It is in the wrong place.
    WrongPlace,
    /// It is unusual there. Which of both that is the library decides at the peak, by what good images show elsewhere.
    UnusualHere,
}

impl Says {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::LooksWrong, Self::WrongPlace, Self::UnusualHere];

    /// Of a term.
    pub fn of(kind: &Kind) -> Self {
        match (kind.closed_form, kind.side) {
            (true, _) => Self::UnusualHere,
            (false, Side::LooksWrong) => Self::LooksWrong,
            (false, Side::WrongPlace) => Self::WrongPlace,
        }
    }

    /// The name of the map of the terms that say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LooksWrong => "looks_wrong",
            Self::WrongPlace => "wrong_place",
            Self::UnusualHere => "unusual_here",
        }
    }
}

/// A map with its least inspected value where nothing is inspected.
fn ground(graph: &mut Graph, flags: &Value, map: &Value) -> Value {
    let beyond = graph.scalar(BEYOND);
    let inspected = graph.choose(flags, map, &beyond);
    let least = graph.reduce("ReduceMin", &inspected, &SPACE);
    graph.choose(flags, map, &least)
}
