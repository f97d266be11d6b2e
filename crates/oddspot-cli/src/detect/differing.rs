//! What is told of new images that are of another kind than the good ones: once for each difference, with
//! how many there are.

use std::collections::BTreeMap;

use oddspot::images::{Differing, Kind, Kinds};
use oddspot::settings::Settings;

/// Images that a line names.
const NAMED: usize = 3;

/// Images that differ from the good ones, and in what.
pub struct Differences {
    good: Option<Kinds>,
    bit_depth: String,
    images: BTreeMap<Differing, Found>,
}

/// Images that differ in something.
#[derive(Default)]
struct Found {
    count: usize,
    /// The first ones, with what they are.
    named: Vec<String>,
}

impl Differences {
    /// From the good images of a model; nothing is told where it does not know what these were.
    pub fn from(good: Option<&Kinds>, settings: &Settings) -> Self {
        Self {
            good: good.cloned(),
            bit_depth: settings.bit_depth.to_string(),
            images: BTreeMap::new(),
        }
    }

    /// Takes note of an image.
    pub fn note(&mut self, name: &str, kind: &Kind) {
        let Some(good) = &self.good else {
            return;
        };
        for difference in good.differences(kind) {
            let found = self.images.entry(difference).or_default();
            found.count += 1;
            if found.named.len() < NAMED {
                found.named.push(match difference {
                    Differing::Size | Differing::Shape => format!("{name} ({})", kind.size),
                    Differing::Depth => format!("{name} ({} bits)", kind.bits),
                    _ => name.to_owned(),
                });
            }
        }
    }

    /// A line for each difference.
    pub fn told(&self, judged: usize) -> Vec<String> {
        let Some(good) = &self.good else {
            return Vec::new();
        };
        let line = |(difference, found): (&Differing, &Found)| {
            let more = match found.count - found.named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "warning: {} of {judged} images {}: {}{more}",
                found.count,
                self.words(*difference, good),
                found.named.join(", ")
            )
        };
        self.images.iter().map(line).collect()
    }

    fn words(&self, difference: Differing, good: &Kinds) -> String {
        match difference {
            Differing::Size => format!("are of another size than the good ones ({})", sizes(good)),
            Differing::Shape => format!(
                "are of another shape than the good ones ({}), and are squashed to theirs",
                sizes(good)
            ),
            Differing::Depth => format!(
                "have another number of bits a sample than the good ones ({})",
                match good.bits {
                    [least, most] if least == most => least.to_string(),
                    [least, most] => format!("{least} to {most}"),
                }
            ),
            Differing::Range => format!(
                "have samples above what the model takes for white ({} bits), where they are cut off; train \
                 with a higher --bit-depth",
                self.bit_depth
            ),
            Differing::Grey => "are grey, where the good ones are in colour".to_owned(),
            Differing::Coloured => "are in colour, where the good ones are grey".to_owned(),
        }
    }
}

/// The sizes of good images.
fn sizes(good: &Kinds) -> String {
    match good.one_size() {
        Some(size) => size.to_string(),
        None => format!(
            "{} to {} wide, {} to {} high",
            good.width[0], good.width[1], good.height[0], good.height[1]
        ),
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
            cut_off: bits == 16,
        }
    }

    #[test]
    fn each_difference_is_told_once_with_its_count() {
        let good = Kinds::of(&[kind(80, 8, false); 3]);
        let mut differences = Differences::from(good.as_ref(), &Settings::default());
        differences.note("same.png", &kind(80, 8, false));
        for name in ["a.png", "b.png", "c.png", "d.png"] {
            differences.note(name, &kind(120, 8, false));
        }
        differences.note("deep.png", &kind(80, 16, true));
        let told = differences.told(6);
        assert_eq!(told.len(), 4, "{told:?}");
        let shape = "4 of 6 images are of another shape than the good ones (80x60)";
        assert!(
            told[0].contains(shape) && told[0].ends_with("c.png (120x60) and 1 more"),
            "{told:?}"
        );
        assert!(
            told[1].contains(
                "1 of 6 images have another number of bits a sample than the good ones (8)"
            )
        );
        assert!(told[1].ends_with("deep.png (16 bits)"), "{told:?}");
        assert!(told[2].contains("above what the model takes for white"));
        assert!(told[3].contains("are grey, where"));
    }

    #[test]
    fn of_a_model_that_does_not_know_nothing_is_told() {
        let mut differences = Differences::from(None, &Settings::default());
        differences.note("a.png", &kind(1, 16, true));
        assert!(differences.told(1).is_empty());
    }
}
