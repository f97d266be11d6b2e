//! The colours of TIFF files: which samples of a pixel are kept, and what is made of those that are no
//! red, green and blue.

use ::tiff::ColorType;

/// What the first sample behind the colours of a pixel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// Its opacity.
    Opacity,
    /// Its opacity, by which the colours are multiplied already: they lie on black.
    Laid,
    /// The file does not say.
    Unsaid,
}

/// Which samples of a pixel are kept.
pub(super) struct Layout {
    /// Samples of a pixel.
    pub channels: usize,
    /// The first of them, that are kept: grey, grey and opacity, colours, or colours and opacity.
    pub kept: usize,
}

impl Layout {
    /// Of a kind of pixels, by what lies behind the colours; none of one that is not read.
    pub fn of(colour: ColorType, behind: Behind) -> Option<Self> {
        let is_laid = behind == Behind::Laid;
        let (channels, kept) = match colour {
            ColorType::Gray(8 | 16) => (1, 1),
            ColorType::GrayA(8 | 16) => (2, if is_laid { 1 } else { 2 }),
            ColorType::RGB(8 | 16) | ColorType::YCbCr(8) => (3, 3),
            ColorType::RGBA(8 | 16) => (4, if is_laid { 3 } else { 4 }),
            ColorType::CMYK(8 | 16) => (4, 3),
            ColorType::CMYKA(8 | 16) => (5, 3),
            // Grey with samples more.
            ColorType::Multiband {
                bit_depth: 8 | 16,
                num_samples,
            } if behind != Behind::Unsaid || num_samples == 1 => {
                let kept = 1 + usize::from(behind == Behind::Opacity);
                (usize::from(num_samples), kept)
            }
            _ => return None,
        };
        Some(Self { channels, kept })
    }

    /// The samples that are kept.
    pub fn kept<S: Copy>(&self, samples: Vec<S>) -> Vec<S> {
        if self.kept == self.channels {
            return samples;
        }
        let pixels = samples.chunks_exact(self.channels);
        pixels
            .flat_map(|pixel| pixel[..self.kept].iter().copied())
            .collect()
    }
}

/// A kind of pixels in words, as "grey of 32 bits".
pub(super) fn words(colour: ColorType) -> String {
    let what = match colour {
        ColorType::Gray(_) => "grey",
        ColorType::GrayA(_) => "grey with alpha",
        ColorType::RGB(_) => "red, green and blue",
        ColorType::RGBA(_) => "red, green and blue with alpha",
        ColorType::Palette(_) => "numbers of a palette",
        ColorType::CMYK(_) => "four inks (CMYK)",
        ColorType::CMYKA(_) => "four inks (CMYK) with alpha",
        ColorType::YCbCr(_) => "brightness and colour differences (YCbCr)",
        ColorType::Lab(_) => "colours of CIE Lab",
        ColorType::Multiband {
            bit_depth,
            num_samples,
        } => {
            return format!(
                "{num_samples} samples of {bit_depth} bits each, and it does not say of which colours"
            );
        }
        _ => "of an unknown kind",
    };
    format!("{what}, of {} bits a sample", colour.bit_depth())
}

/// Red, green and blue of the four inks, without a colour profile.
pub(super) fn rgb_of_cmyk<S>(samples: &[S], channels: usize, white: S) -> Vec<S>
where
    S: Copy + Into<u64> + TryFrom<u64>,
{
    let top: u64 = white.into();
    let pixels = samples.chunks_exact(channels);
    let colours = pixels.flat_map(|pixel| {
        let light = top - pixel[3].into();
        [pixel[0], pixel[1], pixel[2]].map(|ink| {
            let colour = (top - ink.into()) * light / top;
            S::try_from(colour).unwrap_or(white)
        })
    });
    colours.collect()
}

/// Red, green and blue of brightness and colour differences (ITU-R BT.601, as in JPEG files).
pub(super) fn rgb_of_ycbcr(samples: &[u8]) -> Vec<u8> {
    let pixels = samples.as_chunks::<3>().0;
    let colours = pixels.iter().flat_map(|&[y, cb, cr]| {
        let [y, cb, cr] = [f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0];
        let rgb = [
            y + 1.402 * cr,
            y - 0.344_136 * cb - 0.714_136 * cr,
            y + 1.772 * cb,
        ];
        rgb.map(|colour| colour.round().clamp(0.0, 255.0) as u8)
    });
    colours.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alpha_that_the_colours_hold_already_is_left_out() {
        let kept = |colour, behind| Layout::of(colour, behind).map(|layout| layout.kept);
        for (colour, [laid, opacity]) in [
            (ColorType::GrayA(8), [1, 2]),
            (ColorType::RGBA(16), [3, 4]),
            (
                ColorType::Multiband {
                    bit_depth: 8,
                    num_samples: 3,
                },
                [1, 2],
            ),
        ] {
            assert_eq!(kept(colour, Behind::Laid), Some(laid), "{colour:?}");
            assert_eq!(kept(colour, Behind::Opacity), Some(opacity), "{colour:?}");
        }
        assert_eq!(kept(ColorType::RGBA(8), Behind::Unsaid), Some(4));
        assert_eq!(kept(ColorType::Lab(8), Behind::Unsaid), None);
    }

    #[test]
    fn kinds_of_pixels_have_words() {
        assert_eq!(
            words(ColorType::Lab(8)),
            "colours of CIE Lab, of 8 bits a sample"
        );
        let bands = ColorType::Multiband {
            bit_depth: 8,
            num_samples: 3,
        };
        assert!(words(bands).starts_with("3 samples of 8 bits each"));
    }
}
