//! At which size maps and ground truth are compared.

use serde::{Deserialize, Serialize};

/// At which size maps and ground truth are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// The paper's: maps and masks at the model's `image_size`. A larger map, of an image in pieces, keeps its
    /// peaks.
    Paper,
    /// MVTec AD's: maps resized bilinearly to the size of the ground truth (for a good image:
    /// of the image), masks as they are.
    Official,
}

impl Protocol {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Paper, Self::Official];

    /// What it is called, in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Official => "official",
        }
    }
}
