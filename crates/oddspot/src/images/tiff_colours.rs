//! The colours of TIFF files: which samples of a pixel are kept, and what is made of those that are no
//! red, green and blue.

use ::tiff::ColorType;

/// Which samples of a pixel are kept.
pub(super) struct Layout {
    /// Samples of a pixel.
    pub channels: usize,
    /// The first of them, that are kept: grey, grey and opacity, colours, or colours and opacity.
    pub kept: usize,
}

impl Layout {
    /// Of a kind of pixels, with an opacity or without; none of one that is not read.
    pub fn of(colour: ColorType, has_alpha: bool) -> Option<Self> {
        let (channels, kept) = match colour {
            ColorType::Gray(8 | 16) => (1, 1),
            ColorType::GrayA(8 | 16) => (2, 2),
            ColorType::RGB(8 | 16) | ColorType::YCbCr(8) => (3, 3),
            ColorType::RGBA(8 | 16) => (4, 4),
            ColorType::CMYK(8 | 16) => (4, 3),
            ColorType::CMYKA(8 | 16) => (5, 3),
            // Grey with samples more.
            ColorType::Multiband {
                bit_depth: 8 | 16,
                num_samples,
            } if has_alpha || num_samples == 1 => {
                (usize::from(num_samples), 1 + usize::from(has_alpha))
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
