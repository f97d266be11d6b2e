//! A model from its first step to its findings, on a device and on the CPU.

use std::sync::Arc;

use image::{Rgb, RgbImage};
use oddspot::net::engine::{Cpu, Engine};
use oddspot::settings::Settings;
use oddspot::train::{GoodImages, TrainingEngine};
use oddspot::{Detector, Model, Options, Training};
use oddspot_burn::Burn;

/// A plate with a grid, a little different every time.
fn plate(index: u32) -> RgbImage {
    RgbImage::from_fn(104, 104, |x, y| {
        let line = if x % 26 < 3 || y % 26 < 3 { 90 } else { 0 };
        Rgb([(x * 2) as u8, (y + 9 * index) as u8, 60 + line])
    })
}

/// The same with a scratch.
fn scratched(index: u32) -> RgbImage {
    let mut image = plate(index);
    for at in 40..64 {
        image.put_pixel(at, at + 4, Rgb([255, 255, 255]));
        image.put_pixel(at, at + 5, Rgb([0, 0, 0]));
    }
    image
}

fn trained(engine: Arc<dyn TrainingEngine>, memory_weight: &str) -> Model {
    let mut settings = Settings::default();
    for (name, text) in [
        ("image_size", "104"),
        ("training.iterations", "4"),
        ("student.widths", "8,8,8,16"),
        ("closed_form.memory_weight", memory_weight),
    ] {
        settings.set(name, text).unwrap();
    }
    let good: GoodImages = (0..6).map(plate).collect();
    Training::new(settings, good).engine(engine).run().unwrap()
}

fn scores(model: &Model, engine: Arc<dyn Engine>) -> Vec<f32> {
    let options = Options {
        engine,
        ..Options::default()
    };
    let detector = Detector::new(model.clone(), options).unwrap();
    let images = (0..4).flat_map(|index| [plate(index), scratched(index)]);
    images
        .map(|image| detector.detect(&image).unwrap().score)
        .collect()
}

/// Trains a few steps and judges, on both; the scores agree to `tolerance` of their range.
fn assert_scores_agree(device: &Burn, tolerance: f32) {
    let model = trained(Arc::new(device.clone()), "1");
    let agree = |found: &[f32], expected: &[f32], tolerance: f32, what: &str| {
        let [least, most] =
            [f32::min, f32::max].map(|of| expected.iter().copied().reduce(of).unwrap());
        assert!(most > least && least.is_finite() && most.is_finite());
        for (found, expected) in found.iter().zip(expected) {
            let difference = (found - expected).abs() / (most - least);
            assert!(
                difference <= tolerance,
                "{what}: {found} for {expected}, off by {difference:e}"
            );
        }
    };
    let on_cpu = scores(&model, Arc::new(Cpu));
    agree(
        &scores(&model, Arc::new(device.clone())),
        &on_cpu,
        tolerance,
        "one model",
    );
    // Steps blow rounding up; what is remembered, in 8 bits, makes whole steps of it.
    let of_each = |engine| scores(&trained(engine, "0"), Arc::new(Cpu));
    let of_device = of_each(Arc::new(device.clone()));
    let of_cpu = of_each(Arc::new(Cpu));
    agree(&of_device, &of_cpu, 100.0 * tolerance, "a model of each");
}

#[test]
fn burn_trains_and_judges_like_the_cpu() {
    assert_scores_agree(&Burn::flex(), 1e-5);
}

/// Any graphics adapter will do; without one, Mesa's software Vulkan (Debian and Ubuntu:
/// `apt-get install mesa-vulkan-drivers`) is found by itself. The build takes very long:
///
/// ```sh
/// cargo test --release -p oddspot-burn --features wgpu -- --ignored --nocapture
/// ```
#[test]
#[ignore = "needs a graphics adapter"]
#[cfg(feature = "wgpu")]
fn a_graphics_adapter_trains_and_judges_like_the_cpu() {
    let device = Burn::wgpu().unwrap();
    let adapter = device.adapter().unwrap();
    println!("{adapter}, software: {}", device.is_software());
    assert!(!adapter.is_empty());
    assert_scores_agree(&device, 1e-5);
    // A second opening finds it open.
    assert_eq!(Burn::open("wgpu").unwrap().adapter(), Some(adapter));
}
