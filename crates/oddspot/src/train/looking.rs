//! Looking at good images with a model that is to learn them.

use std::collections::HashSet;
use std::path::Path;

use rayon::prelude::*;

use super::cache::EncodedMaps;
use super::observer::{Observer, Progress};
use super::places::GoodPlaces;
use super::set::{GoodImage, Loaded, loaded};
use crate::error::{Error, Result};
use crate::files::digest::hex;
use crate::health::Glance;
use crate::images::{Kind, Source, batches, hash_pixels};
use crate::judge::{Judging, Memory, TeacherSource, TermErrors};
use crate::model::ImageRecord;
use crate::net::engine::Forward;
use crate::view::{Frame, Sight, View};

/// What is made of a piece: the errors of all terms, where it lies, and what those of the closed form look at.
type Looked = (TermErrors, Frame, EncodedMaps);

/// What is kept of an image's pieces.
pub(super) type Kept = Vec<(TermErrors, Frame)>;

/// Looking at images with a model that does not know them.
pub(super) struct Looking<'a> {
    /// How images are seen.
    pub view: &'a View,
    /// Of the teacher.
    pub levels: usize,
    /// The model at work.
    pub judging: &'a Judging,
    /// The teacher made ready.
    pub teacher: &'a dyn Forward,
    /// What the closed-form terms look at, of the images that are new.
    pub places: GoodPlaces,
    /// These images, what each is as a file, and what is kept of it.
    pub seen: Vec<(ImageRecord, Kind, Kept)>,
    /// What is seen of each apart from defects.
    pub glances: Vec<Glance>,
    /// Images that were left out.
    pub known: Vec<ImageRecord>,
    /// Of all images that the model knows.
    pub hashes: HashSet<String>,
}

impl Looking<'_> {
    /// Looks at all of them, but those that are known.
    pub fn look(
        &mut self,
        (images, root): (&[Source], &Path),
        observer: &mut dyn Observer,
    ) -> Result<()> {
        let total = images.len();
        let at_a_time = 2 * rayon::current_num_threads();
        let mut memories = Vec::new();
        memories.resize_with(at_a_time, Memory::default);
        let mut done = 0;
        for now in batches(images, at_a_time) {
            let found = (now.par_iter().zip(&mut memories))
                .map(|(source, memory)| self.see(source, root, memory))
                .collect::<Result<Vec<_>>>()?;
            for (image, seen) in found {
                let GoodImage {
                    record,
                    kind,
                    glance,
                } = image;
                // Two of the same count once.
                if !self.hashes.insert(record.sha256.clone()) {
                    self.known.push(record);
                    continue;
                }
                let mut kept = Vec::with_capacity(seen.len());
                for (errors, frame, features) in seen {
                    self.places.push(self.seen.len(), features)?;
                    kept.push((errors, frame));
                }
                self.seen.push((record, kind, kept));
                self.glances.push(glance);
            }
            done += now.len();
            if observer
                .progress(&Progress::Preparing { done, total })
                .is_break()
            {
                return Err(Error::cancelled("before the model was changed"));
            }
        }
        Ok(())
    }

    /// What the model says of one, and what its closed-form terms look at, piece by piece; nothing of one
    /// that it knows.
    fn see(
        &self,
        source: &Source,
        root: &Path,
        memory: &mut Memory,
    ) -> Result<(GoodImage, Vec<Looked>)> {
        let (pixels, kind, mut sha256) = source.decode_and_hash(self.view.reading())?;
        // Images that were in memory when they were learned are known by their pixels.
        let by_pixels = hex(&hash_pixels(&pixels));
        if self.hashes.contains(&by_pixels) {
            sha256 = by_pixels;
        }
        let record = ImageRecord::of(&source.name(), root, sha256);
        let Loaded { sights, image } = loaded(&pixels, self.view, (record, kind));
        if self.hashes.contains(&image.record.sha256) {
            return Ok((image, Vec::new()));
        }
        let see = |sight: Sight| {
            let teacher = TeacherSource::Run(self.teacher);
            let errors = self.judging.errors(&sight.image, teacher, memory)?;
            let maps = memory.teacher_levels(self.teacher, self.levels);
            Ok((errors, sight.frame, self.places.encode(&maps)))
        };
        let seen = sights.into_iter().map(see).collect::<Result<_>>()?;
        Ok((image, seen))
    }
}
