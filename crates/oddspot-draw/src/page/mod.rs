//! An evaluation, a benchmark, an audit or a run's results as one HTML file: tables, curves, and lines of the paper's
//! Figure 3. It refers to nothing outside itself but the pictures of results, and is complete without its script, which only
//! sorts and filters.

mod audit;
mod benchmark;
mod curves;
mod evaluation;
mod example;
mod legend;
mod measured;
mod measures;
mod pick;
mod picture;
mod results;

use askama::Template;

pub use audit::{
    AuditPicture, AuditShown, VaryingPictures, audit_page, audit_shown, most_suspicious,
};
pub use benchmark::{Section, benchmark_page};
pub use evaluation::evaluation_page;
pub use example::{Example, Panel, Shown};
pub use measured::Measured;
pub use pick::{named, pick};
pub use picture::jpeg_bytes;
pub use results::{ResultLine, outlined_picture, result_pictures, results_page};

use crate::heatmap::colour_map;
use oddspot::{Error, ErrorKind, Result, Subject};

/// The most examples of a page that nobody chose: with panels of at most 352 pixels they keep
/// it at some 5 MB.
pub const MOST_EXAMPLES: usize = 48;

/// Stops of the colour bar.
const STOPS: u8 = 16;

/// The style sheet of pages, the colour bar's gradient in it.
pub fn style() -> String {
    let stop = |step: u8| {
        let [red, green, blue] = colour_map(f32::from(step) / f32::from(STOPS));
        format!("rgb({red} {green} {blue})")
    };
    let stops: Vec<String> = (0..=STOPS).map(stop).collect();
    let gradient = format!(
        ":root{{--scale:linear-gradient(90deg,{})}}",
        stops.join(",")
    );
    gradient + include_str!("report.css")
}

fn render(page: &impl Template) -> Result<String> {
    page.render().map_err(fault)
}

/// What no input is known to cause.
fn fault(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, Subject::Page, error.to_string())
}

#[cfg(test)]
mod tests;
