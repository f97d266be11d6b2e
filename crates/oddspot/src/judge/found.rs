//! What is found in an image, looked at whole or piece by piece.

use image::RgbImage;

use super::detector::{Detection, Detector, Inspection};
use super::judging::{Memory, TeacherSource};
use super::mosaic::Mosaic;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::health::{Glance, Health};
use crate::images::check_pixels;
use crate::maps::{ScoreMap, mask_above, outlined, regions};
use crate::verdict::{AnomalyMaps, Finding, Place, Point, TermMap, Thresholds, Verdict};
use crate::view::{Move, Sight};

impl Detector {
    pub(super) fn judge(&self, image: &RgbImage, thresholds: &Thresholds) -> Result<Detection> {
        check_pixels(image)?;
        self.with_memory(|memory| {
            let size = self.header.settings.image_size;
            let mut best: Option<Detection> = None;
            let mut unlike = f32::NEG_INFINITY;
            let mut mosaic: Option<Mosaic> = None;
            let mut frame = None;
            for sight in self.view.look(image) {
                let (maps, of_learned) = self.maps(&sight, memory)?;
                if let Some(piece) = &sight.frame.piece {
                    let all = mosaic.get_or_insert_with(|| Mosaic::new(piece, size, &maps));
                    all.lay(piece, &maps);
                }
                unlike = unlike.max(of_learned);
                frame = Some(sight.frame);
                // What is said beside the map is said of the piece where it peaks.
                let score = maps.score();
                if best.as_ref().is_none_or(|best| score > best.score) {
                    best = Some(self.detection(&sight, maps, thresholds, memory)?);
                }
            }
            let (Some(mut best), Some(frame)) = (best, frame) else {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    Subject::Image,
                    "it is so small that nothing of the region to inspect is seen of it",
                ));
            };
            if let Some(mosaic) = mosaic {
                (best.maps, best.inspected) = mosaic.finish().grounded();
            }
            let glance = Glance::seen(image, &self.view, &frame);
            best.health = self.health.judge(&glance, unlike);
            if !best.health.is_trusted() {
                best.verdict = Verdict::Untrusted;
            }
            Ok(best)
        })
    }

    /// The maps of what is seen of an image, as far as it is evidence, and what they are nearly everywhere as
    /// far as it was at the training.
    fn maps(&self, sight: &Sight, memory: &mut Memory) -> Result<(AnomalyMaps, f32)> {
        let teacher = TeacherSource::Run(&*self.teacher);
        let errors = self.judging.errors(&sight.image, teacher, memory)?;
        let errors = self.judging.at_pixels(&errors);
        let evidence = self.view.evidence(&sight.frame);
        let inspected = evidence.inspected();
        let maps = self.judging.fuse(&errors, &self.header.terms, inspected);
        if !maps.total.values.iter().all(|value| value.is_finite()) {
            return Err(self.not_finite());
        }
        let of_learned = (self.view.learned_evidence(&sight.frame))
            .map(|learned| maps.clone().within(&learned).nearly_everywhere());
        let maps = maps.within(&evidence);
        let everywhere = of_learned.unwrap_or_else(|| maps.nearly_everywhere());
        Ok((maps, everywhere))
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
        let shares = maps.shares(novelty);
        let placement = self.judging.placement(&maps, memory)?;
        let (maps, inspected) = match sight.frame.piece {
            None => maps.grounded(),
            // They are put together from all pieces.
            Some(_) => (AnomalyMaps::of(Vec::new()), None),
        };
        Ok(Detection {
            placement: placement.map(|placement| placement.moved(&to_image)),
            score,
            verdict,
            shares,
            inspected: inspected.map(|inspected| back(&to_image, &inspected, &maps.total)),
            maps: maps.back(&to_image),
            aligned: sight.aligned,
            // Of the whole image, once all pieces are seen.
            health: Health::default(),
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
        // Not by the verdict alone, which may be owed to how the image lies.
        let odd = !thresholds.verdict(detection.score).is_good();
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
            why: (odd && detection.health.is_trusted())
                .then(|| shares.why())
                .flatten(),
            looks_wrong_share: shares.looks_wrong,
            wrong_place_share: shares.wrong_place,
            terms: detection.maps.term_shares(),
            peak: Point { x, y },
            place: (detection.placement.as_ref()).map(|placement| Place::new(placement, scale)),
            alignment: detection.aligned,
            health: detection.health.clone(),
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
        let inspected = detection.inspected.map(|inspected| {
            let of_map = shares(&inspected, &detection.maps.total);
            let of_image = of_map.resize_bilinear(total.height, total.width);
            mask_above(&of_image, 0.5)
        });
        let mut mask = outlined(&total, pixel);
        for (outlined, inspected) in mask.iter_mut().zip(inspected.iter().flatten()) {
            *outlined &= inspected;
        }
        let terms = detection.maps.terms.iter().map(|term| TermMap {
            kind: term.kind,
            map: term.map.resize_bilinear(total.height, total.width),
        });
        Ok(Inspection {
            finding,
            mask,
            inspected,
            maps: AnomalyMaps {
                terms: terms.collect(),
                total,
            },
            placement: detection.placement,
            scale: self.scale(image),
        })
    }
}

/// Which pixels of an image are inspected, by those of what is seen of it: a map like another.
fn back(to_image: &Move, inspected: &[bool], like: &ScoreMap) -> Vec<bool> {
    mask_above(&to_image.back(&shares(inspected, like)), 0.5)
}

/// 1 where it is inspected and 0 elsewhere, as a map like another.
fn shares(inspected: &[bool], like: &ScoreMap) -> ScoreMap {
    let share = |&inspected: &bool| f32::from(u8::from(inspected));
    ScoreMap {
        values: inspected.iter().map(share).collect(),
        ..*like
    }
}
