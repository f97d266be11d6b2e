use image::{Rgb, RgbImage};

use super::*;
use crate::images::{Reading, Source};

fn plate(width: u32, height: u32, colour: [u8; 3], seed: u32) -> Looks {
    let image = RgbImage::from_fn(width, height, |x, y| {
        let grain = (x * 7 + y * 13 + seed * 5) % 9;
        Rgb(colour.map(|level| level.saturating_add(grain as u8)))
    });
    Looks::of(&Source::from(image), Reading::default()).unwrap()
}

fn found(odd: Looks) -> Vec<Unlike> {
    let mut looks: Vec<Looks> = (0..9)
        .map(|seed| plate(60, 40, [120, 90, 70], seed))
        .collect();
    looks.push(odd);
    let mut found = unlike(&looks);
    let last = found.pop().unwrap();
    assert!(found.iter().all(Vec::is_empty), "{found:?}");
    last
}

#[test]
fn images_that_are_alike_are_not_named() {
    assert_eq!(found(plate(60, 40, [122, 91, 70], 77)), []);
    // Two kinds of equal number: none is the odd one.
    let sizes = [(60, 40), (60, 40), (50, 40), (50, 40)];
    let looks = sizes.map(|(width, height)| plate(width, height, [120, 90, 70], 1));
    assert!(unlike(&looks).iter().all(Vec::is_empty));
    assert_eq!(unlike(&[]), Vec::<Vec<Unlike>>::new());
}

#[test]
fn another_size_depth_and_colour_are_named_with_what_is_usual() {
    let usual = "60x40".to_owned();
    assert_eq!(
        found(plate(40, 60, [120, 90, 70], 3)),
        [Unlike::Size { usual }]
    );
    let mut deep = plate(60, 40, [120, 90, 70], 3);
    deep.bits = 16;
    assert_eq!(found(deep), [Unlike::Depth { usual: 8 }]);
    assert_eq!(found(plate(60, 40, [93; 3], 3)), [Unlike::Grey]);
    let [Unlike::Colour { own, usual }] = found(plate(60, 40, [70, 90, 120], 3))[..] else {
        panic!("a blue plate among brown ones");
    };
    assert!(own[2] > own[0] && usual[0] > usual[2]);
    let dark = found(plate(60, 40, [50, 38, 30], 3));
    assert!(
        matches!(dark.last(), Some(Unlike::Brightness { own, usual }) if own < usual),
        "{dark:?}"
    );
    assert!(dark.last().unwrap().words().contains("much darker"));
}

#[test]
fn where_sizes_vary_only_another_shape_is_named() {
    let mut looks: Vec<Looks> = (0..12).map(|i| plate(60 + i, 41 + i, [90; 3], i)).collect();
    looks.push(plate(120, 30, [90; 3], 4));
    let found = unlike(&looks);
    assert!(found[..12].iter().all(Vec::is_empty), "{found:?}");
    assert!(matches!(found[12][..], [Unlike::Aspect { .. }]));
}
