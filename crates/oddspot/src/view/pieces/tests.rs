//! Where pieces lie, and what each is responsible for.

use ::image::Rgb;

use super::*;

fn size(width: usize, height: usize) -> ImageSize {
    ImageSize { width, height }
}

fn cut(tile: ImageSize, overlap: usize) -> Cut {
    Cut {
        tile,
        overlap,
        size: tile,
    }
}

#[test]
fn pieces_are_spread_evenly_and_share_what_was_asked_for_at_least() {
    let starts = |length, tile, overlap| -> Vec<usize> {
        let pieces = along(length, tile, overlap);
        pieces.iter().map(|along| along.start).collect()
    };
    assert_eq!(starts(256, 256, 32), [0]);
    assert_eq!(starts(257, 256, 32), [0, 1]);
    assert_eq!(starts(480, 256, 32), [0, 224]);
    assert_eq!(starts(1024, 256, 32), [0, 192, 384, 576, 768]);
    for length in 300..900 {
        let starts = starts(length, 128, 20);
        assert_eq!(starts.last(), Some(&(length - 128)));
        assert!(starts.windows(2).all(|two| two[1] - two[0] <= 108));
    }
}

#[test]
fn every_pixel_is_judged_by_one_piece_the_one_in_whose_middle_it_lies() {
    for (image, tile, overlap) in [
        (size(301, 200), size(64, 64), 10),
        (size(64, 64), size(64, 64), 0),
        (size(130, 65), size(64, 48), 23),
    ] {
        let pieces = cut(tile, overlap).pieces(image);
        let mut judged = vec![0; image.width * image.height];
        for piece in &pieces {
            let [across, down] = piece.axes;
            let own = piece.own(tile);
            for row in own.top..own.bottom {
                for column in own.left..own.right {
                    judged[(down.start + row) * image.width + across.start + column] += 1;
                }
            }
            // None lies nearer to the middle of another.
            for row in [own.top, own.bottom - 1] {
                let from = |along: &Along| {
                    (2 * along.start + along.tile).abs_diff(2 * (down.start + row) + 1)
                };
                let nearest = pieces
                    .iter()
                    .map(|other| from(&other.axes[1]))
                    .min()
                    .unwrap();
                assert!(from(&down) <= nearest + 1);
            }
        }
        assert!(judged.iter().all(|&count| count == 1), "{image:?}");
    }
}

#[test]
fn pieces_that_are_resized_leave_no_pixel_out_and_judge_none_twice() {
    // Pieces of 96 pixels, seen at 64: an image of 300 is one of 200.
    let pieces = cut(size(96, 96), 20).pieces(size(300, 300));
    let seen = size(64, 64);
    let mut middles: Vec<f64> = Vec::new();
    for piece in pieces.iter().filter(|piece| piece.axes[1].start == 0) {
        let own = piece.own(seen);
        let across = &piece.axes[0];
        middles.extend((own.left..own.right).map(|column| 200.0 * across.share(64, column)));
    }
    assert!(middles[0] < 1.0 && middles[middles.len() - 1] > 199.0);
    for two in middles.windows(2) {
        let step = two[1] - two[0];
        assert!((0.3..1.7).contains(&step), "{two:?}");
    }
}

#[test]
fn an_image_smaller_than_a_tile_is_enlarged_until_it_covers_it() {
    let cut = cut(size(64, 64), 8);
    assert_eq!(enlarged(size(32, 48), size(64, 64)), size(64, 96));
    assert_eq!(cut.pieces(size(32, 48)).len(), 2);
    assert_eq!(cut.pieces(size(1, 1)).len(), 1);
    let image = RgbImage::from_fn(33, 47, |x, y| Rgb([x as u8, y as u8, 9]));
    for piece in cut.pieces(size(33, 47)) {
        let seen = cut.sight(&image, piece).image;
        assert_eq!(seen.dimensions(), (64, 64));
    }
}

#[test]
fn a_piece_of_the_models_size_is_cut_out_as_it_is_and_knows_where_it_lies() {
    let image = RgbImage::from_fn(200, 100, |x, y| Rgb([x as u8, y as u8, 0]));
    let cut = cut(size(64, 64), 8);
    for piece in cut.pieces(size(200, 100)) {
        let [across, down] = piece.axes;
        let sight = cut.sight(&image, piece);
        let expected = [across.start as u8 + 10, down.start as u8 + 20, 0];
        assert_eq!(sight.image.get_pixel(10, 20).0, expected);
        // A pixel in the image that is resized to the size of a piece.
        let [x, y] = sight.frame.to_image.point([10.0, 20.0]);
        let lies = |at: usize, length: f32| (at as f32 + 0.5) * 64.0 / length - 0.5;
        assert!((x - lies(across.start + 10, 200.0)).abs() < 1e-3);
        assert!((y - lies(down.start + 20, 100.0)).abs() < 1e-3);
    }
}

#[test]
fn a_grid_over_the_image_is_filled_by_its_pieces() {
    let (tile, image) = (size(64, 64), size(200, 130));
    let mut cells = vec![0; 16 * 25];
    for piece in cut(tile, 8).pieces(image) {
        piece.into_grid(tile, [16, 25], |_, cell| cells[cell] += 1);
    }
    assert_eq!(cells.iter().sum::<usize>(), 200 * 130);
    assert!(cells.iter().all(|count| (64..=72).contains(count)));
}
