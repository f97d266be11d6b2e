//! The tables of tensors in docs/model-file.md are those of the networks' descriptions.

#![allow(clippy::unwrap_used, clippy::panic)]

mod table;

use std::path::Path;

use oddspot::net::learned::Learned;
use oddspot::net::network::{Level, Network};
use oddspot::net::teachers::{RESNET18, SQUEEZENET, VGG16, WIDE_RESNET50_2, of_stages};
use oddspot::settings::Settings;
use table::markdown;

/// SqueezeNet 1.0's own widths.
fn of_squeezenet(layer: &str) -> usize {
    let mut parts = layer.split('.').skip(1);
    let index: usize = parts.next().unwrap().parse().unwrap();
    let squeeze = match index {
        0 => return 96,
        3 | 4 => 16,
        5 | 7 => 32,
        8 | 9 => 48,
        _ => 64,
    };
    match parts.next().unwrap() {
        "squeeze" => squeeze,
        _ => 4 * squeeze,
    }
}

/// The widths of a residual network, inside and at the end of its blocks.
fn of_resnet(layer: &str, inside: usize, outside: usize) -> usize {
    let Some(stage) = layer.strip_prefix("layer") else {
        return 64;
    };
    let stage: u32 = stage[..1].parse().unwrap();
    let end = layer.ends_with("conv3") || layer.ends_with("downsample.0");
    (if end { outside } else { inside }) << (stage - 1)
}

fn tables() -> Vec<(&'static str, Network)> {
    let settings = Settings::default();
    let describe = |widths: &dyn Fn(&str) -> usize, name: &str| -> Network {
        let all = [&VGG16, &SQUEEZENET, &RESNET18, &WIDE_RESNET50_2];
        let architecture = all.into_iter().find(|one| one.name == name).unwrap();
        (architecture.describe)(&|layer| Ok(widths(layer))).unwrap()
    };
    let vgg = of_stages([64, 128, 256, 512]);
    let vgg16 = describe(&|layer| vgg(layer).unwrap(), "vgg16");
    let learned = Learned::new(&settings, &vgg16.levels()).unwrap();
    let levels: Vec<Level> = vgg16.levels();
    assert_eq!(learned.levels, levels);
    vec![
        ("student", learned.student().unwrap().network.clone()),
        ("classifier", learned.classifier.unwrap()),
        ("vgg16", vgg16),
        ("squeezenet", describe(&of_squeezenet, "squeezenet")),
        (
            "resnet18",
            describe(&|layer| of_resnet(layer, 64, 64), "resnet18"),
        ),
        (
            "wide_resnet50_2",
            describe(&|layer| of_resnet(layer, 128, 256), "wide_resnet50_2"),
        ),
    ]
}

#[test]
fn the_tables_of_the_model_file_are_those_of_the_networks() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/model-file.md");
    let mut text = std::fs::read_to_string(&path).unwrap();
    for (name, network) in tables() {
        let start = format!("<!-- table: {name} -->\n");
        let begin = text
            .find(&start)
            .unwrap_or_else(|| panic!("no table {name}"))
            + start.len();
        let end = begin + text[begin..].find("<!-- end -->").unwrap();
        text.replace_range(begin..end, &markdown(&network));
    }
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap();
    assert!(
        found == text,
        "docs/model-file.md is not as the networks are: UPDATE=1 cargo test -p oddspot --test \
         model_file_tables writes it anew"
    );
}
