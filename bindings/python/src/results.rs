//! What was found in an image, as Python has it.

use numpy::ndarray::Array2;
use numpy::{Element, PyArray};
use oddspot::Error;
use oddspot::Finding;
use oddspot::images::{BitDepth, ImageSize, Reading, Source};
use oddspot::judge::{Detector, Examined};
use oddspot::maps::ScoreMap;
use oddspot::verdict::AnomalyMaps;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pythonize::pythonize;

use crate::depth::{Guesses, are_guessed};

/// How an image is to be judged.
#[derive(Clone, Copy)]
pub struct How {
    /// Whether maps are to be of the image's own size.
    pub full_size: bool,
    /// Bits in use of 16 a sample; None for those of the model.
    pub bit_depth: Option<BitDepth>,
}

impl How {
    fn reading(self, detector: &Detector) -> Reading {
        let of_model = detector.reading();
        Reading {
            bit_depth: self.bit_depth.unwrap_or(of_model.bit_depth),
            ..of_model
        }
    }
}

/// What was found, with maps of one size.
pub struct Found {
    finding: Finding,
    maps: AnomalyMaps,
    /// Which pixels of the maps are in regions; None of maps at the model's size.
    mask: Option<Vec<bool>>,
    /// Which pixels of the maps are inspected; None where all are.
    inspected: Option<Vec<bool>>,
    /// Whether nobody told which of 16 bits a sample are in use.
    bits_are_guessed: bool,
}

impl Found {
    /// Reads an image, when there is room for it, and looks at it.
    ///
    /// # Errors
    /// An image that cannot be used, and as the detector's.
    pub fn of_source(detector: &Detector, source: &Source, how: How) -> Outcome {
        let _admitted = detector.admit(source.pixels());
        let reading = how.reading(detector);
        let (image, kind) = source.decode_with_kind(reading)?;
        let examined = detector.examine(&image)?;
        let bits_are_guessed = are_guessed(&kind, reading);
        if how.full_size {
            let mask = examined.mask();
            let all = examined.at(ImageSize::of(&image));
            return Ok(Self {
                finding: all.finding,
                maps: all.maps,
                mask: Some(mask),
                inspected: all.inspected,
                bits_are_guessed,
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
            bits_are_guessed,
        })
    }

    /// As an object of the package's; the maps' values are not copied. Guessed bits are warned of.
    ///
    /// # Errors
    /// Memory that the interpreter does not get, and a warning that is to be raised.
    pub fn into_python(self, py: Python<'_>, guesses: &Guesses) -> PyResult<Py<PyAny>> {
        let Self {
            finding,
            maps,
            mask,
            inspected,
            bits_are_guessed,
        } = self;
        guesses.note(py, bits_are_guessed)?;
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
