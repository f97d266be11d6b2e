//! What is said of good images before they are learned: how far they are shrunk, and what would show more.

use std::collections::BTreeMap;

use super::super::observer::GoodFiles;
use super::files::of_files;
use super::{Naming, Remark, named};
use crate::images::{ImageSize, Kind};
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

/// Of what good images are, where that asks for a word.
pub fn of_images(files: &GoodFiles, settings: &Settings, naming: Naming) -> Vec<Remark> {
    let mut told = of_files(files, naming);
    told.extend(of_shapes(files.kinds, settings, naming));
    told
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
            veiled: false,
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
}
