//! What is remembered, and how far each good image lies from the nearest other.

use oddspot_conv::Workspace;
use oddspot_conv::nearest::{nearest, nearest_others};
use rayon::prelude::*;

use super::projection::projection;
use super::{Fitted, Memory};
use crate::error::Result;
use crate::terms::places::{GoodFeatures, single};

/// Steps that 8 bits hold.
const MOST_STEPS: i16 = 127;

/// What is remembered of the good images, and each image's least squared steps from the others':
/// `[image][place]`.
pub(super) fn fit(term: &Memory, good: &mut dyn GoodFeatures) -> Result<(Fitted, Vec<Vec<i32>>)> {
    let (images, places, components) = (good.images(), term.grid.places(), term.components);
    let projection = projection(&term.grid, components, good)?;
    let kept = images.min(term.most);
    // Spread evenly over the images, which come in the order of their names.
    let place_of = |image: usize| {
        let index = (image * kept).div_ceil(images.max(1));
        (index < kept && index * images / kept == image).then_some(index)
    };
    let mut rows = vec![0i8; places * kept * components];
    let mut others: Vec<(usize, Vec<i16>)> = Vec::new();
    let (mut workspace, mut buffer, mut features) = (Workspace::new(), Vec::new(), Vec::new());
    for image in 0..images {
        single(good.image(image)?, &mut features);
        let memory = (&mut workspace, &mut buffer);
        let steps = projection.steps(&features, MOST_STEPS, memory)?;
        let Some(index) = place_of(image) else {
            others.push((image, steps));
            continue;
        };
        for (place, steps) in steps.chunks_exact(components).enumerate() {
            let to = &mut rows[(place * kept + index) * components..][..components];
            to.iter_mut()
                .zip(steps)
                .for_each(|(to, &step)| *to = step as i8);
        }
    }
    let isa = workspace.isa();
    let among: Vec<Vec<i32>> = rows
        .par_chunks_exact((kept * components).max(1))
        .map(|rows| {
            let mut squares = vec![0; kept];
            nearest_others(isa, components, rows, &mut squares)?;
            Ok(squares)
        })
        .collect::<Result<_>>()?;
    let mut left_out = vec![vec![0; places]; images];
    for (image, of_image) in left_out.iter_mut().enumerate() {
        if let Some(index) = place_of(image) {
            of_image
                .iter_mut()
                .zip(&among)
                .for_each(|(to, squares)| *to = squares[index]);
        }
    }
    for (image, steps) in others {
        nearest(isa, components, &rows, &steps, &mut left_out[image])?;
    }
    Ok((Fitted { projection, rows }, left_out))
}
