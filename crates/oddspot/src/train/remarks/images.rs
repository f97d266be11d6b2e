//! What is said of good images before they are learned: how far they are shrunk, and what would show more.

use std::collections::BTreeMap;

use super::{Naming, Remark, named};
use crate::images::{BitDepth, ImageSize, Kind, Kinds};
use crate::net::teachers::{BUILTIN, RANDOM, TeacherIdentity};
use crate::settings::{Alignment, Settings, Tile};
use crate::view::GoodAlignment;

/// Times that a side may be shrunk without a word.
const MOST_SHRUNK: f64 = 4.0;
/// Times that one side may be shrunk more than the other.
const MOST_SQUASHED: f64 = 1.5;
/// Pixels that an image of another size is given, where that shrinks it less.
const PIXELS: f64 = (512 * 512) as f64;
/// The longest side that an image size may have.
const LONGEST: f64 = 4096.0;
/// Sides are multiples of it: that suits every teacher.
const STEP: usize = 16;

/// Of a teacher that hardly tells images apart.
pub fn of_teacher(teacher: &TeacherIdentity, naming: Naming) -> Option<Remark> {
    (teacher.name == RANDOM).then(|| {
        Remark::advice(format!(
            "the random teacher has seen no image: misplaced parts are found, fine defects hardly; the default, {}, has \
             learned from images",
            naming("teacher", Some(BUILTIN))
        ))
    })
}

/// Of how good images lie, where they are aligned; `None` of images that have too little in common.
pub fn of_alignment(good: Option<&GoodAlignment>, asked: Alignment, naming: Naming) -> Vec<Remark> {
    let Some(good) = good else {
        return vec![Remark::warning(
            "the good images have too little in common to be aligned: they are looked at as they are".to_owned(),
        )];
    };
    let ([moved, farthest], [turned, most]) = (good.moved, good.turned);
    let mut text = format!(
        "aligned: good images are moved by {moved:.1} pixels (median), {farthest:.1} at most"
    );
    if most > 0.0 {
        text += &format!(", and turned by {turned:.1}°, {most:.1}° at most");
    }
    if asked == Alignment::Auto {
        let as_they_lie = naming("alignment", Some(Alignment::None.name()));
        text += &format!("; {as_they_lie} looks at them as they lie");
    }
    let mut told = vec![
        Remark::note(text),
        Remark::note(format!(
            "an image could not be aligned if its edges agree with theirs by less than {:.2}; good ones reach \
             {:.2} (median)",
            good.bound, good.correlation
        )),
    ];
    if !good.not_aligned.is_empty() {
        let names = named(good.not_aligned.iter().map(String::as_str));
        told.push(Remark::warning(format!(
            "these good images could not be aligned: {names}; look whether they show the same"
        )));
    }
    told
}

/// Of what good images are as files, where that asks for a word.
pub fn of_images(
    kinds: &[Kind],
    bit_depth: BitDepth,
    settings: &Settings,
    naming: Naming,
) -> Vec<Remark> {
    let mut told = Vec::new();
    let deep = kinds.iter().filter(|kind| kind.bits == 16).count();
    if let (1.., BitDepth::Of(bits @ 1..=16)) = (deep, bit_depth) {
        let white = u16::MAX >> (16 - bits);
        told.push(Remark::note(format!(
            "{deep} of {} good images have 16 bits a sample: white is {white} ({bits} bits); {} says otherwise",
            kinds.len(),
            naming("bit_depth", None)
        )));
    }
    told.extend(of_cut_off(kinds, naming));
    told.extend(of_flat(kinds));
    told.extend(Kinds::of(kinds).as_ref().and_then(of_losses));
    told.extend(of_shapes(kinds, settings, naming));
    told
}

fn of_cut_off(kinds: &[Kind], naming: Naming) -> Option<Remark> {
    let cut_off = kinds.iter().filter(|kind| kind.cut_off).count();
    (cut_off > 0).then(|| {
        Remark::warning(format!(
            "{cut_off} of {} good images have samples above what {} takes for white: they are cut off there",
            kinds.len(),
            naming("bit_depth", None)
        ))
    })
}

/// Of good images of which some were saved with losses, and others without.
pub fn of_losses(kinds: &Kinds) -> Option<Remark> {
    let Kinds {
        images,
        lossy,
        lossless,
        ..
    } = *kinds;
    (lossy > 0 && lossless > 0).then(|| {
        Remark::advice(format!(
            "{lossy} of {images} good images were saved with losses, as JPEG does, and {lossless} without: a model of \
             both fits neither well; take those that are saved as the images to judge will be"
        ))
    })
}

fn of_flat(kinds: &[Kind]) -> Option<Remark> {
    let flat = kinds.iter().filter(|kind| kind.flat).count();
    (flat > 0).then(|| {
        Remark::warning(format!(
            "{flat} of {} good images show a single colour and nothing else: look at them, for \
             nothing can be learned from such",
            kinds.len()
        ))
    })
}

fn of_shapes(kinds: &[Kind], settings: &Settings, naming: Naming) -> Option<Remark> {
    // Pieces are looked at in their own shape, at the scale that was asked for.
    if settings.tile != Tile::None {
        return None;
    }
    let size = settings.image_size;
    let mut sizes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for kind in kinds {
        if loses(kind.size, size) {
            *sizes
                .entry((kind.size.width, kind.size.height))
                .or_default() += 1;
        }
    }
    let images: usize = sizes.values().sum();
    // The most frequent one stands for all; of equals the largest.
    let (&(width, height), _) = sizes.iter().max_by_key(|(_, images)| **images)?;
    let own = ImageSize { width, height };
    let mut text = format!(
        "{images} of {} good images are resized from {own} to {size}, {}; try ",
        kinds.len(),
        resized(shrunk(own, size))
    );
    if let Some(better) = better(own, settings) {
        let pixels = |size: ImageSize| (size.width * size.height) as f64;
        let times = (pixels(better) / pixels(size)).round();
        let cost = match times > 1.0 {
            true => format!(" (judging takes about {times} times as long)"),
            false => String::new(),
        };
        let advised = naming("image_size", Some(&better.to_string()));
        text += &format!("{advised}{cost} or ");
    }
    let tile = naming("tile", Some(&size.width.min(size.height).to_string()));
    Some(Remark::warning(format!(
        "{text}{tile}, which cuts them into pieces"
    )))
}

/// What resizing does to what is in an image, in words.
fn resized([across, down]: [f64; 2]) -> String {
    match across.max(down) > MOST_SHRUNK {
        true => format!(
            "{across:.1} times smaller across and {down:.1} times down: small defects vanish"
        ),
        false => {
            let way = if across > down { "across" } else { "down" };
            let times = (across / down).max(down / across);
            format!("squashed {way} {times:.1} times more than the other way")
        }
    }
}

/// How many times smaller an image becomes, across and down.
fn shrunk(own: ImageSize, size: ImageSize) -> [f64; 2] {
    [
        own.width as f64 / size.width as f64,
        own.height as f64 / size.height as f64,
    ]
}

/// Whether an image is shrunk or squashed so far that what is small in it is not seen.
fn loses(own: ImageSize, size: ImageSize) -> bool {
    let [across, down] = shrunk(own, size);
    across.max(down) > MOST_SHRUNK || (across / down).max(down / across) > MOST_SQUASHED
}

/// A size of the image's own shape that it is shrunk to little; none that the settings could have.
fn better(own: ImageSize, settings: &Settings) -> Option<ImageSize> {
    let [width, height] = [own.width as f64, own.height as f64];
    let longest = width.max(height);
    let scale = (PIXELS / (width * height)).sqrt().max(1.0 / MOST_SHRUNK);
    let scale = scale.min(1.0).min(LONGEST / longest);
    let side = |side: f64| ((side * scale / STEP as f64).ceil() as usize).max(1) * STEP;
    let better = ImageSize {
        width: side(width),
        height: side(height),
    };
    let with_it = Settings {
        image_size: better,
        ..settings.clone()
    };
    let helps = better != settings.image_size && !loses(own, better);
    (helps && with_it.validate().is_ok()).then_some(better)
}

#[cfg(test)]
mod tests {
    use super::super::Weight;
    use super::*;

    fn naming(name: &str, value: Option<&str>) -> String {
        format!("<{name} {}>", value.unwrap_or("of any"))
    }

    fn told(size: &str, settings: &Settings) -> Option<String> {
        let kind = Kind {
            size: size.parse().unwrap(),
            bits: 8,
            grey: false,
            flat: false,
            says_bits: false,
            cut_off: false,
            lossy: None,
        };
        of_shapes(&[kind, kind], settings, &naming).map(|remark| remark.words)
    }

    #[test]
    fn images_that_keep_their_shape_and_detail_need_no_word() {
        for size in ["256x256", "1024x1024", "64x64", "900x650", "1024x700"] {
            assert_eq!(told(size, &Settings::default()), None, "{size}");
        }
    }

    #[test]
    fn what_is_squashed_is_told_with_a_size_that_keeps_its_shape() {
        let text = told("4096x256", &Settings::default()).unwrap();
        assert!(
            text.contains("2 of 2 good images are resized from 4096x256 to 256x256"),
            "{text}"
        );
        assert!(
            text.contains("<image_size 2048x128> (judging takes about 4 times"),
            "{text}"
        );
        assert!(text.contains("<tile 256>"), "{text}");
        let text = told("4000x3000", &Settings::default()).unwrap();
        assert!(text.contains("<image_size 1008x752>"), "{text}");
        // No size of that shape has room for a pair of patches.
        let text = told("29000x100", &Settings::default()).unwrap();
        assert!(
            !text.contains("image_size") && text.contains("try <tile 256>"),
            "{text}"
        );
        // And what was tried is not told again.
        let mut settings = Settings::default();
        settings.set("image_size", "2048x128").unwrap();
        assert_eq!(told("4096x256", &settings), None);
        settings.set("image_size", "1008x752").unwrap();
        assert_eq!(told("4000x3000", &settings), None);
        settings.set("tile", "256").unwrap();
        assert_eq!(told("4096x256", &settings), None);
    }

    #[test]
    fn who_left_it_to_the_images_is_told_how_they_are_looked_at_as_they_lie() {
        let mut good = GoodAlignment::default();
        good.turned = [77.5, 158.6];
        let told = |asked| of_alignment(Some(&good), asked, &naming)[0].line();
        let asked_for = told(Alignment::Rigid);
        assert!(asked_for.ends_with("turned by 77.5°, 158.6° at most"));
        let left_to_them = told(Alignment::Auto);
        assert!(left_to_them.contains(&asked_for));
        assert!(left_to_them.ends_with("; <alignment none> looks at them as they lie"));
    }

    #[test]
    fn bits_and_flat_images_are_told_with_their_count() {
        let kind = Kind {
            size: ImageSize::square(256),
            bits: 16,
            grey: true,
            flat: true,
            says_bits: false,
            cut_off: true,
            lossy: None,
        };
        let kinds = [
            kind,
            Kind {
                bits: 8,
                flat: false,
                ..kind
            },
        ];
        let told = of_images(&kinds, BitDepth::Of(12), &Settings::default(), &naming);
        let weights: Vec<Weight> = told.iter().map(|remark| remark.weight).collect();
        assert_eq!(weights, [Weight::Note, Weight::Warning, Weight::Warning]);
        let told: Vec<String> = told.iter().map(Remark::line).collect();
        assert!(
            told[0].contains("1 of 2 good images have 16 bits") && told[0].contains("4095 (12")
        );
        assert!(told[1].contains("2 of 2 good images have samples above"));
        assert!(told[2].contains("1 of 2 good images show a single colour"));
    }
}
