//! Images as Python has them, as sources of the library's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::{DynamicImage, ImageBuffer, Luma, Pixel, Rgb, Rgba};
use numpy::{Element, PyArrayDyn, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use oddspot::images::{Limits, Source, UNNAMED};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView};

use crate::errors::{invalid, raised};

/// An image by its path, the bytes of its file, a picture of Pillow's or an array: copied, so that whoever gave it
/// may change it. An array beyond the limits is refused before.
///
/// # Errors
/// What is no image; an array of another type, shape, order or size than an image's, by name.
pub fn source_of(image: &Bound<'_, PyAny>, limits: Limits) -> PyResult<Source> {
    if let Some(bytes) = bytes_of(image)? {
        return Ok(Source::Bytes {
            name: UNNAMED.to_owned(),
            bytes: bytes.into(),
        });
    }
    if let Some(path) = path_of(image)? {
        return Ok(Source::File(path));
    }
    let helper = image.py().import("oddspot._images")?;
    let array = helper.call_method1("samples", (image,))?;
    Ok(Source::Samples {
        name: UNNAMED.to_owned(),
        samples: Arc::new(samples_of(&array, limits)?),
    })
}

/// The bytes, of what holds bytes.
pub fn bytes_of(given: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u8>>> {
    if let Ok(bytes) = given.cast::<PyBytes>() {
        return Ok(Some(bytes.as_bytes().to_vec()));
    }
    if let Ok(bytes) = given.cast::<PyByteArray>() {
        return Ok(Some(bytes.to_vec()));
    }
    if given.cast::<PyMemoryView>().is_ok() {
        let bytes = given.call_method0("tobytes")?;
        return Ok(Some(bytes.extract()?));
    }
    if given.is_instance(&given.py().import("io")?.getattr("BytesIO")?)? {
        return Ok(Some(given.call_method0("getvalue")?.extract()?));
    }
    Ok(None)
}

/// The path, of what is one.
///
/// # Errors
/// An empty one.
pub fn path_of(given: &Bound<'_, PyAny>) -> PyResult<Option<PathBuf>> {
    match given.extract::<PathBuf>() {
        Ok(path) if path.as_os_str().is_empty() => Err(invalid(
            given.py(),
            "the path is empty: give the path of a file",
        )),
        given => Ok(given.ok()),
    }
}

/// Samples `[h, w]` or `[h, w, 1 | 3 | 4]` of 8 or 16 bits, of any strides.
fn samples_of(array: &Bound<'_, PyAny>, limits: Limits) -> PyResult<DynamicImage> {
    let untyped = array.cast::<PyUntypedArray>()?;
    let (height, width, channels) = match *untyped.shape() {
        [height, width] => (height, width, 1),
        [height, width, channels] => (height, width, channels),
        _ => return Err(invalid(array.py(), "an image has two or three axes")),
    };
    let side = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let size = (side(width), side(height));
    (limits.check(size, Path::new(UNNAMED))).map_err(|error| raised(array.py(), &error))?;
    let made = match array.cast::<PyArrayDyn<u8>>() {
        Ok(eight) => {
            let values = values_of(eight)?;
            match channels {
                1 => buffer::<Luma<u8>>(size, values).map(DynamicImage::ImageLuma8),
                3 => buffer::<Rgb<u8>>(size, values).map(DynamicImage::ImageRgb8),
                _ => buffer::<Rgba<u8>>(size, values).map(DynamicImage::ImageRgba8),
            }
        }
        Err(_) => {
            let values = values_of(array.cast::<PyArrayDyn<u16>>()?)?;
            match channels {
                1 => buffer::<Luma<u16>>(size, values).map(DynamicImage::ImageLuma16),
                3 => buffer::<Rgb<u16>>(size, values).map(DynamicImage::ImageRgb16),
                _ => buffer::<Rgba<u16>>(size, values).map(DynamicImage::ImageRgba16),
            }
        }
    };
    made.ok_or_else(|| invalid(array.py(), "an image has 1, 3 or 4 channels"))
}

/// The values in the order of rows, whatever order they lie in.
fn values_of<T: Element + Copy>(array: &Bound<'_, PyArrayDyn<T>>) -> PyResult<Vec<T>> {
    let array = array.try_readonly()?;
    Ok(match array.as_slice() {
        Ok(in_order) if array.is_c_contiguous() => in_order.to_vec(),
        _ => array.as_array().iter().copied().collect(),
    })
}

fn buffer<P: Pixel>(
    (width, height): (u32, u32),
    values: Vec<P::Subpixel>,
) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
    let whole = width as usize * height as usize * usize::from(P::CHANNEL_COUNT) == values.len();
    whole.then(|| ImageBuffer::from_raw(width, height, values))?
}
