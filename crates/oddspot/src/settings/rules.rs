//! Rules between settings: what holds for one because of others. The range of each alone is in its row.

use super::spelling::Spelling;
use super::{Method, PATCH_RADIUS, Settings, Tile, rows};
use crate::error::{Error, Result};
use crate::images::ImageSize;

/// A rule between settings.
struct Rule {
    /// The setting that it speaks of.
    of: &'static str,
    /// Why settings break it, and what would not; nothing where they keep it.
    broken: fn(&Settings) -> Option<String>,
}

/// In the order in which they are checked; each may trust in those before it.
const RULES: &[Rule] = &[
    Rule {
        of: "image_size",
        broken: the_network_halves_an_image_three_times,
    },
    Rule {
        of: "image_size",
        broken: an_image_holds_a_pair,
    },
    Rule {
        of: "tile",
        broken: pieces_are_not_aligned,
    },
    Rule {
        of: "tile_overlap",
        broken: pieces_share_less_than_half,
    },
    Rule {
        of: "position.offset",
        broken: a_pair_lies_on_the_students_grid,
    },
    Rule {
        of: "student.widths",
        broken: activations_fit_into_memory,
    },
    Rule {
        of: "image_size",
        broken: a_teacher_fits_into_memory,
    },
    Rule {
        of: "training.level_weights",
        broken: a_level_counts,
    },
    Rule {
        of: "closed_form.memory_weight",
        broken: a_term_is_left,
    },
];

impl Settings {
    /// Checks every setting against its range, and the rules between them.
    ///
    /// # Errors
    /// The first setting at fault: its name, what is wrong and what works.
    pub fn validate(&self) -> Result<()> {
        rows().try_for_each(|row| row.check(self))?;
        (RULES.iter()).try_for_each(|rule| match (rule.broken)(self) {
            Some(reason) => Err(Error::setting(rule.of, reason)),
            None => Ok(()),
        })
    }
}

fn the_network_halves_an_image_three_times(settings: &Settings) -> Option<String> {
    let size = settings.image_size;
    let nearest = |side: usize| ((side + 4) / 8 * 8).max(8);
    let whole = ImageSize {
        width: nearest(size.width),
        height: nearest(size.height),
    };
    (whole != size)
        .then(|| format!("{size}: each side must be a multiple of 8; the nearest is {whole}"))
}

fn an_image_holds_a_pair(settings: &Settings) -> Option<String> {
    let ImageSize { width, height } = settings.image_size;
    let offset = settings.position.offset;
    let patch = 2 * PATCH_RADIUS + 1;
    let pair = patch + offset;
    let holds = width.min(height) >= patch && width.max(height) >= pair;
    (settings.method == Method::Full && !holds).then(|| {
        let least = ImageSize::square(pair.next_multiple_of(8));
        format!(
            "{width}x{height} is too small for any pair of {patch}-pixel patches {offset} pixels \
             apart: the smallest square that works is {least}; raise image_size or lower \
             position.offset"
        )
    })
}

/// What is seen of a piece does not tell where the image lies.
fn pieces_are_not_aligned(settings: &Settings) -> Option<String> {
    let cuts = !settings.tile.is_none() && settings.alignment.aligns();
    cuts.then(|| {
        format!(
            "{}: images that are cut into pieces cannot be aligned; set alignment to none, or tile to none",
            settings.tile.spell()
        )
    })
}

fn pieces_share_less_than_half(settings: &Settings) -> Option<String> {
    let Tile::Of(size) = settings.tile else {
        return None;
    };
    let (overlap, side) = (settings.tile_overlap, size.width.min(size.height));
    (2 * overlap >= side).then(|| {
        format!("{overlap}: must be less than half of the shorter side of a piece ({side} pixels)")
    })
}

fn a_pair_lies_on_the_students_grid(settings: &Settings) -> Option<String> {
    let (offset, stride) = (settings.position.offset, settings.student.output_stride);
    (!offset.is_multiple_of(stride))
        .then(|| format!("{offset}: must be a multiple of student.output_stride ({stride})"))
}

/// Numbers of 4 bytes that take 2 GiB.
const MOST_VALUES: u128 = 1 << 29;
/// Channels that teachers have at each pixel.
const TEACHER_CHANNELS: u128 = 64;

/// Settings whose activations would take more than 2 GiB: a file of settings or a model may claim any.
fn activations_fit_into_memory(settings: &Settings) -> Option<String> {
    if !settings.method.learns() {
        return None;
    }
    let [c1, c2, c3, c4] = settings.student.widths;
    let stride = settings.student.output_stride;
    let ImageSize { width, height } = settings.image_size;
    let (pixels, batch) = ((width * height) as u128, settings.training.batch);
    let of_pairs = (batch * settings.position.pairs) as u128;
    let widest = c4.max(settings.position.hidden);
    if of_pairs * widest as u128 > MOST_VALUES {
        return Some(format!(
            "{of_pairs} pairs of {batch} images with {widest} values each take more memory than is \
             let to them; lower position.pairs or training.batch"
        ));
    }
    let activations = [
        (1, c1),
        (stride.min(2), c2),
        (stride.min(4), c3),
        (stride, c4.max(settings.position.hidden)),
    ];
    let values = |&(step, channels): &(usize, usize)| {
        pixels / (step * step) as u128 * channels as u128 * batch as u128
    };
    let all: u128 = activations.iter().map(values).sum();
    let largest = activations.iter().max_by_key(|one| values(one));
    largest.filter(|_| all > MOST_VALUES).map(|(step, channels)| {
        format!(
            "{channels} channels at every {step} pixels of {batch} images of {width}x{height}, and the other layers, \
             take more than 2 GiB of memory; lower student.widths, image_size or training.batch, or raise \
             student.output_stride"
        )
    })
}

/// Images of which the first layer of a teacher would take more than 2 GiB.
fn a_teacher_fits_into_memory(settings: &Settings) -> Option<String> {
    let ImageSize { width, height } = settings.image_size;
    let values = TEACHER_CHANNELS * (width * height) as u128;
    (values > MOST_VALUES).then(|| {
        format!(
            "{width}x{height}: a teacher takes more than 2 GiB of memory for it; lower image_size, or set tile, which \
             looks at pieces of the images' own scale"
        )
    })
}

/// Without trained terms one of the closed form must count.
fn a_term_is_left(settings: &Settings) -> Option<String> {
    let closed_form = &settings.closed_form;
    let none = closed_form.gaussian_weight == 0.0 && closed_form.memory_weight == 0.0;
    (!settings.method.learns() && none).then(|| {
        "0: the method 'instant' has closed-form terms alone; one of closed_form.gaussian_weight and \
         closed_form.memory_weight must be above 0"
            .to_owned()
    })
}

fn a_level_counts(settings: &Settings) -> Option<String> {
    let weights = settings.training.level_weights;
    (weights == [0.0; 3]).then(|| "0,0,0: one at least must be above 0".to_owned())
}
