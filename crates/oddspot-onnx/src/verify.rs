//! Runs an export, by an engine that is not oddspot's own, and compares what it says with what the model says.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use image::RgbImage;
use oddspot::error::{Error, ErrorKind, Result, Subject};
use oddspot::images::ImageSize;
use oddspot::judge::Detection;
use oddspot::maps::ScoreMap;
use oddspot::verdict::AnomalyMaps;
use prost::Message;
use tract_onnx::prelude::*;

use crate::card::{Card, FORMAT, KEY};
use crate::fuse::Says;
use crate::input::{Batch, Layout};
use crate::schema::ModelProto;

/// An export made ready to run. Threads may share it.
pub struct Runner {
    card: Card,
    layout: Layout,
    batch: usize,
    /// Names of the outputs, in order.
    outputs: Vec<String>,
    plan: Arc<TypedRunnableModel>,
}

/// What an export says of an image.
pub struct Said {
    /// The image's score.
    pub score: f32,
    /// Its maps by their names, row by row.
    pub maps: BTreeMap<String, Vec<f32>>,
}

impl Runner {
    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, that is no export or a damaged one.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        let refused = |reason: String| {
            Err(Error::at(
                ErrorKind::Invalid,
                Subject::File("use"),
                path,
                reason,
            ))
        };
        let Ok(model) = ModelProto::decode(&bytes[..]) else {
            return refused("it is no ONNX file, or a damaged one".to_owned());
        };
        let mut metadata = model.metadata_props.iter();
        let card = metadata.find(|entry| entry.key.as_deref() == Some(KEY));
        let Some(card) = card.and_then(|entry| entry.value.as_deref()) else {
            return refused(
                "it is no export of oddspot: nothing in it says what it is of".to_owned(),
            );
        };
        let Ok(card) = serde_json::from_str::<Card>(card) else {
            return refused(
                "what it says of itself cannot be read: it is damaged, or of another version"
                    .to_owned(),
            );
        };
        if card.format != FORMAT {
            return refused(format!(
                "it is an export of format {}; this program reads {FORMAT}",
                card.format
            ));
        }
        match Self::of(card, &model, &bytes) {
            Ok(runner) => Ok(runner),
            Err(reason) => refused(format!(
                "its graph cannot be run: {reason}; it may be damaged"
            )),
        }
    }

    fn of(card: Card, model: &ModelProto, bytes: &[u8]) -> Result<Self, String> {
        let layout: Layout = card.input.layout.parse()?;
        let batch = match card.input.batch.parse()? {
            Batch::Of(count) => count,
            Batch::Dynamic => 1,
        };
        let size = card.size();
        let outputs = model.graph.iter().flat_map(|graph| &graph.output);
        let outputs = outputs.filter_map(|output| output.name.clone()).collect();
        let axes = layout.axes(size);
        let shape: TVec<usize> = std::iter::once(batch).chain(axes).collect();
        let fact = match layout {
            Layout::U8Nhwc => u8::fact(&shape),
            Layout::F32Nchw => f32::fact(&shape),
        };
        let plan = || -> TractResult<_> {
            let graph = onnx().model_for_read(&mut &*bytes)?;
            let graph = graph.with_input_fact(0, fact.into())?;
            graph.into_optimized()?.into_runnable()
        };
        let plan = plan().map_err(|error| first_line(&error))?;
        Ok(Self {
            card,
            layout,
            batch,
            outputs,
            plan,
        })
    }

    /// What the file says of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// What it says of an image of its input's size.
    ///
    /// # Errors
    /// An image of another size; a graph that fails.
    pub fn run(&self, image: &RgbImage) -> Result<Said> {
        let size = self.card.size();
        if ImageSize::of(image) != size {
            return Err(Error::internal(format!(
                "an image of another size than {size}"
            )));
        }
        self.said(image).map_err(|error| {
            let reason = format!("its graph fails: {}", first_line(&error));
            Error::new(ErrorKind::Invalid, Subject::File("run"), reason)
        })
    }

    fn said(&self, image: &RgbImage) -> TractResult<Said> {
        let axes = self.layout.axes(self.card.size());
        let shape: TVec<usize> = std::iter::once(self.batch).chain(axes).collect();
        let input = match self.layout {
            Layout::U8Nhwc => Tensor::from_shape(&shape, &image.as_raw().repeat(self.batch))?,
            Layout::F32Nchw => {
                Tensor::from_shape(&shape, &channels_first(image).repeat(self.batch))?
            }
        };
        let found = self.plan.run(tvec!(input.into()))?;
        let mut said = Said {
            score: f32::NAN,
            maps: BTreeMap::new(),
        };
        for (name, values) in self.outputs.iter().zip(&found) {
            let values = values.to_plain_array_view::<f32>()?;
            let count = values.len() / self.batch;
            let of_first: Vec<f32> = values.iter().take(count).copied().collect();
            match (&**name, of_first.first()) {
                ("score", Some(&score)) => said.score = score,
                _ => drop(said.maps.insert(name.clone(), of_first)),
            }
        }
        Ok(said)
    }
}

impl Card {
    /// The size that images are brought to.
    pub fn size(&self) -> ImageSize {
        ImageSize {
            width: self.resize.width,
            height: self.resize.height,
        }
    }
}

/// Levels over 255, channel by channel.
fn channels_first(image: &RgbImage) -> Vec<f32> {
    let of_channel = |channel: usize| {
        image
            .pixels()
            .map(move |pixel| f32::from(pixel[channel]) / 255.0)
    };
    (0..3).flat_map(of_channel).collect()
}

fn first_line(error: &TractError) -> String {
    let text = format!("{error:#}");
    text.lines().next().unwrap_or_default().to_owned()
}

/// How many times as far as a score a pixel may lie apart: a component of `memory` that is rounded the other way moves its
/// place alone.
pub const PIXELS: f64 = 10.0;

/// How far an export lies from its model, over some images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// Images that were compared.
    pub images: usize,
    /// The largest of scores.
    pub score: f32,
    /// The largest of any map at any pixel.
    pub map: f32,
    /// The name of that map.
    pub where_largest: String,
    /// The largest of a map over all of its pixels, in the mean.
    pub mean: f64,
    /// The least and the greatest value of the model's own maps.
    pub range: Option<[f32; 2]>,
    /// Images whose verdict by the score is another.
    pub flipped: usize,
    /// Of each image, in their order.
    pub apart: Vec<Apart>,
}

/// How far an export lies from its model in one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// The model's own score.
    pub own: f32,
    /// How far the export's lies from it.
    pub score: f32,
    /// The largest difference of any map at any pixel.
    pub map: f32,
}

impl Differences {
    /// Takes in an image.
    ///
    /// # Errors
    /// A map that the export lacks, or of another size.
    pub fn add(&mut self, detection: &Detection, said: &Said, flipped: bool) -> Result<()> {
        self.images += 1;
        self.flipped += usize::from(flipped);
        let mut apart = Apart {
            own: detection.score,
            score: (detection.score - said.score).abs(),
            map: 0.0,
        };
        self.score = larger(self.score, apart.score);
        let maps = &detection.maps;
        apart.map = larger(apart.map, self.compare("map", &maps.total, said)?);
        for says in Says::ALL {
            let terms = maps.terms.iter();
            let of_these = terms.filter(|term| Says::of(term.kind) == says).cloned();
            let of_these: Vec<_> = of_these.collect();
            if !of_these.is_empty() {
                let of_these = AnomalyMaps::of(of_these).total;
                apart.map = larger(apart.map, self.compare(says.name(), &of_these, said)?);
            }
        }
        for term in &maps.terms {
            apart.map = larger(apart.map, self.compare(term.kind.name, &term.map, said)?);
        }
        self.apart.push(apart);
        let [least, greatest] = self.range.unwrap_or([f32::INFINITY, f32::NEG_INFINITY]);
        let values = maps.total.values.iter().copied();
        self.range = Some(values.fold([least, greatest], |[least, greatest], value| {
            [least.min(value), greatest.max(value)]
        }));
        Ok(())
    }

    /// Takes in a map; gives how far it lies apart where that is most.
    fn compare(&mut self, name: &str, map: &ScoreMap, said: &Said) -> Result<f32> {
        let found = said
            .maps
            .get(name)
            .filter(|found| found.len() == map.values.len());
        let Some(found) = found else {
            let reason = format!("it has no output '{name}' of the model's size");
            return Err(Error::new(
                ErrorKind::Mismatch,
                Subject::File("compare"),
                reason,
            ));
        };
        let apart = || {
            map.values
                .iter()
                .zip(found)
                .map(|(own, other)| (own - other).abs())
        };
        let largest = apart().fold(0.0, larger);
        let mean = apart().map(f64::from).sum::<f64>() / map.values.len().max(1) as f64;
        self.mean = self.mean.max(mean);
        if larger(largest, self.map).total_cmp(&self.map).is_gt() {
            self.map = largest;
            name.clone_into(&mut self.where_largest);
        }
        Ok(largest)
    }

    /// The width of the range of the model's maps.
    pub fn width(&self) -> f32 {
        self.range.map_or(0.0, |[least, greatest]| greatest - least)
    }

    /// What differences are a share of in images of usual scores: the threshold, or the range of the maps if that is less.
    pub fn unit(&self, threshold: f64) -> f64 {
        let range = f64::from(self.width());
        // A threshold that is not above 0 measures nothing.
        match threshold > 0.0 {
            true => range.min(threshold),
            false => range,
        }
    }

    /// Whether no verdict is another, no score lies apart by more than a share of the [`unit`](Self::unit), or of the score
    /// itself where that is more, for digits are lost of it; and no pixel by more than [`PIXELS`] times that.
    pub fn within(&self, tolerance: f64, threshold: f64) -> bool {
        let unit = self.unit(threshold);
        let is_near = |apart: &Apart| {
            let most = tolerance * unit.max(f64::from(apart.own));
            f64::from(apart.score) <= most && f64::from(apart.map) <= PIXELS * most
        };
        self.flipped == 0 && self.apart.iter().all(is_near)
    }
}

/// The larger of two; what is no number is larger than all.
fn larger(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() {
        f32::NAN
    } else {
        a.max(b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(apart: &[[f32; 3]]) -> Differences {
        let apart = apart
            .iter()
            .map(|&[own, score, map]| Apart { own, score, map });
        Differences {
            range: Some([0.0, 9485.0]),
            apart: apart.collect(),
            ..Differences::default()
        }
    }

    #[test]
    fn an_odd_image_does_not_widen_what_is_allowed_of_others() {
        let (tolerance, threshold) = (1e-3, 4.6);
        // Digits of a high score are lost, and none of a usual one.
        assert!(of(&[[9485.0, 0.016, 0.02]]).within(tolerance, threshold));
        assert!(of(&[[9485.0, 0.016, 0.02], [4.0, 0.004, 0.04]]).within(tolerance, threshold));
        assert!(!of(&[[9485.0, 0.016, 0.02], [4.0, 0.016, 0.0]]).within(tolerance, threshold));
        assert!(!of(&[[9485.0, 0.016, 0.02], [4.0, 0.0, 0.1]]).within(tolerance, threshold));
        assert!(!of(&[[4.0, f32::NAN, 0.0]]).within(tolerance, threshold));
        let flipped = Differences {
            flipped: 1,
            ..of(&[[4.0, 0.0, 0.0]])
        };
        assert!(!flipped.within(tolerance, threshold));
    }

    #[test]
    fn the_unit_is_the_threshold_or_a_range_that_is_less() {
        let mut differences = of(&[]);
        assert!((differences.unit(4.6) - 4.6).abs() < 1e-9);
        assert!((differences.unit(-0.5) - 9485.0).abs() < 1e-9);
        differences.range = Some([1.0, 3.0]);
        assert!((differences.unit(4.6) - 2.0).abs() < 1e-9);
    }
}
