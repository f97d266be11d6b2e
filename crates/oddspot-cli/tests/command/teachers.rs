//! Teachers: brought in from files as they come, listed, missed, and kept apart from models.

use std::fs;
use std::path::{Path, PathBuf};

use oddspot::Model;
use serde_json::Value;

use crate::world::{World, board, png, teacher, with_header};

/// A file that `tests/oracle/teacher_hashes.py` wrote.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/teachers")
        .join(name)
}

fn expected_sha256(architecture: &str) -> String {
    let expected: Value =
        serde_json::from_slice(&fs::read(fixture("expected.json")).unwrap()).unwrap();
    expected[architecture].as_str().unwrap().to_owned()
}

#[test]
fn a_teacher_is_the_same_in_every_format_and_naming() {
    let world = World::new();
    for architecture in ["vgg16", "squeezenet"] {
        let sha256 = expected_sha256(architecture);
        let mut kept = Vec::new();
        for file in [
            "torchvision.pth",
            "torchvision_old.pth",
            "pytorchcv.pth",
            "torchvision.safetensors",
            "pytorchcv.safetensors",
        ] {
            let file = fixture(&format!("{architecture}_{file}"));
            let run = world.succeeds(world.oddspot("teacher import").arg(&file));
            let expected =
                format!("{architecture} (built like {architecture}), SHA-256 {sha256}\nkept as ");
            assert!(
                run.stdout.starts_with(&expected),
                "{file:?}: {}",
                run.stdout
            );
            kept.push(world.read(format!("cache/teachers/{architecture}.safetensors")));
        }
        assert!(kept.windows(2).all(|pair| pair[0] == pair[1]));
    }
    let list = world.succeeds(&mut world.oddspot("teacher list")).stdout;
    let names: Vec<_> = list.lines().map(|l| l.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["builtin", "random", "squeezenet", "vgg16"]);
    assert!(list.contains(&expected_sha256("squeezenet")), "{list}");
}

#[test]
fn imported_teachers_teach_by_name() {
    let world = World::new();
    world.boards("boards", 2);
    for (architecture, name) in [("vgg16", "tiny-1"), ("squeezenet", "squeezenet")] {
        let file = fixture(&format!("{architecture}_torchvision.pth"));
        world.succeeds(
            world
                .oddspot("teacher import")
                .arg(file)
                .args(["--name", name]),
        );
        let output = format!("{name}.oddspot");
        world.succeeds(&mut world.train(&format!(
            "boards -o {output} --teacher {name} --iterations 2"
        )));
        let identity = Model::load(&world.path(output)).unwrap().header.teacher;
        assert_eq!(identity.name, name);
        assert_eq!(identity.sha256, expected_sha256(architecture));
        let list = world.succeeds(&mut world.oddspot("teacher list")).stdout;
        assert!(list.lines().any(|line| line.starts_with(name)), "{list}");
    }
}

#[test]
fn a_missing_teacher_says_which_file_to_bring_and_the_command() {
    let world = World::new();
    world.boards("boards", 2);
    world.fails(
        &mut world.train("boards -o m.oddspot --teacher vgg16"),
        &[
            "'vgg16'",
            "vgg16-397923af.pth",
            "oddspot teacher import vgg16-397923af.pth",
        ],
    );
    world.fails(
        &mut world.train("boards -o m.oddspot --teacher squeezenet"),
        &[
            "'squeezenet'",
            "squeezenet1_0-b66bff10.pth",
            "oddspot teacher import",
        ],
    );
    world.fails(
        &mut world.train("boards -o m.oddspot --teacher nobody"),
        &["'nobody'", "oddspot teacher import", "cache/teachers"],
    );
    world.fails(
        &mut world.train("boards -o m.oddspot --teacher nowhere/weights.pth"),
        &["nowhere/weights.pth", "No such file"],
    );
    let list = world.succeeds(&mut world.oddspot("teacher list")).stdout;
    assert!(list.starts_with("builtin "), "{list}");
    assert!(
        list.contains("oddspot teacher import vgg16-397923af.pth"),
        "{list}"
    );
}

#[test]
fn what_is_no_teacher_is_refused_by_train_and_import() {
    let world = World::with_model();
    world.boards("boards", 2);
    let pth = fs::read(fixture("vgg16_torchvision.pth")).unwrap();
    let safetensors = world.read("teacher.safetensors");
    let nan = {
        let mut bytes = safetensors.clone();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    };
    let lacking = with_header(&safetensors, "features.17.weight", "features.99.weight");
    for (name, bytes, reason) in [
        (
            "model.oddspot",
            world.read("model.oddspot"),
            "not a teacher's weights; pass it to `oddspot detect`",
        ),
        ("picture.pth", png(&board(0)), ".safetensors or .pth"),
        ("empty.pth", Vec::new(), "truncated or empty"),
        (
            "half.pth",
            pth[..pth.len() / 2].to_vec(),
            "not a readable PyTorch file",
        ),
        (
            "pickle.pth",
            vec![0x80, 2, b'.'],
            "not a readable PyTorch file",
        ),
        (
            "half.safetensors",
            safetensors[..safetensors.len() / 2].to_vec(),
            "truncated",
        ),
        ("nan.safetensors", nan, "NaN"),
        ("lacking.safetensors", lacking, "features.17.weight"),
        (
            "other.safetensors",
            other_network(),
            "not those of a known teacher (VGG16, SqueezeNet 1.0, ",
        ),
    ] {
        world.write(name, bytes);
        let teacher = format!("boards -o m.oddspot --teacher {name}");
        world.fails(&mut world.train(&teacher), &[name, reason]);
        world.fails(
            &mut world.oddspot(&format!("teacher import {name}")),
            &[name, reason],
        );
    }
    for name in ["builtin", "random", "../escape", "a/b", ""] {
        let mut import = world.oddspot("teacher import teacher.safetensors --name");
        world.fails(import.arg(name), &["--name", name]);
    }
    assert!(!world.path("cache").exists());
}

fn other_network() -> Vec<u8> {
    use safetensors::tensor::{Dtype, TensorView};
    let view = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
    safetensors::serialize([("layer1.weight", view)], None).unwrap()
}

#[test]
fn a_checkpoint_is_no_teacher_and_a_damaged_teacher_is_listed_as_unusable() {
    let world = World::new();
    world.boards("boards", 2);
    world.fails_leaving(
        &mut world.train("boards -o m.oddspot --checkpoint-every 1 --learning-rate 1e30"),
        &["m.oddspot.checkpoint"],
    );
    world.fails(
        &mut world.oddspot("teacher import m.oddspot.checkpoint"),
        &["m.oddspot.checkpoint", "a model of this program's"],
    );
    world.write("cache/teachers/spoilt.safetensors", "spoilt");
    let list = world.succeeds(&mut world.oddspot("teacher list")).stdout;
    let spoilt = list
        .lines()
        .find(|line| line.starts_with("spoilt"))
        .unwrap();
    assert!(spoilt.contains("unusable") && spoilt.contains("spoilt.safetensors"));
}

#[test]
fn a_model_without_its_teacher_finds_it_again_or_says_which() {
    let world = World::new();
    world.boards("boards", 4);
    world.succeeds(&mut world.oddspot("teacher import teacher.safetensors --name mine"));
    world.succeeds(&mut world.train("boards -o whole.oddspot --teacher mine"));
    world.succeeds(&mut world.train("boards -o light.oddspot --teacher mine --no-teacher"));
    assert!(world.read("light.oddspot").len() < world.read("whole.oddspot").len());
    let light = Model::load(&world.path("light.oddspot")).unwrap();
    assert_eq!(light.teacher, None);

    for model in ["whole", "light"] {
        let command = format!("detect {model}.oddspot boards -o {model} --maps --threads 1");
        world.succeeds(&mut world.oddspot(&command));
    }
    let map = |model: &str| world.read(format!("{model}/total/2.tiff"));
    assert!(map("light") == map("whole"));

    // Another teacher of the same name, then none.
    world.write("other.safetensors", teacher([2, 3, 4, 5]));
    world.succeeds(&mut world.oddspot("teacher import other.safetensors --name mine"));
    world.fails(
        &mut world.oddspot("detect light.oddspot boards -o out"),
        &["light.oddspot", "'mine'", &light.header.teacher.sha256],
    );
    fs::remove_file(world.path("cache/teachers/mine.safetensors")).unwrap();
    world.fails(
        &mut world.oddspot("detect light.oddspot boards -o out"),
        &["'mine'", "oddspot teacher import"],
    );
    world.succeeds(&mut world.oddspot("detect whole.oddspot boards -o out"));
}

#[test]
fn a_model_without_its_teacher_finds_it_where_it_was_or_under_any_name() {
    let world = World::new();
    world.boards("boards", 2);
    world.succeeds(&mut world.train("boards -o light.oddspot --no-teacher"));
    let detect = |output: &str| world.oddspot(&format!("detect light.oddspot boards -o {output}"));
    world.succeeds(&mut detect("by_path"));

    let own = world.read("teacher.safetensors");
    let mut other = own.clone();
    let end = other.len();
    other[end - 4..].copy_from_slice(&0.5_f32.to_le_bytes());
    world.write("teacher.safetensors", other);
    world.fails(
        &mut detect("out"),
        &["light.oddspot", "SHA-256", "oddspot teacher import"],
    );
    assert!(!world.path("out").exists());

    world.write("own.safetensors", own);
    world.succeeds(&mut world.oddspot("teacher import own.safetensors --name anything"));
    world.succeeds(&mut detect("by_hash"));
}

/// ResNet-18 with few channels, as torchvision would write it.
fn residual() -> Vec<u8> {
    use safetensors::tensor::{Dtype, TensorView};
    const STAGES: [(usize, usize); 3] = [(4, 4), (4, 6), (6, 8)];
    let mut tensors: Vec<(String, Vec<usize>)> = Vec::new();
    let mut layer = |conv: &str, norm: &str, shape: [usize; 4]| {
        tensors.push((format!("{conv}.weight"), shape.to_vec()));
        for part in ["weight", "bias", "running_mean", "running_var"] {
            tensors.push((format!("{norm}.{part}"), vec![shape[0]]));
        }
    };
    layer("conv1", "bn1", [4, 3, 7, 7]);
    for (stage, (inputs, outputs)) in (1..).zip(STAGES) {
        for (block, inputs) in [inputs, outputs].into_iter().enumerate() {
            let name = |part: &str| format!("layer{stage}.{block}.{part}");
            layer(&name("conv1"), &name("bn1"), [outputs, inputs, 3, 3]);
            layer(&name("conv2"), &name("bn2"), [outputs, outputs, 3, 3]);
            if inputs != outputs {
                let (conv, norm) = (name("downsample.0"), name("downsample.1"));
                layer(&conv, &norm, [outputs, inputs, 1, 1]);
            }
        }
    }
    let stored: Vec<(String, Vec<usize>, Vec<u8>)> = (tensors.into_iter())
        .map(|(name, shape)| {
            let count: usize = shape.iter().product();
            let mixed = |i: usize| ((i * 7919) % 13) as f32 / 30.0 - 0.2;
            let value = |i: usize| match name.contains("running_var") {
                true => 1.0,
                false => mixed(i),
            };
            let bytes = (0..count).flat_map(|i| value(i).to_le_bytes()).collect();
            (name.clone(), shape, bytes)
        })
        .collect();
    let views = stored.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    safetensors::serialize(views, None).unwrap()
}

#[test]
fn a_residual_teacher_teaches_and_says_which_sizes_it_takes() {
    let world = World::new();
    world.data_set("set", 0);
    world.write("residual.safetensors", residual());
    let run = world.succeeds(&mut world.oddspot("teacher import residual.safetensors"));
    assert!(
        run.stdout.starts_with("resnet18 (built like resnet18)"),
        "{}",
        run.stdout
    );
    world.succeeds(&mut world.train("set -o m.oddspot --teacher resnet18"));
    world.succeeds(&mut world.oddspot("evaluate m.oddspot set"));
    let odd = "--teacher resnet18 --image-size 104 --offset 16";
    let mention = ["--image-size", "a multiple of 16"];
    world.fails(
        &mut world.train(&format!("set -o n.oddspot {odd}")),
        &mention,
    );
    world.fails(
        &mut world.oddspot(&format!("benchmark set -o out {odd}")),
        &mention,
    );
}
