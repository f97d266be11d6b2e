//! Textures by formulas: a catalogue of classes, each a formula with parameters of its own, of
//! which every drawing is a new instance.
//!
//! Formula-driven pretraining after Kataoka et al. (FractalDB, 2020; RCDB, 2022) and Baradad et
//! al. (*Learning to See by Looking at Noise*, 2021).

mod cells;
mod contour;
mod fractal;
mod grating;
mod noise;

use oddspot::seed;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Side of a tile.
pub const TILE: usize = 128;

/// Families of formulas.
pub const FAMILIES: usize = 6;

/// Classes of the catalogue, taken in turn from its families.
pub const CLASSES: usize = 240;

/// The catalogue is part of the recipe, not of the seed of a training.
const CATALOGUE_SEED: u64 = 0;

/// A grey picture `[TILE, TILE]` of a class, in [0, 1].
#[derive(Clone, Debug, PartialEq)]
pub struct Tile(pub Vec<f32>);

/// A class: a family of formulas with parameters.
#[derive(Clone, Debug)]
pub enum Formula {
    /// An iterated function system's attractor.
    Fractal(fractal::Fractal),
    /// Nested wavy outlines.
    Contour(contour::Contour),
    /// Noise of a colour and a direction.
    Noise(noise::Noise),
    /// A sum of waves.
    Grating(grating::Grating),
    /// A lattice: checks, dots, weaves.
    Lattice(grating::Lattice),
    /// Cells around scattered points.
    Cells(cells::Cells),
}

impl Formula {
    /// The formula of a class below [`CLASSES`].
    pub fn of_class(class: usize) -> Self {
        let rng = &mut seed::stream(CATALOGUE_SEED, &format!("formula {class}"));
        match class % FAMILIES {
            0 => Self::Fractal(fractal::Fractal::new(rng)),
            1 => Self::Contour(contour::Contour::new(rng)),
            2 => Self::Noise(noise::Noise::new(rng)),
            3 => Self::Grating(grating::Grating::new(rng)),
            4 => Self::Lattice(grating::Lattice::new(rng)),
            _ => Self::Cells(cells::Cells::new(rng)),
        }
    }

    /// A new instance.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Tile {
        let mut values = match self {
            Self::Fractal(formula) => formula.draw(rng),
            Self::Contour(formula) => formula.draw(rng),
            Self::Noise(formula) => formula.draw(rng),
            Self::Grating(formula) => formula.draw(rng),
            Self::Lattice(formula) => formula.draw(rng),
            Self::Cells(formula) => formula.draw(rng),
        };
        stretch(&mut values);
        Tile(values)
    }
}

/// Stretches values to [0, 1].
fn stretch(values: &mut [f32]) {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let range = (high - low).max(1e-6);
    for value in values {
        *value = (*value - low) / range;
    }
}

/// A tile by a function of the place, (x, y) in [−1, 1).
fn tile(mut value: impl FnMut(f32, f32) -> f32) -> Vec<f32> {
    let at = |i: usize| (i as f32 + 0.5) / TILE as f32 * 2.0 - 1.0;
    (0..TILE * TILE)
        .map(|i| value(at(i % TILE), at(i / TILE)))
        .collect()
}

/// A number between two bounds, uniform in its logarithm.
fn log_uniform(rng: &mut ChaCha8Rng, low: f32, high: f32) -> f32 {
    rng.random_range(low.ln()..high.ln()).exp()
}

/// Every class's tile, of which some are drawn anew at each step.
#[derive(Clone)]
pub struct Pool {
    seed: u64,
    formulas: Vec<Formula>,
    tiles: Vec<Tile>,
    /// Times that each tile has been drawn.
    drawn: Vec<usize>,
}

impl Pool {
    /// Tiles drawn anew at each step.
    pub const FRESH: usize = 6;

    /// The pool as it stands before a step: the same whether the steps before it were made
    /// just now or in an earlier process.
    pub fn at_step(seed: u64, step: usize) -> Self {
        use rayon::prelude::*;
        let formulas: Vec<Formula> = (0..CLASSES).map(Formula::of_class).collect();
        let fresh = step * Self::FRESH;
        let drawn: Vec<usize> = (0..CLASSES)
            .map(|class| 1 + (fresh + CLASSES - 1 - class) / CLASSES)
            .collect();
        let tiles = formulas
            .par_iter()
            .zip(&drawn)
            .enumerate()
            .map(|(class, (formula, &drawn))| instance(seed, class, formula, drawn))
            .collect();
        Self {
            seed,
            formulas,
            tiles,
            drawn,
        }
    }

    /// The tile of a class.
    pub fn tile(&self, class: usize) -> &Tile {
        &self.tiles[class]
    }

    /// Draws the tiles anew whose turn it is after step `step`, counted from 0.
    pub fn refresh(&mut self, step: usize) {
        use rayon::prelude::*;
        let classes: Vec<usize> = (step * Self::FRESH..(step + 1) * Self::FRESH)
            .map(|turn| turn % CLASSES)
            .collect();
        let tiles: Vec<Tile> = classes
            .par_iter()
            .map(|&class| {
                let drawn = self.drawn[class] + 1;
                instance(self.seed, class, &self.formulas[class], drawn)
            })
            .collect();
        for (class, tile) in classes.into_iter().zip(tiles) {
            self.drawn[class] += 1;
            self.tiles[class] = tile;
        }
    }
}

fn instance(seed: u64, class: usize, formula: &Formula, drawn: usize) -> Tile {
    formula.draw(&mut seed::stream(seed, &format!("tile {class} {drawn}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_draws_something_and_no_two_instances_are_equal() {
        for class in 0..CLASSES {
            let formula = Formula::of_class(class);
            let draw = |seed| formula.draw(&mut seed::stream(seed, "test"));
            let Tile(values) = draw(0);
            assert_eq!(values.len(), TILE * TILE, "class {class}");
            assert!(
                values.iter().all(|v| (0.0..=1.0).contains(v)),
                "class {class}"
            );
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let spread = values.iter().map(|v| (v - mean).abs()).sum::<f32>() / values.len() as f32;
            assert!(spread > 0.005, "class {class} is flat: {spread}");
            assert_eq!(draw(0), draw(0), "class {class}");
            assert_ne!(draw(0), draw(1), "class {class}");
        }
    }

    #[test]
    fn a_pool_made_at_a_step_is_the_one_that_came_there() {
        let mut pool = Pool::at_step(3, 0);
        let steps = CLASSES / Pool::FRESH + 7;
        for step in 0..steps {
            pool.refresh(step);
        }
        let resumed = Pool::at_step(3, steps);
        assert_eq!(pool.drawn, resumed.drawn);
        assert!(pool.tiles == resumed.tiles);
    }
}
