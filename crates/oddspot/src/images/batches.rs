//! How many images are decoded at a time.

use std::borrow::Borrow;

use super::Source;

/// Pixels of images that are decoded at a time, unless one alone has more: decoded they take 300 MB.
pub(crate) const PIXELS_AT_A_TIME: u64 = 100_000_000;

/// The images, in their order, in runs that may be decoded at the same time: of so many images at most, and of 100
/// megapixels at most, unless one image alone has more.
pub fn batches<S: Borrow<Source>>(images: &[S], most: usize) -> impl Iterator<Item = &[S]> {
    let pixels = |image: &S| image.borrow().pixels();
    runs(images, most.max(1), pixels)
}

fn runs<T>(mut rest: &[T], most: usize, pixels: impl Fn(&T) -> u64) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let mut sum = 0;
        let fitting = rest.iter().take(most).take_while(|one| {
            sum += pixels(one);
            sum <= PIXELS_AT_A_TIME
        });
        // One that is too large stands alone.
        let count = fitting.count().max(1);
        let (now, later) = rest.split_at_checked(count)?;
        rest = later;
        Some(now)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_have_few_images_and_few_pixels_and_all_images_in_order() {
        let mega = |pixels: &u64| pixels * 1_000_000;
        let found = |images: &[u64]| -> Vec<Vec<u64>> {
            runs(images, 3, mega).map(<[u64]>::to_vec).collect()
        };
        assert_eq!(found(&[1, 1, 1, 1]), [&[1, 1, 1][..], &[1]]);
        assert_eq!(found(&[60, 40, 1]), [&[60, 40][..], &[1]]);
        assert_eq!(found(&[60, 41, 500, 1]), [&[60][..], &[41], &[500], &[1]]);
        assert!(found(&[]).is_empty());
    }
}
