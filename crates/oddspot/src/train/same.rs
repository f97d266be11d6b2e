//! Whether a finished model is what a training would give: then nothing is left to do.

use rayon::prelude::*;

use super::checkpoint::{differing_image, differing_settings};
use super::set::GoodImages;
use crate::error::Result;
use crate::files::PackedTensors;
use crate::images::{RegionOfInterest, Source};
use crate::model::{ImageRecord, Model};
use crate::net::teachers::Library;
use crate::settings::Settings;
use crate::view::View;

impl Model {
    /// In what the training that gave this model differs from one of these images, by these settings, in words; None where
    /// it would give the same. What was added or calibrated since is no difference.
    ///
    /// # Errors
    /// An unreadable image, too few of them, or a teacher that is not at hand.
    pub fn differs_from(
        &self,
        images: GoodImages,
        settings: &Settings,
        region: Option<&RegionOfInterest>,
        library: &Library,
    ) -> Result<Option<String>> {
        let header = &self.header;
        let asked = settings.settled_as(&header.settings);
        let differences = header.settings.decisive_differences(&asked);
        if !differences.is_empty() {
            return Ok(Some(differing_settings(&differences)));
        }
        let teacher = library.find(&asked.teacher)?.identity;
        if teacher.sha256 != header.teacher.sha256 {
            return Ok(Some("the teacher is another".to_owned()));
        }
        if !self.inspects(region, &images)? {
            return Ok(Some("the region that is inspected is another".to_owned()));
        }
        let images = images.split(asked.training.seed)?;
        let records = |sources: &[Source]| -> Result<Vec<ImageRecord>> {
            let record = |source: &Source| {
                let sha256 = source.decode_and_hash(asked.reading())?.2;
                Ok(ImageRecord::of(&source.name(), &images.root, sha256))
            };
            sources.par_iter().map(record).collect()
        };
        for (expected, sources) in [
            (&header.training_images, &images.train),
            (&header.held_out_images, &images.held_out),
        ] {
            let found = records(sources)?;
            if *expected != found {
                return Ok(Some(differing_image(expected, &found)));
            }
        }
        Ok(None)
    }

    /// Whether this is the region that the model inspects, if it does not inspect all.
    fn inspects(&self, asked: Option<&RegionOfInterest>, images: &GoodImages) -> Result<bool> {
        let header = &self.header;
        let view = |packed: &PackedTensors| {
            let of_tensors = (&self.tensors, packed);
            View::of_model(&header.settings, header.alignment.as_ref(), of_tensors)
        };
        let own = view(&self.packed)?.region_hash();
        let asked = match asked {
            Some(region) => view(&PackedTensors::new())?
                .inspecting(region, &images.sizes()?)?
                .region_hash(),
            None => None,
        };
        Ok(own == asked)
    }
}
