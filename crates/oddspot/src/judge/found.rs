//! What is found in an image, looked at whole or piece by piece.

use image::RgbImage;

use super::detector::{Detection, Detector};
use super::examined::{Examined, scale, shares};
use super::judging::{Memory, TeacherSource};
use super::mosaic::Mosaic;
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::health::{Glance, Health};
use crate::images::{ImageSize, check_pixels};
use crate::maps::{ScoreMap, mask_above, regions_over};
use crate::terms::{self, Side};
use crate::verdict::{AnomalyMaps, Finding, Place, Point, Thresholds, Verdict};
use crate::view::{Evidence, Move, Sight};

impl Detector {
    pub(super) fn judge(&self, image: &RgbImage, thresholds: &Thresholds) -> Result<Detection> {
        check_pixels(image)?;
        if let Some(drawn) = &self.drawn {
            drawn.check_fits(ImageSize::of(image))?;
        }
        self.with_memory(|memory| {
            let size = self.header.settings.image_size;
            let mut best: Option<Detection> = None;
            let mut unlike = f32::NEG_INFINITY;
            let mut mosaic: Option<Mosaic> = None;
            let mut last = None;
            for sight in self.view.look(image) {
                let (maps, of_learned) = self.maps(&sight, thresholds, memory)?;
                if let Some(piece) = &sight.frame.piece {
                    let all = mosaic.get_or_insert_with(|| Mosaic::new(piece, size, &maps));
                    all.lay(piece, &maps);
                }
                unlike = unlike.max(of_learned);
                // What is said beside the map is said of the piece where it peaks.
                let score = maps.score();
                if best.as_ref().is_none_or(|best| score > best.score) {
                    best = Some(self.detection(&sight, maps, thresholds, memory)?);
                }
                last = Some(sight);
            }
            let (Some(mut best), Some(sight)) = (best, last) else {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    Subject::Image,
                    "it is so small that nothing of the region to inspect is seen of it",
                ));
            };
            if let Some(mosaic) = mosaic {
                (best.maps, best.inspected) = mosaic.finish().grounded();
            }
            let glance = Glance::seen(image, &self.view, &sight);
            best.health = self.health.judge(&glance, unlike);
            if !best.health.is_trusted() {
                best.verdict = Verdict::Untrusted;
            }
            Ok(best)
        })
    }

    /// The maps of what is seen of an image, as far as it is evidence, and what they are nearly everywhere as
    /// far as it was at the training.
    fn maps(
        &self,
        sight: &Sight,
        thresholds: &Thresholds,
        memory: &mut Memory,
    ) -> Result<(AnomalyMaps, f32)> {
        let teacher = TeacherSource::Run(&*self.teacher);
        let errors = self.judging.errors(&sight.image, teacher, memory)?;
        let errors = self.judging.at_pixels(&errors);
        let mut evidence = self.view.evidence(&sight.frame);
        let fused = |within: &Evidence| {
            let maps = (self.judging).fuse(&errors, &self.header.terms, within.inspected());
            match maps.total.values.iter().all(|value| value.is_finite()) {
                true => Ok(maps.within(within)),
                false => Err(self.not_finite()),
            }
        };
        let mut of_learned = None;
        if let Some(learned) = self.view.learned_evidence(&sight.frame) {
            let maps = fused(&learned)?;
            let (map, above) = (&maps.total, thresholds.image as f32);
            if let Some(beside) = self.view.evidence_beside(&sight.frame, map, above) {
                evidence = beside;
            }
            of_learned = Some(maps.nearly_everywhere());
        }
        let maps = fused(&evidence)?;
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
            placement: placement
                .map(|placement| placement.trusted(self.trust_in_places()).moved(&to_image)),
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

    /// How far what is said of places can be trusted, by what is usual of it in good images.
    fn trust_in_places(&self) -> f64 {
        let of_places = self.header.terms.iter().filter_map(|usual| {
            let kind = terms::kind(&usual.term)?;
            (kind.side == Side::WrongPlace).then(|| (kind.trust)(&usual.moments))
        });
        of_places.fold(0.0, f64::max)
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

    /// What is found in an image: on the map as it was made, its places in pixels of the image.
    pub(super) fn found(&self, image: &RgbImage, thresholds: &Thresholds) -> Result<Examined> {
        let detection = self.judge(image, thresholds)?;
        let total = &detection.maps.total;
        let (peak, (y, x)) = total.peak();
        // Not by the verdict alone, which may be owed to how the image lies.
        let odd = !thresholds.verdict(detection.score).is_good();
        let mut pixel = thresholds.pixel as f32;
        if odd {
            // What is odd must show where it is, and moving the map back can shave its peak.
            pixel = pixel.min(peak.next_down());
        }
        if detection.verdict.is_good() {
            // What stands out in it is nothing that anybody must see.
            pixel = f32::INFINITY;
        }
        let of_map = [total.width, total.height];
        let of_image = [image.width() as usize, image.height() as usize];
        let middle = |at: usize, axis: usize| {
            let at = (2 * at + 1) * of_image[axis] / (2 * of_map[axis].max(1));
            at.min(of_image[axis].saturating_sub(1))
        };
        let regions = regions_over(total, pixel, of_image);
        let shares = detection.shares;
        let scale = scale(self.header.settings.image_size, of_image);
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
            peak: Point {
                x: middle(x, 0),
                y: middle(y, 1),
            },
            place: (detection.placement.as_ref()).map(|placement| Place::new(placement, scale)),
            alignment: detection.aligned,
            health: detection.health,
            width: image.width(),
            height: image.height(),
            regions,
        };
        Ok(Examined {
            finding,
            maps: detection.maps,
            inspected: detection.inspected,
            placement: detection.placement,
            image_size: self.header.settings.image_size,
            outlined_above: pixel,
        })
    }
}

/// Which pixels of an image are inspected, by those of what is seen of it: a map like another.
fn back(to_image: &Move, inspected: &[bool], like: &ScoreMap) -> Vec<bool> {
    mask_above(&to_image.back(&shares(inspected, like)), 0.5)
}
