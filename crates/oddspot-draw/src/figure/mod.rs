//! One sheet per image, as the paper's Figure 3: the image with what is odd outlined, and the
//! maps that say why.

mod bar;
mod heading;
mod text;

use image::imageops;
use image::{Rgb, RgbImage};
use oddspot::judge::Inspection;
use oddspot::maps::ScoreMap;
use oddspot::terms::Side;

use crate::arrow::{self, Arrow};
use crate::heatmap::{self, Scale};
use crate::panel::{self, Size};
use bar::{Row, draw_bar, draw_threshold};
use heading::Heading;
use text::{HEIGHT, draw_text, fit, text_width};

/// The longer side of each panel, whatever the image's size.
const PANEL: usize = 512;
const MARGIN: usize = 28;
const GUTTER: usize = 20;
/// From a line of letters to what stands below it.
const LINE: usize = HEIGHT + 8;
const PAPER: Rgb<u8> = Rgb([255; 3]);

/// What one sheet shows.
#[derive(Clone, Copy, Debug)]
pub struct Panels<'a> {
    /// The image.
    pub image: &'a RgbImage,
    /// What was found in it. The pixels to outline are `[height, width]` of the image; the maps are
    /// of any size. The threshold is marked on the colour bar, unless it lies outside the scale.
    pub inspection: &'a Inspection,
    /// The image's name, at the right above all.
    pub name: &'a str,
}

/// What stands on a sheet besides the image's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Above all: the verdict, what it follows from, and the reason.
    pub heading: String,
    /// Above the image.
    pub image: String,
    /// Above the map of everything.
    pub total: String,
    /// Above the map of each side, in the order of [`Side::ALL`].
    pub sides: [String; Side::ALL.len()],
    /// Before the threshold's value.
    pub threshold: String,
    /// What stands before tenths.
    pub decimal_mark: String,
}

impl Labels {
    /// In English, of what was found in an image.
    pub fn english(inspection: &Inspection) -> Self {
        Self {
            heading: inspection.finding.heading(),
            image: "image".to_owned(),
            total: "total".to_owned(),
            sides: Side::ALL.map(|side| inspection.maps.words(side).to_owned()),
            threshold: "threshold".to_owned(),
            decimal_mark: ".".to_owned(),
        }
    }

    /// A number as it is written.
    fn number(&self, text: &str) -> String {
        text.replace('.', &self.decimal_mark)
    }
}

/// The sheet in English: see [`figure_with`].
pub fn figure(panels: &Panels, scale: Scale) -> RgbImage {
    figure_with(panels, scale, &Labels::english(panels.inspection))
}

/// The sheet: the verdict and the name, then panels side by side under their captions, each 512
/// pixels on its longer side and of the image's proportions, above a colour bar with the scale's end
/// values and the threshold.
pub fn figure_with(panels: &Panels, scale: Scale, labels: &Labels) -> RgbImage {
    let size = Size::of(panels.image, PANEL);
    let finding = &panels.inspection.finding;
    let cells = cells(panels, scale, (size, labels));
    let captions = cells.iter().map(|(caption, _)| text_width(caption));
    let cell_width = captions
        .max()
        .unwrap_or(0)
        .clamp(size.width, PANEL.max(size.width));
    let columns = cells.len();
    let cell_left = |column: usize| MARGIN + column * (cell_width + GUTTER);
    let width = cell_left(columns) - GUTTER - MARGIN;
    let heading = Heading::new(width, &labels.heading, panels.name);
    let panel_top = MARGIN + heading.height() + GUTTER / 2 + LINE;
    let bar_top = panel_top + size.height + GUTTER;
    let mut sheet = RgbImage::from_pixel(
        (2 * MARGIN + columns * cell_width + (columns - 1) * GUTTER) as u32,
        (bar_top + 2 * LINE + MARGIN) as u32,
        PAPER,
    );
    heading.draw(&mut sheet);
    for (column, (caption, panel)) in cells.iter().enumerate() {
        let left = cell_left(column) + (cell_width - size.width) / 2;
        let fitting = fit(caption, cell_width);
        let caption_left = cell_left(column) + (cell_width - text_width(&fitting)) / 2;
        draw_text(&mut sheet, caption_left, panel_top - LINE, &fitting);
        imageops::replace(&mut sheet, panel, left as i64, panel_top as i64);
    }
    // The bar lies under the maps, which alone it explains.
    let row = Row {
        left: cell_left(1),
        top: bar_top,
        width: (columns - 1) * (cell_width + GUTTER) - GUTTER,
    };
    let ends = scale.ends().map(|end| labels.number(&end));
    let bar = draw_bar(&mut sheet, row, &ends);
    let threshold = labels.number(&scale.text(finding.threshold));
    let said = format!("{} {threshold}", labels.threshold);
    draw_threshold(&mut sheet, (row, bar), scale, (finding.threshold, &said));
    sheet
}

/// The panels under their captions: the image, the total, and a map for each side that a term of the
/// score speaks for.
fn cells<'l>(
    panels: &Panels,
    scale: Scale,
    (size, labels): (Size, &'l Labels),
) -> Vec<(&'l str, RgbImage)> {
    let Panels {
        image, inspection, ..
    } = panels;
    let mask = panel::mask(image, &inspection.mask, size);
    let inspected =
        (inspection.inspected.as_ref()).map(|of_image| panel::mask(image, of_image, size));
    let mut shown = panel::image(image, size);
    heatmap::veil(&mut shown, inspected.as_deref());
    let mut outlined = heatmap::contour(&shown, &mask);
    arrow::draw(&mut outlined, scaled_arrow(panels, size).as_slice());
    let maps = &inspection.maps;
    let of_map = |map: &ScoreMap| {
        let mut picture = panel::map(map, scale, size);
        heatmap::veil(&mut picture, inspected.as_deref());
        picture
    };
    let side = |(side, label): (Side, &'l String)| {
        let map = maps.side(side)?;
        Some((label.as_str(), of_map(&map)))
    };
    let mut cells = vec![
        (labels.image.as_str(), outlined),
        (labels.total.as_str(), of_map(&maps.total)),
    ];
    cells.extend(Side::ALL.into_iter().zip(&labels.sides).filter_map(side));
    cells
}

fn scaled_arrow(panels: &Panels, size: Size) -> Option<Arrow> {
    let (width, height) = panels.image.dimensions();
    let scale = [
        size.width as f32 / width.max(1) as f32,
        size.height as f32 / height.max(1) as f32,
    ];
    Arrow::of_inspection(panels.inspection).map(|arrow| arrow.scaled(scale))
}

#[cfg(test)]
mod tests;
