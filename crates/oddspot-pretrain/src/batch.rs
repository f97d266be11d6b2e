//! A batch: scenes, two views of each, and the points to compare in them.

use oddspot::seed;
use oddspot_conv::Shape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::config::Recipe;
use crate::formula::Pool;
use crate::points::{Point, around};
use crate::scene::{SIDE, Scene, defect};
use crate::view::{Placements, look};

/// Share of the scenes that get defects in their second view.
const DAMAGED: f64 = 0.6;
/// Share of the pixels around a place that make it changed when they are.
const CHANGED_SHARE: f32 = 0.25;

/// What a step learns from.
pub struct Batch {
    /// Normalised views `[2·scenes, side, side, 3]`: all first ones, then all second ones.
    pub views: Vec<f32>,
    /// Points of each level, those without a planted defect first.
    pub points: [Vec<Point>; 3],
}

impl Batch {
    /// The batch of a step, of maps of the given shapes.
    pub fn new(recipe: &Recipe, pool: &Pool, step: usize, levels: [Shape; 3]) -> Self {
        let drawn: Vec<([Vec<f32>; 2], [Vec<Point>; 3])> = (0..recipe.scenes)
            .into_par_iter()
            .map(|scene| {
                let rng = &mut seed::stream(recipe.seed, &format!("scene {step} {scene}"));
                draw(recipe, pool, scene, levels, rng)
            })
            .collect();
        let views = [0, 1]
            .iter()
            .flat_map(|&which| drawn.iter().flat_map(move |(views, _)| &views[which]))
            .copied()
            .collect();
        let points = [0, 1, 2].map(|level| {
            let mut points: Vec<Point> = (drawn.iter())
                .flat_map(|(_, points)| points[level].iter().cloned())
                .collect();
            points.sort_by_key(|point| point.changed);
            points
        });
        Self { views, points }
    }
}

/// Both views of a scene and its points.
fn draw(
    recipe: &Recipe,
    pool: &Pool,
    index: usize,
    levels: [Shape; 3],
    rng: &mut ChaCha8Rng,
) -> ([Vec<f32>; 2], [Vec<Point>; 3]) {
    let scene = Scene::new(pool, rng);
    let damaged = rng
        .random_bool(DAMAGED)
        .then(|| defect::plant(&scene.picture, rng));
    let second = damaged
        .as_ref()
        .map_or(&scene.picture, |damaged| &damaged.picture);
    let placements = Placements::new(recipe.view, rng);
    let [to_first, to_second] = placements.to_views;
    let views = [
        look(scene.picture.as_ref(), to_first, recipe.view, rng),
        look(second.as_ref(), to_second, recipe.view, rng),
    ];
    let points = [0, 1, 2].map(|level| {
        let (shape, stride) = (levels[level], 2 << level);
        let mut points = Vec::with_capacity(recipe.points);
        // A place may lie outside of the second view: try some more.
        for _ in 0..2 * recipe.points {
            if points.len() == recipe.points {
                break;
            }
            let [column, row] = [shape.width, shape.height].map(|size| rng.random_range(0..size));
            let at = [column, row].map(|cell| (cell as f32 + 0.5) * stride as f32);
            let Some((place, seen)) = placements.follow(at) else {
                continue;
            };
            let Some(around) = around(shape, recipe.scenes + index, stride, seen) else {
                continue;
            };
            // Beyond the scene a view shows its mirror image, of which nothing is known.
            let inside = |at: f32| (0.0..SIDE as f32).contains(&at);
            if !place.into_iter().all(inside) {
                continue;
            }
            let [x, y] = place.map(|place| place as isize);
            let pixel = |x: isize, y: isize| {
                let inside = |at: isize| (0..SIDE as isize).contains(&at);
                (inside(x) && inside(y)).then(|| y as usize * SIDE + x as usize)
            };
            let share = match &damaged {
                None => 0.0,
                Some(damaged) => {
                    let reach = stride as isize / 2 + 1;
                    let pixels = (-reach..=reach)
                        .flat_map(|dy| (-reach..=reach).map(move |dx| (dx, dy)))
                        .filter_map(|(dx, dy)| pixel(x + dx, y + dy));
                    let (mut all, mut changed) = (0, 0);
                    for pixel in pixels {
                        all += 1;
                        changed += i32::from(damaged.changed[pixel]);
                    }
                    changed as f32 / all.max(1) as f32
                }
            };
            // Half-way cases would teach neither.
            if share > 0.0 && share < CHANGED_SHARE {
                continue;
            }
            points.push(Point {
                first: (index * shape.height + row) * shape.width + column,
                second: around,
                changed: share > 0.0,
                class: pixel(x, y).and_then(|pixel| scene.classes[pixel]),
            });
        }
        points
    });
    (views, points)
}
