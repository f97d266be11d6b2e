//! The pieces that images are cut into, as a setting.

use serde::{Deserialize, Serialize, Serializer};

use super::spelling::Spelling;
use crate::error::Error;
use crate::images::ImageSize;

/// How images are looked at whole.
const NONE: &str = "none";
/// Pixels that pieces share, without being set.
pub(super) const OVERLAP: usize = 32;

/// Whether images are cut into pieces, and of what size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Tile {
    /// They are looked at whole.
    #[default]
    None,
    /// Into pieces of so many pixels of the image.
    Of(ImageSize),
}

impl Tile {
    /// Whether images are looked at whole.
    pub fn is_none(&self) -> bool {
        *self == Self::None
    }
}

/// How a file may spell it.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "\"none\" or a size: 256, \"320x256\" or { width = 320, height = 256 }"
)]
enum Written {
    Size(ImageSize),
    Text(String),
}

impl TryFrom<Written> for Tile {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Size(size) => Ok(Self::Of(size)),
            Written::Text(text) => Self::read(&text),
        }
    }
}

impl Serialize for Tile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => NONE.serialize(serializer),
            Self::Of(size) => size.serialize(serializer),
        }
    }
}

impl Spelling for Tile {
    type Number = usize;
    const PLACEHOLDER: &'static str = "none|SIDE|WIDTHxHEIGHT";

    fn numbers(&self) -> Vec<usize> {
        match self {
            Self::None => Vec::new(),
            Self::Of(size) => size.numbers(),
        }
    }

    fn spell(&self) -> String {
        match self {
            Self::None => NONE.to_owned(),
            Self::Of(size) => size.spell(),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        match text {
            NONE => Ok(Self::None),
            text => {
                let size = text.parse();
                size.map(Self::Of)
                    .map_err(|error: Error| format!("{}; or '{NONE}'", error.reason()))
            }
        }
    }

    fn toml(&self) -> String {
        match self {
            Self::None => format!("\"{NONE}\""),
            Self::Of(size) => size.toml(),
        }
    }
}

/// What files do not say: a model that looks at images whole stays as it was before there were pieces.
pub(super) fn usual_overlap() -> usize {
    OVERLAP
}

/// Whether a file need not say it.
pub(super) fn is_usual_overlap(overlap: &usize) -> bool {
    *overlap == OVERLAP
}
