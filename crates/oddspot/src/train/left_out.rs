//! What the closed-form terms say of each good image, as if it had not been among the good ones.

use rayon::prelude::*;

use super::closed_form::ClosedForm;
use crate::error::Result;
use crate::judge::{Judging, TermErrors};
use crate::maps::ScoreMap;
use crate::model::Model;
use crate::net::engine::Engine;
use crate::net::learned::Learned;

/// The longer side of a kept map: a region that counts is wider than an image's 64th part.
const SIDE: usize = 64;

/// A good image as if it had not been among those that the closed-form terms were fitted to.
#[derive(Clone, Debug, PartialEq)]
pub struct LeftOut {
    /// Its score: the maximum of its map.
    pub score: f32,
    /// Its map over the whole image, of 64 cells along the longer side at most: the maximum of each.
    pub map: ScoreMap,
    /// The same of the terms that can leave out, at each place, the image most like it too: two alike faults
    /// do not excuse each other. None where no term can.
    pub alone: Option<ScoreMap>,
}

/// Those of all good images, in the order of the model's records, by a model of these terms alone.
///
/// # Errors
/// Terms that cannot be made ready.
pub(super) fn left_out(
    engine: &dyn Engine,
    model: &Model,
    learned: &Learned,
    closed_form: &ClosedForm,
) -> Result<Vec<LeftOut>> {
    let settings = &model.header.settings;
    let tensors = (&model.tensors, &model.packed);
    let judging = Judging::new(engine, settings, learned, tensors, &model.statistics)?;
    let of_terms: Vec<&Vec<Vec<ScoreMap>>> = (model.header.terms.iter())
        .filter_map(|term| closed_form.left_out.get(term.term.as_str()))
        .collect();
    let images = model.header.good_images();
    let without_likest = judging.without_likest(images)?;
    let statistics = &model.header.terms;
    let alone = |image: usize| {
        let mut sum: Option<ScoreMap> = None;
        for (at, term) in without_likest.iter().enumerate() {
            let Some(errors) = term.get(image) else {
                continue;
            };
            // An image that is not remembered excuses no other either.
            let errors = errors.as_ref().unwrap_or(&of_terms[at][image]);
            let map = judging.term_map(at, &judging.term_at_pixels(at, errors), &statistics[at]);
            match &mut sum {
                None => sum = Some(map),
                Some(sum) => map.add_resized(sum),
            }
        }
        sum.map(|sum| coarse(&sum))
    };
    let judged = (0..images).into_par_iter().map(|image| {
        let errors: TermErrors = of_terms.iter().map(|term| term[image].clone()).collect();
        let maps = judging.fuse(&judging.at_pixels(&errors), statistics);
        LeftOut {
            score: maps.score(),
            map: coarse(&maps.total),
            alone: alone(image),
        }
    });
    Ok(judged.collect())
}

/// A map of cells, each the maximum of what it covers.
fn coarse(map: &ScoreMap) -> ScoreMap {
    let cell = map.width.max(map.height).div_ceil(SIDE).max(1);
    let (height, width) = (map.height.div_ceil(cell), map.width.div_ceil(cell));
    let mut coarse = ScoreMap::filled(height, width, f32::NEG_INFINITY);
    for row in 0..map.height {
        for column in 0..map.width {
            let to = &mut coarse.values[row / cell * width + column / cell];
            *to = to.max(map.at(row, column));
        }
    }
    coarse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarse_map_keeps_the_peak_and_its_place() {
        let mut map = ScoreMap::filled(100, 256, 0.0);
        map.values[61 * 256 + 200] = 3.0;
        let coarse = coarse(&map);
        assert_eq!((coarse.height, coarse.width), (25, 64));
        assert_eq!(coarse.peak(), (3.0, (15, 50)));
    }
}
