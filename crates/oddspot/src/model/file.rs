//! The model file: one sealed `.safetensors` (documented in `docs/model-file.md`).

use std::collections::BTreeMap;
use std::path::Path;

use super::{Header, Model, examples};
use crate::error::{Error, ErrorKind, Result, Subject};
use crate::files::sealed::{Opened, Sealed, seal};
use crate::files::{NamedTensors, PackedTensors, Stored, TensorFile, atomic, check_finite};
use crate::images::{ImageSize, Kinds, begins_like_an_image};
use crate::net::learned::Learned;
use crate::net::network::widths_of;
use crate::net::tensors::{Shapes, TensorSpec};
use crate::settings::{Settings, Units};
use crate::terms;
use crate::terms::channels::ChannelStatistics;
use crate::verdict::FalseAlarms;
use crate::view;

/// Version of the file format.
pub const FORMAT: u32 = 6;

/// Metadata key of a model.
const KEY: &str = "oddspot.model";
/// Pieces of an image, at most: more than the largest image has pixels.
const MOST_PIECES: usize = 1 << 30;
/// Prefix of the teacher's weights.
const TEACHER: &str = "teacher.";

impl Model {
    /// Writes the file, replacing an older one whole.
    ///
    /// # Errors
    /// Tensors that are not finite, or a file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let bytes = self.to_bytes().map_err(|error| about(error, path))?;
        atomic::write_bytes(path, &bytes)
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Tensors that are not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut tensors = self.tensors.clone();
        for (name, tensor) in self.teacher.iter().flatten() {
            tensors.insert(format!("{TEACHER}{name}"), tensor.clone());
        }
        tensors.extend(self.statistics.tensors());
        let mut stored = BTreeMap::new();
        for (name, tensor) in &tensors {
            check_finite(name, &tensor.values)?;
            stored.insert(name.clone(), Stored::floats(tensor));
        }
        for (name, tensor) in &self.packed {
            stored.insert(name.clone(), Stored::packed(tensor));
        }
        seal(KEY, FORMAT, &self.header, &stored)
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// A file that is not a model, is of another format, damaged, or lacks a tensor; nothing
    /// of it is allocated before its header has been checked against its length.
    pub fn load(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Err(
                Error::model(path, "it is a folder: give a model file").of_kind(ErrorKind::Invalid)
            );
        }
        let model = TensorFile::open(path, Subject::Model).and_then(read);
        model.map_err(|error| match error.subject() {
            Subject::Model if begins_like_an_image(path) => {
                Error::model(path, "it is a picture, and no model").of_kind(ErrorKind::Invalid)
            }
            _ => about(error, path),
        })
    }

    /// Whether a file is a model, of whatever format; nothing but its header is read. False of one that is cut off.
    pub fn is_one(path: &Path) -> bool {
        path.is_file()
            && TensorFile::open(path, Subject::Model).is_ok_and(|file| file.metadata(KEY).is_some())
    }

    /// Reads a model from the bytes of its file.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Result<Self> {
        let path = Path::new("(from memory)");
        read(TensorFile::of_bytes(path, Subject::Model, bytes)?).map_err(|error| about(error, path))
    }
}

/// The same error as one about a model file.
fn about(error: Error, path: &Path) -> Error {
    match error.subject() {
        Subject::Model => error.in_file(path),
        Subject::Setting(name) => {
            let reason = format!("its settings: {name}: {}", error.reason());
            Error::model(path, reason)
        }
        Subject::File(_) => error,
        _ => Error::at(error.kind(), Subject::Model, path, error.reason()),
    }
}

fn damaged(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Damaged, Subject::Model, reason)
}

fn read(mut file: TensorFile) -> Result<Model> {
    if file.metadata(KEY).is_none() {
        let reason = match file.has_any(&["oddspot.checkpoint"]) {
            true => "it is the checkpoint of an unfinished training",
            false => "it is no model of this program's (a teacher's weights, perhaps)",
        };
        return Err(file.error(ErrorKind::Invalid, reason));
    }
    let sealed = Sealed::<Header>::read(&file, KEY, FORMAT)?;
    let learned = check_header(&sealed.header)?;
    check_shapes(&sealed.header, &learned, &file.shapes())?;
    let Opened {
        header,
        mut tensors,
        packed,
        ..
    } = sealed.open(&mut file, &[])?;
    check_packed(&header, &learned, &packed)?;
    let statistics = match header.settings.method.learns() {
        true => ChannelStatistics::take(learned.levels.len(), &mut tensors)?,
        false => ChannelStatistics::default(),
    };
    let of_teacher = |name: &str| name.starts_with(TEACHER);
    let weights: NamedTensors = tensors.extract_if(.., |name, _| of_teacher(name)).collect();
    let unprefixed = |(name, tensor): (String, _)| (name[TEACHER.len()..].to_owned(), tensor);
    Ok(Model {
        header,
        statistics,
        tensors,
        packed,
        teacher: (!weights.is_empty()).then(|| weights.into_iter().map(unprefixed).collect()),
    })
}

/// Checks what a header says, and gives the networks that it describes.
fn check_header(header: &Header) -> Result<Learned> {
    header.settings.validate()?;
    let moments = (header.terms.iter())
        .flat_map(|term| std::iter::once(&term.moments).chain(&term.image_level));
    let finite = moments
        .clone()
        .all(|m| m.mean.is_finite() && m.std.is_finite() && m.std > 0.0);
    let thresholds = &header.thresholds;
    let of_thresholds = [thresholds.image, thresholds.check, thresholds.pixel];
    if !finite || !of_thresholds.iter().all(|threshold| threshold.is_finite()) {
        return Err(damaged(
            "its statistics or thresholds are not finite numbers",
        ));
    }
    if !header.images.iter().all(Kinds::is_usable) {
        return Err(damaged("what it says of good images' files is of no use"));
    }
    check_alignment(header)?;
    check_pieces(header)?;
    let judged = match &header.calibration {
        Some(calibration) => calibration.good_images.len()..=calibration.good_images.len(),
        None => header.held_out_images.len()..=header.good_images(),
    };
    let images = thresholds.scores.good.len();
    let agree = |alarms: &FalseAlarms| alarms.images == images && alarms.left_out_alarms <= images;
    let alarms = [&thresholds.false_alarms, &thresholds.checks];
    if !judged.contains(&images) || !alarms.into_iter().all(agree) {
        return Err(damaged(
            "its count of false alarms and its good images do not agree",
        ));
    }
    if thresholds.check > thresholds.image {
        return Err(damaged("its thresholds lie in the wrong order"));
    }
    if !thresholds.scores.are_usable() {
        return Err(damaged("its scores and its good images do not agree"));
    }
    let levels = &header.teacher_levels;
    let in_range = |value: usize| (1..=4096).contains(&value);
    if !levels
        .iter()
        .all(|level| in_range(level.channels) && in_range(level.stride))
    {
        return Err(damaged(
            "its teacher's channels and strides do not lie between 1 and 4096",
        ));
    }
    let settings = &header.settings;
    let in_units = settings.detection.units == Units::Reached;
    let fits = |(kind, term): (&terms::Kind, &crate::verdict::TermStatistics)| {
        let levelled = (kind.fusing)(settings).levelled;
        let unit = match term.unit {
            Some(unit) => in_units && unit.is_finite() && unit > 0.0,
            None => !in_units,
        };
        kind.name == term.term && levelled == term.image_level.is_some() && unit
    };
    let count = terms::used(settings).count();
    if count != header.terms.len() || !terms::used(settings).zip(&header.terms).all(fits) {
        return Err(damaged(
            "its settings and its statistics do not fit together",
        ));
    }
    Learned::new(settings, levels).map_err(|error| damaged(error.reason()))
}

/// Checks what a header says of how good images lie.
fn check_alignment(header: &Header) -> Result<()> {
    let Some(good) = &header.alignment else {
        return Ok(());
    };
    let sides = [good.width, good.height];
    let usable = header.settings.alignment.aligns()
        && sides.iter().all(|side| (1..=256).contains(side))
        && (0.0..=1.0).contains(&good.bound);
    match usable {
        true => Ok(()),
        false => Err(damaged("what it says of how good images lie is of no use")),
    }
}

/// Checks what a header says of how many pieces good images give.
fn check_pieces(header: &Header) -> Result<()> {
    let pieces = &header.pieces;
    let usable = match header.settings.tile.is_none() {
        true => pieces.is_empty(),
        false => {
            pieces.len() == header.good_images()
                && (pieces.iter()).all(|count| (1..=MOST_PIECES).contains(count))
        }
    };
    match usable {
        true => Ok(()),
        false => Err(damaged(
            "its counts of pieces and its good images do not agree",
        )),
    }
}

fn about_terms<'a>(header: &'a Header, learned: &'a Learned) -> terms::About<'a> {
    terms::About {
        settings: &header.settings,
        learned,
        good_pieces: header.good_pieces(),
    }
}

/// What the good images that lie in the model need.
fn of_examples(header: &Header) -> Option<TensorSpec> {
    examples::specs(header.examples.len(), header.settings.image_size)
}

/// What a model keeps, if it does, of what is inspected.
fn of_view(header: &Header, has: impl Fn(&str) -> bool) -> Vec<TensorSpec> {
    let Settings {
        image_size, tile, ..
    } = header.settings;
    view::packed_specs(image_size, !tile.is_none(), has)
}

/// Refuses tensors that are of 8 bits where floats are needed, or the other way round.
fn check_packed(header: &Header, learned: &Learned, packed: &PackedTensors) -> Result<()> {
    let about = about_terms(header, learned);
    let of_terms = terms::used(&header.settings).flat_map(|kind| (kind.packed)(&about));
    let of_view = of_view(header, |name| packed.contains_key(name));
    let specs = of_terms.chain(of_view).chain(of_examples(header));
    let needed: std::collections::BTreeSet<String> = specs.map(|spec| spec.name).collect();
    let wrong = (packed.keys().find(|name| !needed.contains(*name)))
        .or_else(|| needed.iter().find(|name| !packed.contains_key(*name)));
    match wrong {
        None => Ok(()),
        Some(name) => Err(damaged(format!(
            "its tensor '{name}' is of another type than it must be"
        ))),
    }
}

/// Holds the names and shapes that the file claims against its settings.
fn check_shapes(header: &Header, learned: &Learned, shapes: &Shapes) -> Result<()> {
    let settings = &header.settings;
    let mut needed = learned.tensors();
    if settings.method.learns() {
        needed.extend(ChannelStatistics::specs(
            settings.training.feature_norm,
            &header.teacher_levels,
        ));
    }
    if let Some(good) = &header.alignment {
        needed.extend(view::specs(ImageSize {
            width: good.width,
            height: good.height,
        }));
    }
    needed.extend(of_examples(header));
    needed.extend(of_view(header, |name| shapes.contains_key(name)));
    let about = about_terms(header, learned);
    for kind in terms::used(settings) {
        needed.extend((kind.tensors)(&about));
        needed.extend((kind.packed)(&about));
    }
    let named: std::collections::BTreeSet<&str> =
        needed.iter().map(|spec| spec.name.as_str()).collect();
    let strip = |(name, shape): (&String, &Vec<usize>)| {
        let weight = name
            .strip_prefix(TEACHER)
            .filter(|_| !named.contains(name.as_str()));
        weight.map(|weight| (weight.to_owned(), shape.clone()))
    };
    let weights: Shapes = shapes.iter().filter_map(strip).collect();
    if !weights.is_empty() {
        let describe = header.teacher.architecture.describe;
        let network = describe(&widths_of(&weights)).and_then(|network| {
            network.check(&weights)?;
            Ok(network)
        });
        let network = network.map_err(|error| damaged(error.reason()))?;
        if network.levels() != header.teacher_levels {
            return Err(damaged(
                "its teacher's levels are not those it was trained for",
            ));
        }
        needed.extend(network.tensors().into_iter().map(|spec| TensorSpec {
            name: format!("{TEACHER}{}", spec.name),
            ..spec
        }));
    }
    for spec in &needed {
        let found = shapes
            .get(&spec.name)
            .ok_or_else(|| damaged(format!("it lacks the tensor '{}'", spec.name)))?;
        spec.check(found).map_err(|error| damaged(error.reason()))?;
    }
    let known: std::collections::BTreeSet<&str> =
        needed.iter().map(|spec| spec.name.as_str()).collect();
    match shapes.keys().find(|name| !known.contains(name.as_str())) {
        Some(name) => Err(damaged(format!(
            "its tensor '{name}' belongs to no network"
        ))),
        None => Ok(()),
    }
}
