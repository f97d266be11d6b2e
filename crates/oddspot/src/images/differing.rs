//! In what an image differs from good ones as a file, in words.

use super::{BitDepth, Kind, Kinds};

/// In what an image differs from good ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Differing {
    /// Its size.
    Size,
    /// Its width over height, and with it its size.
    Shape,
    /// The bits of a sample.
    Depth,
    /// Its samples lie above the bits in use.
    Range,
    /// Its alpha makes nearly all of it black.
    Veiled,
    /// It is grey, and they are in colour.
    Grey,
    /// It is in colour, and they are grey.
    Coloured,
    /// It was saved with losses, and they without.
    Lossy,
    /// It was saved without losses, and they with them.
    Lossless,
}

/// A difference of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In what.
    pub differing: Differing,
    /// What is said of it, as "of another size than the good ones (640x480)".
    pub words: String,
    /// What the image is instead, where words do not say it: its size, or its bits.
    pub instead: Option<String>,
}

impl Kinds {
    /// In what an image differs from all of them; `white` is what the model takes for white.
    pub fn differences(&self, kind: &Kind, white: BitDepth) -> Vec<Difference> {
        let said = |differing| Difference {
            differing,
            words: self.words(differing, white),
            instead: match differing {
                Differing::Size | Differing::Shape => Some(kind.size.to_string()),
                Differing::Depth => Some(format!("{} bits", kind.bits)),
                _ => None,
            },
        };
        self.differing(kind).into_iter().map(said).collect()
    }

    fn words(&self, differing: Differing, white: BitDepth) -> String {
        match differing {
            Differing::Size => format!("of another size than the good ones ({})", self.sizes()),
            Differing::Shape => format!(
                "of another shape than the good ones ({}), and squashed to theirs",
                self.sizes()
            ),
            Differing::Depth => format!(
                "of another number of bits a sample than the good ones ({})",
                match self.bits {
                    [least, most] if least == most => least.to_string(),
                    [least, most] => format!("{least} to {most}"),
                }
            ),
            Differing::Range => format!(
                "in part above what the model takes for white ({white} bits), where they are cut off; if \
                 that is no stamp or glare, train with more bits"
            ),
            Differing::Veiled => {
                "nearly black by the alpha of the file, where the colours beneath are not; save \
                 without alpha"
                    .to_owned()
            }
            Differing::Grey => "grey, where the good ones are in colour".to_owned(),
            Differing::Coloured => "in colour, where the good ones are grey".to_owned(),
            Differing::Lossy => {
                "saved with losses, as JPEG does, where the good ones are saved without".to_owned()
            }
            Differing::Lossless => {
                "saved without losses, where the good ones are saved with them, as JPEG does"
                    .to_owned()
            }
        }
    }

    fn sizes(&self) -> String {
        match self.one_size() {
            Some(size) => size.to_string(),
            None => format!(
                "{} to {} wide, {} to {} high",
                self.width[0], self.width[1], self.height[0], self.height[1]
            ),
        }
    }
}
