//! What was found in an image, as Python has it.

use image::RgbImage;
use numpy::ndarray::Array2;
use numpy::{Element, PyArray};
use oddspot::Finding;
use oddspot::images::{ImageSize, Source};
use oddspot::judge::{Detector, Examined};
use oddspot::maps::ScoreMap;
use oddspot::verdict::AnomalyMaps;
use oddspot::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pythonize::pythonize;

/// What was found, with maps of one size.
pub struct Found {
    finding: Finding,
    maps: AnomalyMaps,
    /// Which pixels of the maps are in regions; None of maps at the model's size.
    mask: Option<Vec<bool>>,
    /// Which pixels of the maps are inspected; None where all are.
    inspected: Option<Vec<bool>>,
}

impl Found {
    /// Looks at an image; with maps at the image's own size if they are to be.
    ///
    /// # Errors
    /// As the detector's.
    pub fn of(detector: &Detector, image: &RgbImage, at_full_size: bool) -> Result<Self> {
        let examined = detector.examine(image)?;
        if at_full_size {
            let all = examined.at(ImageSize::of(image));
            return Ok(Self {
                finding: all.finding,
                maps: all.maps,
                mask: Some(all.mask),
                inspected: all.inspected,
            });
        }
        let Examined {
            finding,
            maps,
            inspected,
            ..
        } = examined;
        Ok(Self {
            finding,
            maps,
            mask: None,
            inspected,
        })
    }

    /// Reads an image, when there is room for it, and looks at it.
    ///
    /// # Errors
    /// An image that cannot be used, and as [`of`](Self::of).
    pub fn of_source(detector: &Detector, source: &Source, at_full_size: bool) -> Outcome {
        let _admitted = detector.admit(source.pixels());
        Self::of(detector, &*source.decode(detector.reading())?, at_full_size)
    }

    /// As an object of the package's; the maps' values are not copied.
    ///
    /// # Errors
    /// Memory that the interpreter does not get.
    pub fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let Self {
            finding,
            maps,
            mask,
            inspected,
        } = self;
        let size = [maps.total.height, maps.total.width];
        let of_maps = PyDict::new(py);
        of_maps.set_item("total", map(py, maps.total)?)?;
        for term in maps.terms {
            of_maps.set_item(term.kind.name, map(py, term.map)?)?;
        }
        let pixels = |pixels: Option<Vec<bool>>| pixels.map(|one| array(py, size, one)).transpose();
        let reason = (finding.ill())
            .or_else(|| finding.reason())
            .or_else(|| finding.unaligned());
        let made = py.import("oddspot._result")?.getattr("made")?;
        let said = pythonize(py, &finding)?;
        let words = (reason, finding.heading());
        let result = made.call1((said, of_maps, pixels(mask)?, pixels(inspected)?, words))?;
        Ok(result.unbind())
    }
}

/// What came of an image: what was found, or why it cannot be used.
pub type Outcome = std::result::Result<Found, Error>;

fn map(py: Python<'_>, map: ScoreMap) -> PyResult<Bound<'_, PyAny>> {
    array(py, [map.height, map.width], map.values)
}

/// `[height, width]`, in the memory that the values lie in.
fn array<T: Element>(
    py: Python<'_>,
    size: [usize; 2],
    values: Vec<T>,
) -> PyResult<Bound<'_, PyAny>> {
    let whole = Array2::from_shape_vec((size[0], size[1]), values);
    let whole = whole.map_err(|error| crate::errors::invalid(py, &error.to_string()))?;
    Ok(PyArray::from_owned_array(py, whole).into_any())
}
