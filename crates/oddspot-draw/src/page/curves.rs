//! The curves on a page, as pictures.

use super::picture;
use crate::chart::Drawings;

/// The curves as pictures.
pub(super) struct Figures {
    pub(super) note: String,
    pub(super) pictures: [Picture; 3],
}

pub(super) struct Picture {
    pub(super) alt: &'static str,
    pub(super) uri: String,
}

impl Figures {
    pub(super) fn new(drawings: &Drawings) -> Self {
        let picture = |alt, document: &str| Picture {
            alt,
            uri: picture::svg(document),
        };
        Self {
            note: drawings.note.clone(),
            pictures: [
                picture(
                    "ROC curves of the images' and the pixels' scores; the areas below them are \
                     the AUC in the tables",
                    &drawings.roc,
                ),
                picture(
                    "Mean overlap per region over the false positive rate; the area below it is \
                     the PRO in the tables",
                    &drawings.pro,
                ),
                picture(
                    "Histogram of the test images' scores, good and anomalous, with the \
                     threshold; the scores are in the table of all images",
                    &drawings.scores,
                ),
            ],
        }
    }
}
