//! What a pretraining sees, for people to look at.

use image::{Rgb, RgbImage};
use oddspot_conv::Shape;

use crate::batch::Batch;
use crate::config::Recipe;
use crate::formula::Pool;
use crate::view::pixel_of;

/// Pairs of views side by side, a batch of them, eight pairs a row.
pub fn sheet(recipe: &Recipe) -> RgbImage {
    const ACROSS: usize = 16;
    const GAP: usize = 2;
    let side = recipe.view;
    let levels = [2, 4, 8].map(|stride| Shape::new(1, side / stride, side / stride, 1));
    let pool = Pool::at_step(recipe.seed, 0);
    let batch = Batch::new(recipe, &pool, 0, levels);
    let views = 2 * recipe.scenes;
    let cell = side + GAP;
    let rows = views.div_ceil(ACROSS);
    let mut sheet = RgbImage::new((ACROSS * cell) as u32, (rows * cell) as u32);
    for place in 0..views {
        // Place 2i holds the first view of scene i, place 2i + 1 its second one.
        let view = place / 2 + (place % 2) * recipe.scenes;
        let pixels = &batch.views[view * side * side * 3..][..side * side * 3];
        for (i, pixel) in pixels.as_chunks::<3>().0.iter().enumerate() {
            let x = place % ACROSS * cell + i % side;
            let y = place / ACROSS * cell + i / side;
            sheet.put_pixel(x as u32, y as u32, Rgb(pixel_of(*pixel)));
        }
    }
    sheet
}
