//! What is said of good images as files: the bits and colours that they use, how they were saved, and what hides them.

use std::collections::BTreeMap;

use super::super::bits::FAR;
use super::super::observer::GoodFiles;
use super::{Naming, Remark, named};
use crate::images::{BitDepth, Kind, Kinds};

/// Of what good images are as files, where that asks for a word.
pub(super) fn of_files(files: &GoodFiles, naming: Naming) -> Vec<Remark> {
    let GoodFiles {
        kinds, bit_depth, ..
    } = *files;
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
    told.extend(of_depths(files, naming));
    told.extend(of_cut_off(files, naming));
    told.extend(of_veiled(files));
    told.extend(of_flat(kinds));
    told.extend(of_colours(files));
    told.extend(Kinds::of(kinds).as_ref().and_then(of_losses));
    told
}

/// The first names of images that are so, and how many are.
fn those(files: &GoodFiles, is_so: impl Fn(usize, &Kind) -> bool) -> (String, usize) {
    let all = files.kinds.iter().zip(files.names).enumerate();
    let so = all.filter(|(at, (kind, _))| is_so(*at, kind));
    let names: Vec<&str> = so.map(|(_, (_, name))| *name).collect();
    (named(names.iter().copied()), names.len())
}

/// Of good images of which some use far more of their bits than others: one white suits only these or those.
fn of_depths(files: &GoodFiles, naming: Naming) -> Option<Remark> {
    let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
    for bits in files.in_use.iter().flatten() {
        *counts.entry(*bits).or_default() += 1;
    }
    // Of equals the fewer bits: the others may have been scaled.
    let (&most, &count) = counts.iter().rev().max_by_key(|(_, count)| **count)?;
    let of = |at: usize| files.in_use.get(at).copied().flatten();
    let (names, others) = those(files, |at, _| {
        of(at).is_some_and(|bits| bits.abs_diff(most) >= FAR)
    });
    let far = counts.keys().filter(|bits| bits.abs_diff(most) >= FAR);
    let far: Vec<String> = far.map(u8::to_string).collect();
    (others > 0).then(|| {
        Remark::warning(format!(
            "{count} of {} good images use {most} bits of their samples, and {others} {} {}: {names}; a model of both \
             fits neither well. Take away what is odd, or set {}",
            files.kinds.len(),
            if others == 1 { "uses" } else { "use" },
            far.join(" or "),
            naming("bit_depth", Some(&most.to_string()))
        ))
    })
}

fn of_cut_off(files: &GoodFiles, naming: Naming) -> Option<Remark> {
    let (names, cut_off) = those(files, |_, kind| kind.cut_off);
    (cut_off > 0).then(|| {
        Remark::warning(format!(
            "{cut_off} of {} good images have samples above what {} takes for white: they are cut off there ({names})",
            files.kinds.len(),
            naming("bit_depth", None)
        ))
    })
}

fn of_veiled(files: &GoodFiles) -> Option<Remark> {
    let (names, veiled) = those(files, |_, kind| kind.veiled);
    (veiled > 0).then(|| {
        Remark::warning(format!(
            "{veiled} of {} good images are nearly black by the alpha of their files, and their colours beneath are not: \
             {names}; save them without alpha, if that is not meant",
            files.kinds.len()
        ))
    })
}

/// Of good images of which some are grey and others in colour.
fn of_colours(files: &GoodFiles) -> Option<Remark> {
    // What shows nothing is grey anyhow.
    let (grey_names, grey) = those(files, |_, kind| kind.grey && !kind.flat);
    let (names, coloured) = those(files, |_, kind| !kind.grey && !kind.flat);
    let rarer = if coloured < grey { names } else { grey_names };
    (grey > 0 && coloured > 0).then(|| {
        Remark::advice(format!(
            "{grey} of {} good images are grey and {coloured} in colour: a model of both fits neither well; take those \
             that are as the images to judge will be (look at {rarer})",
            files.kinds.len()
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

#[cfg(test)]
mod tests {
    use super::super::Weight;
    use super::*;
    use crate::images::ImageSize;

    fn naming(name: &str, value: Option<&str>) -> String {
        format!("<{name} {}>", value.unwrap_or("of any"))
    }

    const KIND: Kind = Kind {
        size: ImageSize::square(256),
        bits: 16,
        grey: true,
        flat: false,
        says_bits: false,
        cut_off: false,
        veiled: false,
        lossy: None,
    };

    /// What is said of images of which these bits are in use.
    fn told_of(kinds: &[Kind], in_use: &[Option<u8>], bits: u8) -> Vec<Remark> {
        let names = ["0.png", "1.png", "2.png", "3.png", "4.png", "5.png"];
        let files = GoodFiles {
            kinds,
            names: &names[..kinds.len()],
            in_use,
            bit_depth: BitDepth::Of(bits),
        };
        of_files(&files, &naming)
    }

    #[test]
    fn bits_and_flat_images_are_told_with_their_count() {
        let kind = Kind {
            flat: true,
            cut_off: true,
            ..KIND
        };
        let kinds = [
            kind,
            Kind {
                bits: 8,
                flat: false,
                ..kind
            },
        ];
        let told = told_of(&kinds, &[Some(16), None], 12);
        let weights: Vec<Weight> = told.iter().map(|remark| remark.weight).collect();
        assert_eq!(weights, [Weight::Note, Weight::Warning, Weight::Warning]);
        let told: Vec<String> = told.iter().map(Remark::line).collect();
        assert!(
            told[0].contains("1 of 2 good images have 16 bits") && told[0].contains("4095 (12")
        );
        assert!(told[1].contains("2 of 2 good images have samples above"));
        assert!(told[1].ends_with("(0.png, 1.png)"), "{told:?}");
        assert!(told[2].contains("1 of 2 good images show a single colour"));
    }

    #[test]
    fn images_that_use_far_more_bits_than_others_are_named() {
        let said = |bits: [u8; 6]| {
            let told = told_of(&[KIND; 6], &bits.map(Some), 12);
            told.get(1).map(Remark::line)
        };
        let said_of = |bits| said(bits).unwrap();
        let one = said_of([12, 12, 16, 12, 10, 12]);
        let expected =
            "warning: 4 of 6 good images use 12 bits of their samples, and 1 uses 16: 2.png; ";
        assert!(one.starts_with(expected), "{one}");
        assert!(one.ends_with("set <bit_depth 12>"), "{one}");
        let half = said_of([16, 12, 16, 12, 16, 12]);
        let expected =
            "3 of 6 good images use 12 bits of their samples, and 3 use 16: 0.png, 2.png, 4.png; ";
        assert!(half.contains(expected), "{half}");
        assert_eq!(said([12, 12, 14, 14, 12, 14]), None);
        assert_eq!(told_of(&[KIND; 6], &[], 12).len(), 1);
    }

    #[test]
    fn images_that_their_alpha_hides_and_some_that_are_grey_are_named() {
        let veiled = Kind {
            veiled: true,
            bits: 8,
            ..KIND
        };
        let coloured = Kind {
            veiled: false,
            grey: false,
            ..veiled
        };
        let told = told_of(&[veiled, coloured, coloured], &[], 8);
        assert_eq!(told.len(), 2, "{told:?}");
        let hidden = "warning: 1 of 3 good images are nearly black by the alpha of their files";
        assert!(told[0].line().starts_with(hidden) && told[0].words.contains(": 0.png;"));
        let mixed = "1 of 3 good images are grey and 2 in colour";
        assert!(told[1].words.starts_with(mixed), "{told:?}");
        assert!(told[1].words.ends_with("(look at 0.png)"), "{told:?}");
        assert_eq!(told[1].weight, Weight::Advice);
        let grey = Kind {
            grey: true,
            ..coloured
        };
        let told = told_of(&[grey, coloured, grey], &[], 8);
        assert!(told[0].words.ends_with("(look at 1.png)"), "{told:?}");
        assert!(told_of(&[grey; 3], &[], 8).is_empty());
        let black = Kind { flat: true, ..grey };
        let told = told_of(&[black, coloured], &[], 8);
        assert!(told.len() == 1 && told[0].words.contains("single colour"));
    }
}
