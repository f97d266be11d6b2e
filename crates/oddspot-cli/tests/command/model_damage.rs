//! Model files that are damaged, hostile or something else altogether.

use oddspot::Model;
use oddspot::files::MAX_HEADER;
use safetensors::SafeTensors;

use crate::world::{World, board, odd_image, png, with_header};

/// `detect`, `evaluate` and `inspect` refuse `bad.oddspot` for this reason.
fn is_refused(world: &World, bytes: impl AsRef<[u8]>, reason: &str) {
    world.write("bad.oddspot", bytes);
    for command in [
        "detect bad.oddspot boards -o out",
        "evaluate bad.oddspot boards",
        "inspect bad.oddspot",
    ] {
        world.fails(&mut world.oddspot(command), &["bad.oddspot", reason]);
    }
    assert!(!world.path("out").exists());
}

fn world() -> (World, Vec<u8>) {
    let world = World::with_model();
    world.boards("boards", 1);
    let model = world.read("model.oddspot");
    (world, model)
}

/// The same file with a tensor's value replaced.
fn with_value(model: &[u8], tensor: &str, index: usize, value: f32) -> Vec<u8> {
    let (length, metadata) = SafeTensors::read_metadata(model).unwrap();
    let (start, _) = metadata.info(tensor).unwrap().data_offsets;
    let at = 8 + length + start + 4 * index;
    let mut bytes = model.to_vec();
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    bytes
}

/// The model with something else in it, under a seal that holds.
fn resealed(model: &[u8], change: impl FnOnce(&mut Model)) -> Vec<u8> {
    let mut model = Model::from_bytes(model.to_vec()).unwrap();
    change(&mut model);
    model.to_bytes().unwrap()
}

/// What is said of a file that is not as it was written.
const CHANGED: &str = "not those that were written";

#[test]
fn a_truncated_model_is_refused_at_any_length() {
    let (world, model) = world();
    let (header, _) = SafeTensors::read_metadata(&model).unwrap();
    for length in [
        0,
        1,
        7,
        8,
        9,
        8 + header / 2,
        8 + header - 1,
        8 + header,
        8 + header + 1,
        model.len() / 2,
        model.len() - 4,
        model.len() - 1,
    ] {
        is_refused(&world, &model[..length], "truncated");
    }
    is_refused(&world, [&model[..], b"\0"].concat(), "damaged");
}

#[test]
fn a_header_that_claims_too_much_is_refused_unread() {
    let (world, model) = world();
    for claim in [u64::MAX, 1 << 40, MAX_HEADER + 1] {
        let bytes = [&claim.to_le_bytes()[..], &model[8..]].concat();
        is_refused(&world, bytes, "the limit");
    }
    let words = b"{\"a\": \"tensor\", ";
    let bytes = [&(words.len() as u64).to_le_bytes()[..], words].concat();
    is_refused(&world, bytes, "header is damaged");
}

#[test]
fn a_folder_in_the_place_of_a_model_is_called_one() {
    let (world, _) = world();
    for command in [
        "detect boards boards -o out",
        "evaluate boards boards",
        "inspect boards",
        "calibrate boards boards",
        "extend boards boards",
    ] {
        world.fails(
            &mut world.oddspot(command),
            &[
                "boards is a folder of images; `oddspot ",
                " takes a model",
                "(`oddspot train` writes models): `oddspot ",
            ],
        );
    }
}

#[test]
fn a_picture_in_the_place_of_a_model_is_called_one_whatever_its_name() {
    let (world, _) = world();
    world.picture("part.oddspot", &board(1));
    world.write("photo.png", odd_image("exif_1.jpg"));
    for picture in ["part.oddspot", "photo.png"] {
        let said = format!("{picture} is a picture; `oddspot ");
        for command in [
            format!("detect {picture} boards -o out"),
            format!("evaluate {picture} boards"),
            format!("inspect {picture}"),
            format!("extend {picture} boards"),
        ] {
            world.fails(
                &mut world.oddspot(&command),
                &[&said, " takes a model", " MODEL"],
            );
        }
    }
}

#[test]
fn a_model_of_another_format_asks_for_another_program_or_training() {
    let (world, model) = world();
    for (format, reason) in [
        (
            3,
            "of format 3, and this program reads 6: it was written before",
        ),
        (9, "of format 9, and this program reads 6: a newer version"),
    ] {
        let new = format!(r#"\"format\":{format},"#);
        let other = with_header(&model, r#"\"format\":6,"#, &new);
        is_refused(&world, &other, reason);
        let this = concat!("this is oddspot ", env!("CARGO_PKG_VERSION"));
        is_refused(&world, &other, this);
    }
}

#[test]
fn a_header_that_says_something_else_is_refused() {
    let (world, model) = world();
    for (old, new, reason) in [
        (
            r#"oddspot.model"#,
            r#"oddspot.novel"#,
            "no model of this program's",
        ),
        (
            r#"\"output_stride\":8"#,
            r#"\"output_stride\":5"#,
            "student.output_stride",
        ),
        (r#"\"method\":\"full\""#, r#"\"method\":\"fool\""#, "fool"),
        (
            r#"\"widths\":[4,4,8,8]"#,
            r#"\"widths\":[4,4,8,9]"#,
            "'student.conv4.weight' has the shape",
        ),
        (r#"\"iterations\":12"#, r#"\"iterations\":-2"#, "header"),
        (
            r#"{\"stride\":8,\"channels\":4}"#,
            r#"{\"stride\":8,\"channels\":5}"#,
            "its teacher's levels are not those",
        ),
        (r#"\"seed\":0"#, r#"\"seed\":1"#, CHANGED),
    ] {
        is_refused(&world, with_header(&model, old, new), reason);
    }
}

#[test]
fn tensors_of_wrong_shape_type_or_value_are_refused_by_name() {
    let (world, model) = world();
    let (_, metadata) = SafeTensors::read_metadata(&model).unwrap();
    let mut tried = 0;
    for name in metadata.offset_keys() {
        let info = metadata.info(&name).unwrap();
        if name.starts_with("student.") && info.shape == [4, 3, 3, 3] {
            let shape = r#""shape":[4,3,3,3]"#;
            let turned = with_header(&model, shape, r#""shape":[3,4,3,3]"#);
            is_refused(&world, turned, "shape");
        }
        if [".weight", ".mean1", ".std3"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            let reason = format!("its tensor '{name}' holds NaN");
            is_refused(&world, with_value(&model, &name, 0, f32::NAN), &reason);
            tried += 1;
        }
    }
    assert!(tried > 12, "{tried}");
    let name = metadata.offset_keys().remove(0);
    let last = metadata
        .info(&name)
        .unwrap()
        .shape
        .iter()
        .product::<usize>()
        - 1;
    is_refused(
        &world,
        with_value(&model, &name, last, f32::INFINITY),
        &name,
    );
    let renamed = with_header(&model, "student.conv1.weight", "student.conv1.wright");
    is_refused(&world, renamed, "lacks the tensor 'student.conv1.weight'");
    is_refused(
        &world,
        with_header(&model, r#""F32""#, r#""I32""#),
        "not floats",
    );
    let flat = resealed(&model, |model| model.statistics.levels[1].std[1] = 0.0);
    is_refused(&world, flat, "not positive");
    let name = "reconstruction.level2.mean";
    is_refused(&world, with_value(&model, name, 3, f32::NAN), name);
    for value in [0.0, -1.0] {
        let name = "reconstruction.level2.std";
        let flat = resealed(&model, |model| {
            model.tensors.get_mut(name).unwrap().values[3] = value;
        });
        world.write("bad.oddspot", flat);
        world.fails(
            &mut world.oddspot("detect bad.oddspot boards -o out"),
            &["bad.oddspot", name, "not positive"],
        );
    }
    let renamed = with_header(&model, "\"teacher.whitening2", "\"teacher.whitening4");
    is_refused(&world, renamed, "lacks the tensor 'teacher.whitening2'");
    let unwhitened = with_header(
        &model,
        r#"\"feature_norm\":\"whiten\""#,
        r#"\"feature_norm\":\"none\"  "#,
    );
    is_refused(
        &world,
        unwhitened,
        "'teacher.whitening1' belongs to no network",
    );
    let renamed = with_header(
        &model,
        "\"reconstruction.level3.std",
        "\"reconstruction.level3.sdt",
    );
    is_refused(
        &world,
        renamed,
        "lacks the tensor 'reconstruction.level3.std'",
    );
    let global = with_header(
        &model,
        r#"\"moments\":\"local\",\"reconstruction_weight\":0.5,\"pos_weight\":0.75"#,
        r#"\"moments\":\"global\",\"reconstruction_weight\":0.5,\"pos_weight\":1  "#,
    );
    is_refused(
        &world,
        global,
        "'gaussian.place.mean' belongs to no network",
    );
    let kept = with_header(
        &model,
        r#"\"image_level\":\"levelled\""#,
        r#"\"image_level\":\"kept\"    "#,
    );
    is_refused(&world, kept, "statistics do not fit together");
}

#[test]
fn any_changed_tensor_is_noticed() {
    let (world, model) = world();
    let (_, metadata) = SafeTensors::read_metadata(&model).unwrap();
    let names = metadata.offset_keys();
    for name in names.iter().step_by(5) {
        is_refused(&world, with_value(&model, name, 0, 0.123), CHANGED);
    }
}

#[test]
fn scores_that_overflow_are_an_error_and_never_a_verdict() {
    let (world, model) = world();
    for tensor in ["student.head3.weight", "position.fc1.weight"] {
        let wild = resealed(&model, |model| {
            model.tensors.get_mut(tensor).unwrap().values.fill(3e38);
        });
        world.write("bad.oddspot", wild);
        let run = world.ends_with(&mut world.oddspot("detect bad.oddspot boards -o out"), 1);
        let reason =
            "error: cannot use model file bad.oddspot: it gives scores that are not finite";
        assert!(run.stderr.contains(reason), "{tensor}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{tensor}");
        assert_eq!(world.text("out/results.jsonl"), "", "{tensor}");
    }
}

#[test]
fn teacher_weights_that_are_not_those_of_the_training_are_refused() {
    let (world, model) = world();
    let changed = resealed(&model, |model| {
        let weights = model.teacher.as_mut().unwrap();
        weights.get_mut("features.0.weight").unwrap().values[5] = 0.5;
    });
    world.write("bad.oddspot", changed);
    world.fails(
        &mut world.oddspot("detect bad.oddspot boards -o out"),
        &["bad.oddspot", "not those it was trained with"],
    );
    let run = world.succeeds(&mut world.oddspot("inspect bad.oddspot"));
    assert!(run.stdout.contains("the file is damaged"), "{}", run.stdout);
}

#[test]
fn what_is_no_model_is_told_apart() {
    let (world, _) = world();
    is_refused(&world, png(&board(0)), "bad.oddspot is a picture; ");
    is_refused(&world, "a text of some length", "not a .safetensors file");
    is_refused(&world, b"model", "only 5 bytes long");
    is_refused(
        &world,
        world.read("teacher.safetensors"),
        "no model of this program's (a teacher's weights, perhaps); make one with `oddspot train`, \
         whose --teacher",
    );
    world.fails_leaving(&mut world.train("images -o c.oddspot"), &["images"]);
    world.boards("images", 2);
    world.fails_leaving(
        &mut world.train("images -o c.oddspot --checkpoint-every 1 --learning-rate 1e30"),
        &["c.oddspot.checkpoint"],
    );
    is_refused(
        &world,
        world.read("c.oddspot.checkpoint"),
        "an unfinished training; finish it with `oddspot train … --resume`",
    );
    for (model, reason) in [("nowhere.oddspot", "No such file"), ("boards", "boards")] {
        world.fails(
            &mut world.oddspot(&format!("detect {model} boards -o out")),
            &[model, reason],
        );
    }
}
