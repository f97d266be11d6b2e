//! What is found in an image, looked at whole or piece by piece.

use image::RgbImage;

use super::detector::{Detection, Detector, Inspection};
use super::judging::{Memory, TeacherSource};
use super::mosaic::Mosaic;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::images::check_pixels;
use crate::maps::{ScoreMap, outlined, regions};
use crate::verdict::{AnomalyMaps, Finding, Place, Point, TermMap, Thresholds, Verdict};
use crate::view::Sight;

impl Detector {
    pub(super) fn judge(&self, image: &RgbImage, thresholds: &Thresholds) -> Result<Detection> {
        check_pixels(image)?;
        self.with_memory(|memory| {
            let size = self.header.settings.image_size;
            let mut best: Option<Detection> = None;
            let mut mosaic: Option<Mosaic> = None;
            for sight in self.view.look(image) {
                let maps = self.maps(&sight, memory)?;
                if let Some(piece) = &sight.frame.piece {
                    let all = mosaic.get_or_insert_with(|| Mosaic::new(piece, size, &maps));
                    all.lay(piece, &maps);
                }
                // What is said beside the map is said of the piece where it peaks.
                let score = maps.score();
                if best.as_ref().is_none_or(|best| score > best.score) {
                    best = Some(self.detection(&sight, maps, thresholds, memory)?);
                }
            }
            let mut best = best.ok_or_else(|| Error::internal("an image without pieces"))?;
            if let Some(mosaic) = mosaic {
                best.maps = mosaic.finish();
            }
            Ok(best)
        })
    }

    /// The maps of what is seen of an image, as far as it is evidence.
    fn maps(&self, sight: &Sight, memory: &mut Memory) -> Result<AnomalyMaps> {
        let teacher = TeacherSource::Run(&*self.teacher);
        let errors = self.judging.errors(&sight.image, teacher, memory)?;
        let errors = self.judging.at_pixels(&errors);
        let maps = self.judging.fuse(&errors, &self.header.terms);
        match maps.total.values.iter().all(|value| value.is_finite()) {
            true => Ok(maps.within(&sight.frame.evidence(self.header.settings.image_size))),
            false => Err(self.not_finite()),
        }
    }

    /// What is to be said of what was seen last with a memory; its maps are as they lie in the image, or, of a
    /// piece, none.
    fn detection(
        &self,
        sight: &Sight,
        maps: AnomalyMaps,
        thresholds: &Thresholds,
        memory: &mut Memory,
    ) -> Result<Detection> {
        let to_image = sight.frame.to_image;
        let score = maps.score();
        let verdict = match thresholds.verdict(score) {
            // Where parts lie otherwise than in good images, that nothing is odd says nothing.
            Verdict::Good if sight.aligned.is_some_and(|aligned| !aligned.trusted) => {
                Verdict::Check
            }
            verdict => verdict,
        };
        let novelty = match verdict.is_good() {
            true => 1.0, // Nobody asks why.
            false => self.judging.novelty(&maps, memory)?,
        };
        Ok(Detection {
            placement: (self.judging.placement(&maps, memory)?)
                .map(|placement| placement.moved(&to_image)),
            score,
            verdict,
            shares: maps.shares(novelty),
            maps: match sight.frame.piece {
                None => maps.each(|map| to_image.back(map)),
                Some(_) => AnomalyMaps::of(Vec::new()),
            },
            aligned: sight.aligned,
        })
    }

    fn not_finite(&self) -> Error {
        let error = Error::new(
            ErrorKind::Damaged,
            Subject::Model,
            "it gives scores that are not finite numbers: it is damaged; train it anew",
        );
        match &self.path {
            Some(path) => error.in_file(path),
            None => error,
        }
    }

    /// What is to be said of an image, with its map at its own size and what regions lie above.
    pub(super) fn found(
        &self,
        image: &RgbImage,
        thresholds: &Thresholds,
    ) -> Result<(Detection, Finding, ScoreMap, f32)> {
        let detection = self.judge(image, thresholds)?;
        let (width, height) = (image.width() as usize, image.height() as usize);
        let total = detection.maps.total.resize_bilinear(height, width);
        let (peak, (y, x)) = total.peak();
        let odd = !detection.verdict.is_good();
        let mut pixel = thresholds.pixel as f32;
        if odd {
            // Resizing can shave the peak: what is odd must still show where it is.
            pixel = pixel.min(peak.next_down());
        }
        let shares = detection.shares;
        let scale = self.scale(image);
        let finding = Finding {
            verdict: detection.verdict,
            score: detection.score,
            threshold: thresholds.image,
            check_threshold: thresholds.check,
            why: odd.then(|| shares.why()).flatten(),
            looks_wrong_share: shares.looks_wrong,
            wrong_place_share: shares.wrong_place,
            terms: detection.maps.term_shares(),
            peak: Point { x, y },
            place: (detection.placement.as_ref()).map(|placement| Place::new(placement, scale)),
            alignment: detection.aligned,
            width: image.width(),
            height: image.height(),
            regions: regions(&total, pixel),
        };
        Ok((detection, finding, total, pixel))
    }

    /// An image's pixels in one of the model's, columns and rows.
    fn scale(&self, image: &RgbImage) -> [f32; 2] {
        let size = self.header.settings.image_size;
        [
            image.width() as f32 / size.width as f32,
            image.height() as f32 / size.height as f32,
        ]
    }

    pub(super) fn examined(&self, image: &RgbImage, thresholds: &Thresholds) -> Result<Inspection> {
        let (detection, finding, total, pixel) = self.found(image, thresholds)?;
        let terms = detection.maps.terms.iter().map(|term| TermMap {
            kind: term.kind,
            map: term.map.resize_bilinear(total.height, total.width),
        });
        Ok(Inspection {
            finding,
            mask: outlined(&total, pixel),
            maps: AnomalyMaps {
                terms: terms.collect(),
                total,
            },
            placement: detection.placement,
            scale: self.scale(image),
        })
    }
}
