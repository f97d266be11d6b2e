//! The measures of one image.

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::lie::{Cells, SIDE};
use super::measure::Measure;
use crate::view::{Frame, Sight, View};

/// Rows and columns that are looked at, about: more of a large image would say the same.
const LOOKED_AT: u32 = 192;
/// A pixel is black up to this level.
const BLACK: u8 = 2;
/// A channel is at its end from this level.
const END: u8 = 254;
/// Parts of a side across which coarse steps are taken.
const COARSE: u32 = 32;
/// The least of these, in pixels.
const LEAST_REACH: u32 = 8;

/// What is measured of an image's pixels, by the measure's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Vitals {
    /// [`Measure::Brightness`].
    pub brightness: f32,
    /// [`Measure::Contrast`].
    pub contrast: f32,
    /// [`Measure::Black`].
    pub black: f32,
    /// [`Measure::BurntOut`].
    pub burnt_out: f32,
    /// [`Measure::Focus`].
    pub focus: f32,
    /// [`Measure::Noise`].
    pub noise: f32,
    /// [`Measure::Colour`].
    pub colour: f32,
    /// [`Measure::RedCast`].
    pub red_cast: f32,
    /// [`Measure::BlueCast`].
    pub blue_cast: f32,
}

/// What is seen of an image: its vitals, and a small picture by which it is told how it lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance {
    /// What is measured of its pixels.
    pub vitals: Vitals,
    /// A small picture.
    pub cells: Cells,
}

/// Sums over the pixels that are looked at.
#[derive(Default)]
struct Sums {
    count: f64,
    light: f64,
    squares: f64,
    black: f64,
    burnt_out: f64,
    colour: f64,
    channels: [f64; 3],
    fine: f64,
    coarse: f64,
    bent: f64,
}

/// Brightness in 256ths of a level (Rec. 601).
fn light([red, green, blue]: [u8; 3]) -> i32 {
    77 * i32::from(red) + 150 * i32::from(green) + 29 * i32::from(blue)
}

/// The square of a difference of brightness, in levels.
fn square(apart: i32) -> f64 {
    (f64::from(apart) / 256.0).powi(2)
}

impl Glance {
    /// Of an image. Of a large one so many rows and columns that the cost stays the same, each with its
    /// neighbours.
    pub fn of(image: &RgbImage) -> Self {
        Self::inside(image, |_, _| true)
    }

    /// Of what a view inspects of an image, by what is seen of it. How an image lies is told of it as it was aligned:
    /// what alignment takes off is no fault.
    pub fn seen(image: &RgbImage, view: &View, sight: &Sight) -> Self {
        let of = |image: &RgbImage, frame: &Frame| match view.inside(image, frame) {
            None => Self::of(image),
            Some(inside) => Self::inside(image, inside),
        };
        let mut glance = of(image, &sight.frame);
        if sight.aligned.is_some_and(|aligned| aligned.trusted) {
            glance.cells = of(&sight.image, &Frame::WHOLE).cells;
        }
        glance
    }

    /// Of those pixels (column, row) that lie inside; a neighbour that does not is as the pixel itself.
    pub fn inside(image: &RgbImage, inside: impl Fn(u32, u32) -> bool) -> Self {
        let (width, height) = image.dimensions();
        let every = |side: u32| side.div_ceil(LOOKED_AT).max(1) as usize;
        let reach = (width.min(height) / COARSE).max(LEAST_REACH);
        let mut sums = Sums::default();
        let mut cells = vec![(0.0, 0); SIDE * SIDE];
        let cell = |at: u32, side: u32| at as usize * SIDE / side as usize;
        let at = |x: u32, y: u32| image.get_pixel(x.min(width - 1), y.min(height - 1)).0;
        for y in (0..height).step_by(every(height)) {
            for x in (0..width).step_by(every(width)) {
                if !inside(x, y) {
                    continue;
                }
                let pixel = at(x, y);
                sums.pixel(pixel);
                let here = light(pixel);
                let cell = &mut cells[cell(y, height) * SIDE + cell(x, width)];
                *cell = (cell.0 + f64::from(here) / 256.0, cell.1 + 1);
                let near = |x: u32, y: u32| {
                    let (x, y) = (x.min(width - 1), y.min(height - 1));
                    if inside(x, y) { light(at(x, y)) } else { here }
                };
                let [right, below] = [near(x + 1, y), near(x, y + 1)];
                sums.fine += square(here - right) + square(here - below);
                let [far, deep] = [near(x + reach, y), near(x, y + reach)];
                sums.coarse += square(here - far) + square(here - deep);
                let [left, above] = [x.saturating_sub(1), y.saturating_sub(1)];
                let edges = near(left, y) + right + near(x, above) + below;
                let corners =
                    near(left, above) + near(x + 1, above) + near(left, y + 1) + near(x + 1, y + 1);
                sums.bent += f64::from((4 * here - 2 * edges + corners).abs());
            }
        }
        Self {
            vitals: sums.finish(),
            cells: Cells::of_sums(&cells),
        }
    }
}

impl Vitals {
    /// A measure of the pixels; None of one that needs good images to compare with.
    pub fn get(&self, measure: Measure) -> Option<f32> {
        Some(match measure {
            Measure::Brightness => self.brightness,
            Measure::Contrast => self.contrast,
            Measure::Black => self.black,
            Measure::BurntOut => self.burnt_out,
            Measure::Focus => self.focus,
            Measure::Noise => self.noise,
            Measure::Colour => self.colour,
            Measure::RedCast => self.red_cast,
            Measure::BlueCast => self.blue_cast,
            Measure::Light
            | Measure::Right
            | Measure::Down
            | Measure::Larger
            | Measure::Turned
            | Measure::Unlike => return None,
        })
    }
}

impl Sums {
    fn pixel(&mut self, pixel: [u8; 3]) {
        let light = f64::from(light(pixel)) / 256.0;
        self.count += 1.0;
        self.light += light;
        self.squares += light * light;
        let [least, most] = pixel
            .into_iter()
            .fold([u8::MAX, 0], |[a, b], v| [a.min(v), b.max(v)]);
        self.black += f64::from(most <= BLACK);
        self.burnt_out += f64::from(most >= END);
        self.colour += f64::from(most - least);
        for (sum, channel) in self.channels.iter_mut().zip(pixel) {
            *sum += f64::from(channel);
        }
    }

    fn finish(&self) -> Vitals {
        let count = self.count.max(1.0);
        let mean = self.light / count;
        let [red, green, blue] = self.channels;
        let all = (red + green + blue).max(count);
        let vitals = Vitals {
            brightness: mean as f32,
            contrast: (self.squares / count - mean * mean).max(0.0).sqrt() as f32,
            black: (self.black / count) as f32,
            burnt_out: (self.burnt_out / count) as f32,
            // Of an image without any steps: a level across.
            focus: (self.fine / self.coarse.max(count)).sqrt() as f32,
            noise: ((std::f64::consts::PI / 2.0).sqrt() / 6.0 * self.bent / count / 256.0) as f32,
            colour: (self.colour / count) as f32,
            red_cast: ((red - green) / all) as f32,
            blue_cast: ((blue - green) / all) as f32,
        };
        vitals.rounded()
    }
}

impl Vitals {
    /// To five digits, which is more than they say: so they are short in files.
    fn rounded(self) -> Self {
        let round = |value: f32| format!("{value:.4e}").parse().unwrap_or(value);
        Self {
            brightness: round(self.brightness),
            contrast: round(self.contrast),
            black: round(self.black),
            burnt_out: round(self.burnt_out),
            focus: round(self.focus),
            noise: round(self.noise),
            colour: round(self.colour),
            red_cast: round(self.red_cast),
            blue_cast: round(self.blue_cast),
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn vitals(image: &RgbImage) -> Vitals {
        Glance::of(image).vitals
    }

    fn stripes(low: u8, high: u8) -> RgbImage {
        RgbImage::from_fn(128, 96, |x, y| {
            let on = (x / 9 + y / 7) % 2 == 0;
            Rgb([if on { high } else { low }; 3])
        })
    }

    #[test]
    fn of_a_flat_image_all_is_known() {
        let vitals = vitals(&RgbImage::from_pixel(40, 30, Rgb([100, 50, 0])));
        // 0.299 · 100 + 0.587 · 50, in 256ths.
        assert!((vitals.brightness - 59.375).abs() < 0.01);
        assert_eq!([vitals.contrast, vitals.noise, vitals.focus], [0.0; 3]);
        assert_eq!(
            [vitals.black, vitals.burnt_out, vitals.colour],
            [0.0, 0.0, 100.0]
        );
        assert!((vitals.red_cast - 1.0 / 3.0).abs() < 1e-4);
        assert!((vitals.blue_cast + 1.0 / 3.0).abs() < 1e-4);
    }

    #[test]
    fn blur_takes_focus_and_light_does_not() {
        let sharp = stripes(60, 120);
        let blurred = image::imageops::blur(&sharp, 1.5);
        let [of_sharp, of_blurred] = [&sharp, &blurred].map(|image| vitals(image).focus);
        assert!(of_blurred < 0.8 * of_sharp, "{of_blurred} {of_sharp}");
        let brighter = vitals(&stripes(90, 180)).focus;
        assert!(
            (brighter / of_sharp - 1.0).abs() < 0.01,
            "{brighter} {of_sharp}"
        );
    }

    #[test]
    fn ends_are_counted() {
        let vitals = vitals(&stripes(0, 255));
        assert!((vitals.black + vitals.burnt_out - 1.0).abs() < 1e-4);
        assert!((vitals.black - 0.5).abs() < 0.05);
    }

    #[test]
    fn noise_is_measured_in_levels() {
        let mut state = 1_u32;
        let mut draw = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state >> 8) / f64::from(1 << 24)
        };
        // Sums of twelve uniform numbers have a standard deviation of 1.
        let noisy = RgbImage::from_fn(200, 200, |_, _| {
            let noise = (0..12).map(|_| draw()).sum::<f64>() - 6.0;
            Rgb([(128.0 + 5.0 * noise).round() as u8; 3])
        });
        let noise = vitals(&noisy).noise;
        assert!((4.7..5.3).contains(&noise), "{noise}");
    }
}
