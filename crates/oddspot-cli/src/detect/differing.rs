//! What is told of new images that are of another kind than the good ones: once for each difference, with
//! how many there are.

use std::collections::BTreeMap;

use oddspot::images::{BitDepth, Difference, Differing, Kind, Kinds};
use oddspot::settings::Settings;
use oddspot::verdict::Verdict;

/// Images that a line names.
const NAMED: usize = 3;

/// Images that differ from the good ones, and in what.
pub struct Differences {
    good: Option<Kinds>,
    white: BitDepth,
    images: BTreeMap<Differing, Found>,
}

/// What an image's line says of them before anything else: they may be why it is odd or untrusted. Of a good image
/// that its shape is another one, since it was squashed.
pub fn told_first(differences: &[Difference], verdict: Verdict) -> Option<String> {
    let told = |one: &&Difference| !verdict.is_good() || one.differing == Differing::Shape;
    let words = differences
        .iter()
        .filter(told)
        .map(|one| one.words.as_str());
    let words: Vec<&str> = words.collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Images that differ in something.
#[derive(Default)]
struct Found {
    words: String,
    count: usize,
    /// The first ones, with what they are.
    named: Vec<String>,
}

impl Differences {
    /// From the good images of a model; nothing is told where it does not know what these were.
    pub fn from(good: Option<&Kinds>, settings: &Settings) -> Self {
        Self {
            good: good.cloned(),
            white: settings.bit_depth,
            images: BTreeMap::new(),
        }
    }

    /// Takes note of an image, and gives in what it differs.
    pub fn note(&mut self, name: &str, kind: &Kind) -> Vec<Difference> {
        let good = self.good.as_ref();
        let differences = good.map_or(Vec::new(), |good| good.differences(kind, self.white));
        for one in &differences {
            let found = self.images.entry(one.differing).or_default();
            found.count += 1;
            if found.named.len() < NAMED {
                found.named.push(match &one.instead {
                    Some(instead) => format!("{name} ({instead})"),
                    None => name.to_owned(),
                });
            }
            let advice = match one.differing {
                Differing::Range => " (--bit-depth)",
                _ => "",
            };
            found.words = format!("{}{advice}", one.words);
        }
        differences
    }

    /// A line for each difference.
    pub fn told(&self, judged: usize) -> Vec<String> {
        let line = |found: &Found| {
            let more = match found.count - found.named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "warning: {} of {judged} images {} {}: {}{more}",
                found.count,
                if found.count == 1 { "is" } else { "are" },
                found.words,
                found.named.join(", ")
            )
        };
        self.images.values().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use oddspot::images::ImageSize;

    use super::*;

    fn kind(width: usize, bits: u8, grey: bool) -> Kind {
        Kind {
            size: ImageSize { width, height: 60 },
            bits,
            grey,
            flat: false,
            says_bits: false,
            cut_off: bits == 16,
            veiled: false,
            lossy: None,
        }
    }

    #[test]
    fn each_difference_is_told_once_with_its_count() {
        let good = Kinds::of(&[kind(80, 8, false); 3]);
        let mut differences = Differences::from(good.as_ref(), &Settings::default());
        assert!(differences.note("same.png", &kind(80, 8, false)).is_empty());
        for name in ["a.png", "b.png", "c.png", "d.png"] {
            differences.note(name, &kind(120, 8, false));
        }
        assert_eq!(differences.note("deep.png", &kind(80, 16, true)).len(), 3);
        let first = |kind: Kind, verdict| {
            let mut differences = Differences::from(good.as_ref(), &Settings::default());
            told_first(&differences.note("a.png", &kind), verdict)
        };
        let said = first(kind(120, 8, false), Verdict::Good).unwrap();
        assert!(said.contains("another shape"), "{said}");
        assert_eq!(first(kind(80, 8, true), Verdict::Good), None);
        let said = first(kind(80, 8, true), Verdict::Untrusted).unwrap();
        assert!(said.starts_with("grey"), "{said}");
        let told = differences.told(6);
        assert_eq!(told.len(), 4, "{told:?}");
        let shape = "4 of 6 images are of another shape than the good ones (80x60)";
        assert!(
            told[0].contains(shape) && told[0].ends_with("c.png (120x60) and 1 more"),
            "{told:?}"
        );
        assert!(told[1].contains(
            "1 of 6 images is of another number of bits a sample than the good ones (8)"
        ));
        assert!(told[1].ends_with("deep.png (16 bits)"), "{told:?}");
        assert!(told[2].contains("above what the model takes for white"));
        assert!(told[3].contains("is grey, where"));
    }

    #[test]
    fn of_a_model_that_does_not_know_nothing_is_told() {
        let mut differences = Differences::from(None, &Settings::default());
        differences.note("a.png", &kind(1, 16, true));
        assert!(differences.told(1).is_empty());
    }
}
