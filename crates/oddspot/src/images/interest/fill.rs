//! Polygons to pixels.

use crate::images::ImageSize;

/// Rings of points, each closed by a line from its last point to its first: what is inside an odd number of
/// them is inside the shape.
pub(super) type Shape = Vec<Vec<[f64; 2]>>;

/// Sets the pixels whose middle lies inside a shape, whose points are in shares of the sides.
pub(super) fn fill(shape: &Shape, size: ImageSize, pixels: &mut [bool], to: bool) {
    let [width, height] = [size.width as f64, size.height as f64];
    let mut crossings = Vec::new();
    for (row, pixels) in pixels.chunks_exact_mut(size.width).enumerate() {
        let y = (row as f64 + 0.5) / height;
        crossings.clear();
        for ring in shape {
            let ends = ring.iter().cycle().skip(1);
            for (a, b) in ring.iter().zip(ends) {
                if (a[1] <= y) != (b[1] <= y) {
                    crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
                }
            }
        }
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.as_chunks::<2>().0 {
            // The first column whose middle is not left of it.
            let [first, end] = pair.map(|x| (x * width - 0.5).ceil().clamp(0.0, width) as usize);
            pixels[first..end.max(first)].fill(to);
        }
    }
}
