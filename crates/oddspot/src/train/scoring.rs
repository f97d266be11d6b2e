//! What a model says of new images, by errors of their pieces that are known.

use crate::judge::{self, Judging, TermErrors};
use crate::model::Header;
use crate::verdict::AnomalyMaps;
use crate::view::{Frame, View};

/// Pixels of the images that the pixel threshold is taken from, at most.
const MOST_PIXELS: usize = 64 << 20;

/// New images, piece by piece, and how they are judged.
pub(super) struct Scoring<'a> {
    pub judging: &'a Judging,
    pub view: &'a View,
    /// Of each image.
    pub frames: &'a [Vec<Frame>],
}

impl Scoring<'_> {
    /// Each image's score, and how unlike good ones it is nearly everywhere, by the errors of all pieces; `each` is
    /// told of the pieces.
    pub fn scores(
        &self,
        header: &Header,
        errors: &[TermErrors],
        mut each: impl FnMut((&Frame, &AnomalyMaps)),
    ) -> Vec<(f32, f32)> {
        let mut of_pieces = errors.iter();
        let of_image = |frames: &Vec<Frame>| {
            let (mut score, mut everywhere) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
            for (frame, errors) in frames.iter().zip(&mut of_pieces) {
                let evidence = self.view.evidence(frame);
                let errors = self.judging.at_pixels(errors);
                let inspected = evidence.inspected();
                let maps = self.judging.fuse(&errors, &header.terms, inspected);
                let maps = maps.within(&evidence);
                score = score.max(maps.score());
                everywhere = everywhere.max(maps.nearly_everywhere());
                each((frame, &maps));
            }
            (score, everywhere)
        };
        self.frames.iter().map(of_image).collect()
    }

    /// The same with pixels of the images, evenly spread.
    pub fn with_pixels(
        &self,
        header: &Header,
        errors: &[TermErrors],
    ) -> (Vec<(f32, f32)>, Vec<f32>) {
        let size = header.settings.image_size;
        let all = size.width * size.height * errors.len();
        let every = all.div_ceil(MOST_PIXELS).max(1);
        let mut pixels = Vec::new();
        let found = self.scores(header, errors, |(frame, maps)| {
            let of_piece = judge::pixels(frame, size, maps);
            pixels.extend(of_piece.into_iter().step_by(every));
        });
        (found, pixels)
    }
}
