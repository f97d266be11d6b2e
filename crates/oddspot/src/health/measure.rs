//! What is measured of an image apart from defects: one row each.

use serde::{Deserialize, Serialize};

/// A measure of an image's light, focus and colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// By how much a place is brighter than in good images, as a share: the middle of 64×64 places.
    Light,
    /// Mean brightness, in levels from 0 to 255.
    Brightness,
    /// Standard deviation of brightness, in levels.
    Contrast,
    /// Share of the pixels that are black, in [0, 1].
    Black,
    /// Share of the pixels with a channel at its end, in [0, 1].
    BurntOut,
    /// Steps between neighbouring pixels over steps across a thirty-second of the image, both as roots of mean
    /// squares: the smaller, the more blurred.
    Focus,
    /// What a pixel differs from its neighbours beyond a plane, in levels (Immerkær, 1996): noise, and fine
    /// structure.
    Noise,
    /// Distance between a pixel's strongest and weakest channel, in levels: 0 of a grey image.
    Colour,
    /// Red less green over all light, in [−1, 1].
    RedCast,
    /// Blue less green over all light, in [−1, 1].
    BlueCast,
    /// How far it is moved to the right against good images, in widths.
    Right,
    /// How far down, in heights.
    Down,
    /// By how much it is larger, as a share.
    Larger,
    /// How far it is turned clockwise, in radians.
    Turned,
    /// The lower quartile of the anomaly map: how unlike good images it is nearly everywhere, and not at a part.
    Unlike,
}

/// What is said of a measure that lies beyond all good images.
struct Row {
    name: &'static str,
    /// Below and above, with what to do; a side of None is nobody's concern.
    below: Option<&'static str>,
    above: Option<&'static str>,
    /// What an image may lie beyond good ones at least: a share of what is usual, and so much more.
    least: [f64; 2],
}

const ROWS: [Row; 15] = [
    Row {
        name: "light",
        below: Some("darker than any good image: check the lamp and the exposure"),
        above: Some("brighter than any good image: check the lamp and the exposure"),
        least: [0.0, 0.04],
    },
    // A part that is missing changes it too, and that is for the map to say.
    Row {
        name: "brightness",
        below: None,
        above: None,
        least: [0.0, 0.0],
    },
    Row {
        name: "contrast",
        below: Some("flatter than any good image: check the lens, the lamp and the exposure"),
        above: Some("of more contrast than any good image: check the lamp and the exposure"),
        least: [0.25, 4.0],
    },
    Row {
        name: "black",
        below: None,
        above: Some(
            "black over a larger area than any good image: check the lamp and the exposure",
        ),
        least: [0.0, 0.05],
    },
    Row {
        name: "burnt_out",
        below: None,
        above: Some(
            "burnt out over a larger area than any good image: check the lamp and the exposure",
        ),
        least: [0.0, 0.03],
    },
    Row {
        name: "focus",
        below: Some("less sharp than any good image: check the focus and the lens"),
        above: Some("sharper or noisier than any good image: check the gain of the camera"),
        least: [0.08, 0.005],
    },
    Row {
        name: "noise",
        // What was saved with losses is smoother, and what is blurred is told by the focus.
        below: None,
        above: Some(
            "noisier than any good image: check the gain of the camera, and whether it was saved otherwise",
        ),
        least: [0.15, 0.2],
    },
    Row {
        name: "colour",
        below: Some(
            "less colourful than any good image: check whether the camera gives grey images",
        ),
        above: Some(
            "more colourful than any good image: check whether the camera gives coloured images",
        ),
        least: [0.1, 1.5],
    },
    Row {
        name: "red_cast",
        below: Some("less red than any good image: check the lamp and the white balance"),
        above: Some("redder than any good image: check the lamp and the white balance"),
        least: [0.0, 0.012],
    },
    Row {
        name: "blue_cast",
        below: Some("less blue than any good image: check the lamp and the white balance"),
        above: Some("bluer than any good image: check the lamp and the white balance"),
        least: [0.0, 0.012],
    },
    Row {
        name: "right",
        below: Some("farther to the left than any good image: check the holder and the camera"),
        above: Some("farther to the right than any good image: check the holder and the camera"),
        least: [0.0, 0.015],
    },
    Row {
        name: "down",
        below: Some("higher up than any good image: check the holder and the camera"),
        above: Some("lower down than any good image: check the holder and the camera"),
        least: [0.0, 0.015],
    },
    Row {
        name: "larger",
        below: Some("smaller than any good image: check the distance and the lens"),
        above: Some("larger than any good image: check the distance and the lens"),
        least: [0.0, 0.02],
    },
    Row {
        name: "turned",
        below: Some(
            "turned anticlockwise against all good images: check the holder and the camera",
        ),
        above: Some("turned clockwise against all good images: check the holder and the camera"),
        least: [0.0, 0.03],
    },
    Row {
        name: "unlike",
        below: None,
        above: Some(
            "unlike any good image nearly everywhere: check that it is the right part, in its place and in focus",
        ),
        least: [0.0, 3.0],
    },
];

impl Measure {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 15] = [
        Self::Light,
        Self::Brightness,
        Self::Contrast,
        Self::Black,
        Self::BurntOut,
        Self::Focus,
        Self::Noise,
        Self::Colour,
        Self::RedCast,
        Self::BlueCast,
        Self::Right,
        Self::Down,
        Self::Larger,
        Self::Turned,
        Self::Unlike,
    ];

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// Its name in files and tables.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Whether it is a cast of all colours.
    pub(super) fn is_cast(self) -> bool {
        matches!(self, Self::RedCast | Self::BlueCast)
    }

    /// What is said of an image that lies below, or above, all good ones; None where that is nobody's concern.
    pub fn words(self, above: bool) -> Option<&'static str> {
        match above {
            true => self.row().above,
            false => self.row().below,
        }
    }

    /// What an image may lie beyond good ones at least, where `usual` is their middle.
    pub(super) fn least(self, usual: f64) -> f64 {
        let [share, more] = self.row().least;
        share * usual.abs() + more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_their_measures() {
        for (measure, row) in Measure::ALL.into_iter().zip(&ROWS) {
            let name = serde_json::to_string(&measure).unwrap();
            assert_eq!(name, format!("\"{}\"", row.name));
        }
    }
}
