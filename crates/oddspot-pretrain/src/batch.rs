//! A batch: scenes, two views of each, and the points to compare in them.

use std::iter;

use oddspot::seed;
use oddspot_conv::Shape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::conditions::Conditions;
use crate::config::Recipe;
use crate::formula::Pool;
use crate::points::{Point, around};
use crate::scene::defect::{self, Damaged};
use crate::scene::{Fading, SIDE, Scene};
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
        let seen: Vec<Seen> = (0..recipe.scenes)
            .into_par_iter()
            .map(|scene| {
                let rng = &mut seed::stream(recipe.seed, &format!("scene {step} {scene}"));
                Seen::new(recipe, pool, scene, levels, rng)
            })
            .collect();
        let views = [0, 1]
            .iter()
            .flat_map(|&which| seen.iter().flat_map(move |seen| &seen.views[which]))
            .copied()
            .collect();
        let points = [0, 1, 2].map(|level| {
            let mut points: Vec<Point> = (seen.iter())
                .flat_map(|seen| seen.points[level].iter().cloned())
                .collect();
            points.sort_by_key(|point| point.changed);
            points
        });
        Self { views, points }
    }
}

/// Both views of a scene and its points, by level.
struct Seen {
    views: [Vec<f32>; 2],
    points: [Vec<Point>; 3],
}

impl Seen {
    fn new(
        recipe: &Recipe,
        pool: &Pool,
        index: usize,
        levels: [Shape; 3],
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let mut scene = Scene::new(pool, rng);
        let mut damaged =
            (rng.random_bool(DAMAGED)).then(|| defect::plant(&scene.picture, recipe.shades, rng));
        if happens(recipe.faint, rng) {
            // After the defects: they are as faint as all else, and still count as changed.
            let fading = Fading::new(&scene.picture, rng);
            let pictures = iter::once(&mut scene.picture);
            pictures
                .chain(damaged.as_mut().map(|damaged| &mut damaged.picture))
                .for_each(|picture| fading.fade(picture));
        }
        let second = match &damaged {
            Some(damaged) => &damaged.picture,
            None => &scene.picture,
        };
        let placements = Placements::new(recipe.view, rng);
        let [to_first, to_second] = placements.to_views;
        let under = Conditions::new(rng);
        let first = look(scene.picture.as_ref(), to_first, recipe.view, &under, rng);
        let under = match happens(recipe.alike, rng) {
            true => under.again(rng),
            false => Conditions::new(rng),
        };
        let views = [
            first,
            look(second.as_ref(), to_second, recipe.view, &under, rng),
        ];
        let pair = Pair {
            scene,
            damaged,
            placements,
            views: [index, recipe.scenes + index],
        };
        let points = [0, 1, 2].map(|level| {
            // A place may lie outside of the second view: try some more.
            (0..2 * recipe.points)
                .filter_map(|_| pair.point(levels[level], 2 << level, rng))
                .take(recipe.points)
                .collect()
        });
        Self { views, points }
    }
}

/// By chance; what never happens takes no chance away from what follows, so that a recipe without
/// it stays the same.
fn happens(share: f64, rng: &mut ChaCha8Rng) -> bool {
    share > 0.0 && rng.random_bool(share)
}

/// A scene in its two views.
struct Pair {
    scene: Scene,
    damaged: Option<Damaged>,
    placements: Placements,
    /// Their places in the batch.
    views: [usize; 2],
}

impl Pair {
    /// Any cell of the first view's map, if it is of use.
    fn point(&self, shape: Shape, stride: usize, rng: &mut ChaCha8Rng) -> Option<Point> {
        let [column, row] = [shape.width, shape.height].map(|size| rng.random_range(0..size));
        let middle = [column, row].map(|cell| (cell as f32 + 0.5) * stride as f32);
        let (place, seen) = self.placements.follow(middle)?;
        let second = around(shape, self.views[1], stride, seen)?;
        // Beyond the scene a view shows its mirror image, of which nothing is known.
        let inside = |at: f32| (0.0..SIDE as f32).contains(&at);
        let [x, y] = place.map(|at| inside(at).then_some(at as usize));
        let (x, y) = (x?, y?);
        let share = match &self.damaged {
            Some(damaged) => changed_share(damaged, [x, y], stride / 2 + 1),
            None => 0.0,
        };
        // Half-way cases would teach neither.
        (share == 0.0 || share >= CHANGED_SHARE).then(|| Point {
            first: (self.views[0] * shape.height + row) * shape.width + column,
            second,
            changed: share > 0.0,
            class: self.scene.classes[y * SIDE + x],
        })
    }
}

/// Share of the pixels up to `reach` around a place that were changed.
fn changed_share(damaged: &Damaged, place: [usize; 2], reach: usize) -> f32 {
    let [columns, rows] = place.map(|at| at.saturating_sub(reach)..(at + reach + 1).min(SIDE));
    let all = columns.len() * rows.len();
    let changed: usize = rows
        .map(|row| {
            let row = &damaged.changed[row * SIDE..][columns.clone()];
            row.iter().filter(|&&changed| changed).count()
        })
        .sum();
    changed as f32 / all as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> (Recipe, [Shape; 3]) {
        let recipe = Recipe {
            scenes: 4,
            ..Recipe::default()
        };
        let side = recipe.view;
        let levels = [2, 4, 8].map(|stride| Shape::new(8, side / stride, side / stride, 1));
        (recipe, levels)
    }

    #[test]
    fn a_step_has_its_batch_and_its_places_are_the_same_in_both_views() {
        let (recipe, levels) = small();
        let pool = Pool::at_step(0, 0);
        let batch = |step| Batch::new(&recipe, &pool, step, levels);
        let (first, again) = (batch(3), batch(3));
        assert_eq!(first.views, again.views);
        assert_eq!(first.points, again.points);
        assert_ne!(first.views, batch(4).views);
        for (level, points) in first.points.iter().enumerate() {
            assert!(
                points.len() > recipe.points,
                "level {level}: {}",
                points.len()
            );
            assert!(points.is_sorted_by_key(|point| point.changed));
            let cells = levels[level].height * levels[level].width;
            for point in points {
                // The second view of a scene comes as many views later as there are scenes.
                let view = point.first / cells + recipe.scenes;
                assert!(point.second.iter().all(|(row, _)| row / cells == view));
                let shares: f32 = point.second.iter().map(|(_, share)| share).sum();
                assert!((shares - 1.0).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn each_way_to_see_scenes_otherwise_tells() {
        let (plain, levels) = small();
        let pool = Pool::at_step(0, 0);
        let batch = |recipe: &Recipe| Batch::new(recipe, &pool, 0, levels);
        let with = |change: fn(&mut Recipe)| {
            let mut recipe = plain.clone();
            change(&mut recipe);
            recipe
        };
        let others = [
            with(|recipe| recipe.alike = 1.0),
            with(|recipe| recipe.faint = 1.0),
            with(|recipe| recipe.shades = true),
        ];
        let seen = batch(&plain);
        for other in others {
            assert_ne!(batch(&other).views, seen.views, "{other:?}");
        }
    }

    /// The recipe of the built-in teacher draws what it drew when that was made.
    #[test]
    fn the_default_recipe_stays_by_the_same_chance() {
        let (recipe, levels) = small();
        let points = Batch::new(&recipe, &Pool::at_step(0, 0), 0, levels).points;
        let sums = points.map(|points| points.iter().map(|point| point.first).sum::<usize>());
        assert_eq!(sums, [882_852, 218_095, 54_800]);
    }

    #[test]
    fn a_share_of_changed_pixels_ends_at_the_scenes_border() {
        let mut changed = vec![false; SIDE * SIDE];
        changed[0] = true;
        let damaged = Damaged {
            picture: tiny_skia::Pixmap::new(1, 1).unwrap(),
            changed,
        };
        assert_eq!(changed_share(&damaged, [0, 0], 1), 0.25);
        assert_eq!(changed_share(&damaged, [1, 1], 1), 1.0 / 9.0);
        assert_eq!(changed_share(&damaged, [2, 1], 1), 0.0);
    }
}
