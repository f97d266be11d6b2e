//! Made-up circuit boards to try oddspot with: the same parts in the same places, photographed with
//! a little jitter, and six kinds of defect with exact masks.
//!
//! [`good`] and [`defective`] draw one board; [`write_mvtec`] writes a whole data set of them.
//!
//! ```
//! use oddspot::images::ImageSize;
//! use oddspot_demo::{Defect, defective, good};
//!
//! let size = ImageSize::square(64);
//! let (odd, mask) = defective(size, 7, Defect::Stain);
//! assert_ne!(odd, good(size, 7));
//! assert!(mask.any());
//! ```

use std::fmt;

use image::RgbImage;
use oddspot::images::{ImageSize, Mask};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

mod artwork;
mod board;
mod canvas;
mod data_set;
mod part;

pub use data_set::{Counts, write_mvtec};

use board::Board;

/// What can be wrong with a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Defect {
    /// A thin bright scratch: odd by itself.
    Scratch,
    /// A dull stain: odd by itself.
    Stain,
    /// A part is absent, its bare pads showing: odd only because of where that is.
    Missing,
    /// Two parts lie in each other's place: each is odd only because of where it is.
    Swapped,
    /// A part lies turned by a quarter: odd only because of how it should lie there.
    Turned,
    /// A part lies beside its place: odd only because of where it is.
    Moved,
}

impl Defect {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Scratch,
        Self::Stain,
        Self::Missing,
        Self::Swapped,
        Self::Turned,
        Self::Moved,
    ];
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scratch => "scratch",
            Self::Stain => "stain",
            Self::Missing => "missing",
            Self::Swapped => "swapped",
            Self::Turned => "turned",
            Self::Moved => "moved",
        })
    }
}

/// A sound board. The same size and seed give the same picture.
pub fn good(size: ImageSize, seed: u64) -> RgbImage {
    Board::new(&mut ChaCha8Rng::seed_from_u64(seed))
        .photograph(size)
        .0
}

/// A board with one defect, and the pixels that it changes: the scratch or the stain itself, the
/// outline of the part that is absent, or those of the parts that lie wrongly, as they should lie
/// and as they do. Elsewhere it is [`good`] of the same seed, but for the parts' shadows.
pub fn defective(size: ImageSize, seed: u64, defect: Defect) -> (RgbImage, Mask) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut board = Board::new(&mut rng);
    match defect {
        Defect::Scratch => board.scratch(&mut rng),
        Defect::Stain => board.stain(&mut rng),
        Defect::Missing => board.remove_part(&mut rng),
        Defect::Swapped => board.swap_parts(&mut rng),
        Defect::Turned => board.turn_part(&mut rng),
        Defect::Moved => board.move_part(&mut rng),
    }
    board.photograph(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ImageSize = ImageSize::square(128);

    #[test]
    fn a_seed_is_a_picture_and_seeds_differ() {
        assert_eq!(good(SIZE, 3), good(SIZE, 3));
        assert_ne!(good(SIZE, 3), good(SIZE, 4));
        let wide = good("96x64".parse().unwrap(), 3);
        assert_eq!(wide.dimensions(), (96, 64));
    }

    #[test]
    fn the_mask_is_what_the_defect_changed() {
        // At the demonstration's size: in half of it a scratch is thinner than a pixel.
        const SIDE: usize = 256;
        let size = ImageSize::square(SIDE);
        for defect in Defect::ALL {
            for seed in 0..12 {
                let sound = good(size, seed);
                let (image, mask) = defective(size, seed, defect);
                let pixels = sound.pixels().zip(image.pixels());
                let changed: Vec<bool> = pixels
                    .map(|(a, b)| (0..3).any(|c| a[c].abs_diff(b[c]) > 6))
                    .collect();
                let marked: Vec<_> = (0..mask.anomalous.len())
                    .filter(|&i| mask.anomalous[i])
                    .collect();
                let shown = marked.iter().filter(|&&i| changed[i]).count();
                assert!(marked.len() >= 10, "{defect} {seed}: {}", marked.len());
                // A part displaced overlaps itself.
                let least = match defect {
                    Defect::Turned | Defect::Moved => 4,
                    _ => 7,
                };
                assert!(
                    shown * 10 >= marked.len() * least,
                    "{defect} {seed}: {shown} of {}",
                    marked.len()
                );
                // An edge spreads over a pixel, a shadow over six.
                let spread = match defect {
                    Defect::Scratch | Defect::Stain => 1,
                    _ => 7,
                };
                for i in (0..mask.anomalous.len()).filter(|&i| changed[i]) {
                    let near = marked.iter().any(|m| {
                        (m / SIDE).abs_diff(i / SIDE) <= spread
                            && (m % SIDE).abs_diff(i % SIDE) <= spread
                    });
                    assert!(
                        near,
                        "{defect} {seed}: row {}, column {}",
                        i / SIDE,
                        i % SIDE
                    );
                }
            }
        }
    }

    #[test]
    fn even_a_small_picture_shows_each_defect() {
        for seed in 0..50 {
            for defect in Defect::ALL {
                assert!(
                    defective(ImageSize::square(64), seed, defect).1.any(),
                    "{defect} {seed}"
                );
            }
        }
    }
}
