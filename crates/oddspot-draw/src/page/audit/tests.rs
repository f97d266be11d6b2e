use image::{Rgb, RgbImage};
use oddspot::audit::Varying;
use oddspot::images::{ImageSize, Source};
use oddspot::maps::ScoreMap;
use oddspot::verdict::Point;

use super::*;

const HOSTILE: &str = "<b>\"a\" & {{ name }}.png";

fn image(at: usize) -> Audited {
    let mut map = ScoreMap::filled(8, 8, 0.1);
    map.values[9] = 4.0 - 0.1 * at as f32;
    Audited {
        name: match at {
            0 => HOSTILE.to_owned(),
            _ => format!("good/{at:03}.png"),
        },
        source: Source::from(RgbImage::from_pixel(40, 30, Rgb([at as u8, 90, 120]))),
        size: ImageSize {
            width: 40,
            height: 30,
        },
        bits: 8,
        held_out: at.is_multiple_of(10),
        oddness: Some(3.0 - 0.1 * at as f32),
        suspicious: at == 0,
        for_its_place: at == 1,
        peak: Some(Point { x: 7, y: 5 }),
        score: Some(4.0 - 0.1 * at as f32),
        standing: match at {
            0 => Standing::Above,
            1 => Standing::Sets,
            _ => Standing::Below,
        },
        unlike: match at {
            25 => vec![Unlike::Grey],
            _ => Vec::new(),
        },
        map: Some(map),
    }
}

fn audit() -> Audit {
    let near = Twins {
        likeness: Likeness::Near,
        images: vec![20, 22],
        names: vec!["good/020.png".to_owned(), "good/022.png".to_owned()],
        correlation: 0.91,
        across_halves: true,
    };
    Audit {
        reading: oddspot::images::Reading::default(),
        threshold: 3.9,
        images: (0..30).map(image).collect(),
        twins: vec![near],
        varying: vec![Varying {
            left: 0.5,
            top: 0.0,
            right: 1.0,
            bottom: 0.25,
            peaks: 0.4,
            reached: 5.0,
            reached_without: 3.0,
        }],
    }
}

fn page(audit: &Audit) -> String {
    let shown = audit_shown(audit).into_iter();
    let pictures = shown.map(|at| AuditPicture::new(audit, at));
    let pictures: Vec<_> = pictures.collect::<Result<_>>().unwrap();
    audit_page(AuditShown {
        audit,
        name: HOSTILE,
        facts: &[["seed".to_owned(), "0".to_owned()]],
        unusable: &[["half.png".to_owned(), "it breaks off".to_owned()]],
        pictures: &pictures,
        varying: &[VaryingPictures::new(audit, &audit.varying[0]).unwrap()],
    })
    .unwrap()
}

#[test]
fn the_page_has_every_image_and_refers_to_nothing_outside() {
    let page = page(&audit());
    assert_eq!(page.matches("<tr data-name=").count(), 30);
    assert_eq!(page.matches("<article class=\"card\"").count(), 12);
    // Two of each card, two twins, one that is unlike, three of a region.
    assert_eq!(page.matches("data:image/jpeg").count(), 2 * 12 + 2 + 1 + 3);
    for words in [
        "50 to 100 % of the width, 0 to 25 % of the height: 40 % of the images are oddest there",
        "1 of 30 good images stands out from all others",
        "<h2 id=\"suspicious\">Most suspicious</h2>",
        "<h2 id=\"unusable\">Cannot be used</h2>",
        "<li><strong>half.png</strong>: it breaks off</li>",
        "<span class=\"key ring\"></span> a ring",
        "1 group of pictures that look alike, perhaps of the same part",
        "1 image is unlike the others",
        ">stands out<",
        "sets the threshold",
        "where others are quiet",
        "look alike: perhaps the same part (likeness 0.91 of 1)",
        "learned from and held out",
        "grey, where most are in colour",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains(HOSTILE));
    for address in ["http:", "https:", "src=\"/", "url("] {
        assert!(!page.contains(address), "{address}");
    }
}

#[test]
fn images_that_nothing_judges_are_shown_without_a_map_or_a_score() {
    let mut audit = audit();
    audit.twins.clear();
    for image in &mut audit.images {
        image.oddness = None;
        image.score = None;
        image.peak = None;
        image.map = None;
        image.suspicious = false;
        image.standing = Standing::Below;
        image.unlike.clear();
    }
    let page = page(&audit);
    assert!(page.contains("None of 30 good images stands out"));
    assert!(page.contains("Least usual") && !page.contains("Most suspicious"));
    assert!(page.contains("no term that judges a good image"));
    assert!(page.contains("No image is there twice"));
    assert!(page.contains("No good image has a score of its own"));
}
