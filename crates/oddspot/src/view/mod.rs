//! How the model sees an image: at its own size and, where the settings say so, moved to where good
//! images lie, or cut into pieces.
//!
//! Good images give a [`Reference`]; an image is compared with it, small and as edges alone, and a
//! [`Move`] brings it there. What is found goes the same way back.

mod auto;
mod edges;
mod frame;
mod inspected;
mod learn;
mod moves;
mod pictures;
mod pieces;
mod reference;
mod search;
mod stack;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use ::image::RgbImage;

use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::{NamedTensors, PackedTensors};
use crate::images::{ImageSize, Limits, Reading, RegionOfInterest, Source, resize};
use crate::maps::ScoreMap;
use crate::settings::{Alignment, Settings};
use edges::edges;
pub use frame::{Aligned, Evidence, Frame};
use inspected::footprint::Footprint;
use inspected::{Inspected, OF_PIECES};
pub(crate) use inspected::{inspected_share, of_region, packed_specs};
pub use learn::GoodAlignment;
use learn::{LEAST_CORRELATION, learn};
pub use moves::Move;
use pictures::pictures;
use pieces::Cut;
pub use pieces::{Piece, Rectangle};
pub use reference::Reference;
pub(crate) use reference::specs;
use search::Search;

/// How far a turned pixel takes in others, turned too, in whole pixels of the model's size.
const OF_A_TURN: usize = 2;

/// An image, or a piece of it, as the model sees it.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Its pixels, of the model's size.
    pub image: RgbImage,
    /// Where they lie in the image.
    pub frame: Frame,
    /// How it was aligned; none where nothing is.
    pub aligned: Option<Aligned>,
}

/// How a model sees images. Threads may share it.
#[derive(Clone)]
pub struct View {
    size: ImageSize,
    reading: Reading,
    alignment: Alignment,
    aligner: Option<Aligner>,
    cut: Option<Cut>,
    /// What is inspected; all where there is none.
    inspected: Option<Inspected>,
}

/// What aligns images.
#[derive(Clone)]
struct Aligner {
    search: Arc<Search>,
    good: GoodAlignment,
}

impl View {
    /// Images as they are, resized.
    pub fn plain(size: ImageSize) -> Self {
        Self {
            size,
            reading: Reading::default(),
            alignment: Alignment::None,
            aligner: None,
            cut: None,
            inspected: None,
        }
    }

    /// Images as they are, whole or in pieces as the settings say.
    fn unaligned(settings: &Settings) -> Self {
        Self {
            reading: settings.reading(),
            cut: Cut::of(settings),
            ..Self::plain(settings.image_size)
        }
    }

    /// By the settings, and by what good images have in common if they ask for that or leave it to them: plain if these
    /// have too little. Files are named as below `root`. None if told to stop.
    ///
    /// # Errors
    /// An unreadable image.
    pub fn learn<'a>(
        settings: &Settings,
        images: impl Iterator<Item = &'a Source>,
        root: &Path,
        mut progress: impl FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Option<Self>> {
        let size = settings.image_size;
        let images: Vec<&Source> = images.collect();
        let go_on = || progress(0, images.len());
        let Some(how) = auto::alignment(settings, &images, go_on)? else {
            return Ok(None);
        };
        if how == Alignment::None {
            return Ok(Some(Self::unaligned(settings)));
        }
        let Some(pictures) = pictures(&images, (settings.reading(), size), progress)? else {
            return Ok(None);
        };
        let name = |image: usize| images[image].name_below(root);
        let learned = learn(&pictures, how, size);
        let aligner = learned.map(|(reference, good)| Aligner {
            search: Arc::new(Search::new(reference, how, good.reach)),
            good: good.named(name),
        });
        Ok(Some(Self {
            alignment: match (&aligner, settings.alignment) {
                (None, Alignment::Auto) => Alignment::None,
                _ => how,
            },
            aligner,
            ..Self::unaligned(settings)
        }))
    }

    /// That of a model, from what it keeps: `good` of its header, and its tensors.
    ///
    /// # Errors
    /// Tensors that are missing or do not fit.
    pub fn of_model(
        settings: &Settings,
        good: Option<&GoodAlignment>,
        (tensors, packed): (&NamedTensors, &PackedTensors),
    ) -> Result<Self> {
        let aligner = |good: &GoodAlignment| -> Result<Aligner> {
            let reference = Reference::read(tensors).ok_or_else(|| {
                let reason = "it lacks what images are aligned by";
                Error::new(ErrorKind::Damaged, Subject::Model, reason)
            })?;
            Ok(Aligner {
                search: Arc::new(Search::new(reference, settings.alignment, good.reach)),
                good: good.clone(),
            })
        };
        Ok(Self {
            alignment: settings.alignment,
            aligner: good.map(aligner).transpose()?,
            inspected: Inspected::read(packed)?,
            ..Self::unaligned(settings)
        })
    }

    /// Settings with what they leave to the good images as it is now: new images are read and aligned as these were.
    #[must_use]
    pub fn settled(&self, settings: Settings) -> Settings {
        Settings {
            bit_depth: self.reading.bit_depth,
            alignment: self.alignment,
            ..settings
        }
    }

    /// What is known of how good images lie; none where nothing is aligned.
    pub fn good(&self) -> Option<&GoodAlignment> {
        self.aligner.as_ref().map(|aligner| &aligner.good)
    }

    /// The same of which only a region is inspected of images of these sizes: what is learned is learned of that, and
    /// nothing that it takes in is ignored.
    ///
    /// # Errors
    /// A region without a pixel.
    pub fn inspecting(
        self,
        region: &RegionOfInterest,
        images: &HashSet<ImageSize>,
    ) -> Result<Self> {
        let inspected = match &self.cut {
            Some(cut) => {
                let reach = cut.reach(images);
                let how = (Footprint::Cut { reach }, 0);
                Inspected::new(region, OF_PIECES, images, how)
            }
            None => {
                let moved = self.aligner.is_some();
                let turned = (self.aligner.as_ref()).is_some_and(|one| one.search.turns());
                let beside = if turned { OF_A_TURN } else { 0 };
                let how = (Footprint::Resized { moved }, beside);
                Inspected::new(region, self.size, images, how)
            }
        };
        Ok(Self {
            inspected: Some(inspected?),
            ..self
        })
    }

    /// That of a model with these tensors, of which only a region is inspected from now on.
    ///
    /// # Errors
    /// Nothing that the model inspects is left.
    pub fn restricted(self, packed: &PackedTensors, region: &RegionOfInterest) -> Result<Self> {
        let seen = (self.size, self.cuts());
        Ok(Self {
            inspected: Some(Inspected::restricted(packed, region, seen)?),
            ..self
        })
    }

    /// What it keeps in the model of 8 bits.
    pub fn packed(&self) -> PackedTensors {
        self.inspected.iter().map(Inspected::tensor).collect()
    }

    /// Share of the images that is inspected, in [0, 1]; None where that is all of them.
    pub fn inspected_share(&self) -> Option<f64> {
        inspected_share(&self.packed())
    }

    /// SHA-256 of what is inspected; None where all is.
    pub(crate) fn region_hash(&self) -> Option<String> {
        self.inspected.as_ref().map(Inspected::hash)
    }

    /// Where what a frame shows is evidence.
    pub fn evidence(&self, frame: &Frame) -> Evidence {
        let inspected = self.inspected.as_ref();
        frame.evidence(
            self.size,
            inspected.map(|inspected| inspected.now(frame, self.size)),
        )
    }

    /// Where it is evidence if what is ignored since after the training is odd above a value of the map of all that was
    /// learned; None where nothing is ignored since, or nothing would be left.
    pub(crate) fn evidence_beside(
        &self,
        frame: &Frame,
        map: &ScoreMap,
        above: f32,
    ) -> Option<Evidence> {
        let inspected = self.inspected.as_ref()?;
        let beside = inspected.beside(frame, self.size, (map, above))?;
        Some(frame.evidence(self.size, Some(beside)))
    }

    /// Where it was evidence at the training; None where that is the same.
    pub(crate) fn learned_evidence(&self, frame: &Frame) -> Option<Evidence> {
        let learned = self.inspected.as_ref()?.learned(frame, self.size)?;
        Some(frame.evidence(self.size, Some(learned)))
    }

    /// Which pixels (column, row) of an image were inspected at the training, by the frame of what is seen of it;
    /// None where all were.
    pub(crate) fn inside<'a>(
        &'a self,
        image: &RgbImage,
        frame: &Frame,
    ) -> Option<impl Fn(u32, u32) -> bool + use<'a>> {
        let inspected = self.inspected.as_ref()?;
        let [width, height] = [self.size.width, self.size.height].map(|side| side as f32);
        let scale = [width / image.width() as f32, height / image.height() as f32];
        // Pieces lie in the image as it is.
        let to_frame = match frame.piece {
            None => frame.to_image.inverse(),
            Some(_) => Move::NONE,
        };
        Some(move |x: u32, y: u32| {
            let at = [
                (x as f32 + 0.5) * scale[0] - 0.5,
                (y as f32 + 0.5) * scale[1] - 0.5,
            ];
            let [x, y] = to_frame.point(at);
            inspected.was_at([(x + 0.5) / width, (y + 0.5) / height])
        })
    }

    /// What it keeps in the model.
    pub fn tensors(&self) -> NamedTensors {
        let of = |aligner: &Aligner| aligner.search.reference().tensors();
        self.aligner.as_ref().map(of).unwrap_or_default()
    }

    /// How image files are read.
    pub fn reading(&self) -> Reading {
        self.reading
    }

    /// The same that takes images of other sizes.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.reading.limits = limits;
        self
    }

    /// Whether images are cut into pieces.
    pub fn cuts(&self) -> bool {
        self.cut.is_some()
    }

    /// Images to decode at a time, so that all threads have work and few pieces are in memory.
    pub(crate) fn images_at_a_time(&self) -> usize {
        match self.cut {
            None => 2 * rayon::current_num_threads(),
            Some(_) => 1,
        }
    }

    /// An image as the model is to see it: all of it, or piece by piece, each made when it is asked for.
    pub fn look<'a>(&'a self, image: &'a RgbImage) -> impl Iterator<Item = Sight> + 'a {
        let size = ImageSize::of(image);
        let whole = match &self.cut {
            None => Some(self.whole(image)),
            Some(_) => None,
        };
        let pieces = self.cut.iter().flat_map(move |cut| {
            (cut.pieces(size).into_iter())
                .filter(|piece| self.inspects(cut.frame(*piece)))
                .map(move |piece| cut.sight(image, piece))
        });
        whole.into_iter().chain(pieces).map(|mut sight| {
            if let Some(inspected) = &self.inspected {
                inspected.blank(&mut sight.image, &sight.frame);
            }
            sight
        })
    }

    /// Whether anything is inspected of what a piece is responsible for.
    fn inspects(&self, frame: Frame) -> bool {
        match (&self.inspected, frame.piece) {
            (Some(inspected), Some(piece)) => {
                inspected.has_any(&frame, self.size, piece.own(self.size))
            }
            _ => true,
        }
    }

    fn whole(&self, image: &RgbImage) -> Sight {
        let resized = resize(image, self.size);
        let Some(Aligner { search, good }) = &self.aligner else {
            return Sight {
                image: resized,
                frame: Frame::WHOLE,
                aligned: None,
            };
        };
        let found = search.find(&edges(&resized, search.reference().size()));
        let lies = found.pose.on(self.size, search.reference().size());
        let [across, down] = lies.of_centre(self.size);
        let aligned = Aligned {
            dx: across * image.width() as f32 / self.size.width as f32,
            dy: down * image.height() as f32 / self.size.height as f32,
            degrees: found.pose.angle.to_degrees(),
            correlation: found.correlation,
            trusted: f64::from(found.correlation) >= good.bound,
        };
        // What is bad may be all that keeps an image from being aligned; one that shows something else is seen as it is.
        let is_likely =
            found.correlation >= LEAST_CORRELATION && across.hypot(down) <= good.moved[1];
        let to_image = match aligned.trusted || is_likely {
            true => lies,
            false => Move::NONE,
        };
        Sight {
            image: to_image.image(resized),
            frame: Frame {
                to_image,
                ..Frame::WHOLE
            },
            aligned: Some(aligned),
        }
    }
}
