//! Teachers: importing, finding, leaving out of the model.

use std::path::{Path, PathBuf};

use tempfile::tempdir;

use super::common::{Run, command, good, model, names, teacher, teacher_bytes, train_command};

fn with_cache(cache: &Path, arguments: &[&str]) -> Run {
    let mut command = command();
    Run::of(
        command
            .env("ODDSPOT_CACHE", cache)
            .args(arguments)
            .output()
            .unwrap(),
    )
}

/// Files of the same tiny networks in other formats and names, made by
/// `oracle/teacher_files.py`.
fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn imported_hash(file: &Path) -> String {
    let cache = tempdir().unwrap();
    let run = with_cache(cache.path(), &["teacher", "import", file.to_str().unwrap()]).succeeded();
    let hash = run.stdout.split("SHA-256 ").nth(1).unwrap();
    hash.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn every_format_and_naming_of_a_teacher_is_the_same_teacher() {
    for (architecture, files) in [
        (
            "vgg16",
            [
                "vgg16_torchvision.pth",
                "vgg16_pytorchcv.pth",
                "vgg16_torchvision.safetensors",
            ],
        ),
        (
            "squeezenet",
            [
                "squeezenet_torchvision.pth",
                "squeezenet_pytorchcv.pth",
                "squeezenet_torchvision.safetensors",
            ],
        ),
    ] {
        let hashes = files.map(|file| imported_hash(&fixture(file)));
        assert_eq!(hashes[0].len(), 64, "{architecture}");
        assert!(
            hashes.iter().all(|hash| *hash == hashes[0]),
            "{architecture}: {hashes:?}"
        );
    }
}

#[test]
fn an_imported_teacher_is_listed_and_found_by_name() {
    let folder = tempdir().unwrap();
    let cache = folder.path().join("cache");
    let file = teacher();
    with_cache(
        &cache,
        &[
            "teacher",
            "import",
            file.to_str().unwrap(),
            "--name",
            "tiny",
        ],
    )
    .succeeded();
    let list = with_cache(&cache, &["teacher", "list"]).succeeded().stdout;
    assert!(list.contains("random") && list.contains("tiny"), "{list}");
    let mut train = train_command(&good(), &folder.path().join("m"), Path::new("tiny"));
    Run::of(train.env("ODDSPOT_CACHE", &cache).output().unwrap()).succeeded();
}

#[test]
fn a_missing_teacher_names_the_file_to_bring_and_the_command() {
    let folder = tempdir().unwrap();
    let mut train = train_command(&good(), &folder.path().join("m"), Path::new("vgg16"));
    Run::of(train.output().unwrap())
        .failed_saying(&["vgg16-397923af.pth", "oddspot teacher import"]);
    assert_eq!(names(folder.path()), [""; 0]);
}

#[test]
fn weights_that_cannot_be_a_teacher_are_refused() {
    let folder = tempdir().unwrap();
    let import = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        with_cache(
            &folder.path().join("cache"),
            &["teacher", "import", path.to_str().unwrap()],
        )
    };
    let bytes = teacher_bytes("features");
    import("cut.safetensors", &bytes[..bytes.len() - 9])
        .failed_saying(&["cut.safetensors", "truncated"]);
    import("other.safetensors", &teacher_bytes("layers"))
        .failed_saying(&["other.safetensors", "VGG16"]);
    import("text.pth", b"PK but no archive").failed_saying(&["text.pth"]);
    import("empty.pth", b"").failed_saying(&["empty.pth"]);
    assert!(!folder.path().join("cache").exists());
}

#[test]
fn a_model_without_its_teacher_needs_the_same_one_at_hand() {
    let folder = tempdir().unwrap();
    let slim = folder.path().join("slim");
    let own_teacher = folder.path().join("teacher.safetensors");
    std::fs::copy(teacher(), &own_teacher).unwrap();
    let mut train = train_command(&good(), &slim, &own_teacher);
    Run::of(train.arg("--no-teacher").output().unwrap()).succeeded();
    let size = |path: &Path| std::fs::metadata(path).unwrap().len();
    assert!(size(&slim) < size(&model()));

    let judge = |output: &str| {
        let mut command = command();
        command.arg("detect").arg(&slim).arg(good().join("000.png"));
        Run::of(
            command
                .arg("-o")
                .arg(folder.path().join(output))
                .output()
                .unwrap(),
        )
    };
    judge("found").succeeded();
    let mut other = teacher_bytes("features");
    let end = other.len();
    other[end - 4..].copy_from_slice(&0.5f32.to_le_bytes());
    std::fs::write(&own_teacher, other).unwrap();
    judge("found2").failed_saying(&["slim", "SHA-256", "oddspot teacher import"]);

    // Imported, it is found by its hash, under whatever name.
    let cache = folder.path().join("cache");
    let file = teacher();
    let import = [
        "teacher",
        "import",
        file.to_str().unwrap(),
        "--name",
        "anything",
    ];
    with_cache(&cache, &import).succeeded();
    let image = good().join("000.png");
    let found = folder.path().join("found3");
    let arguments = [
        "detect",
        slim.to_str().unwrap(),
        image.to_str().unwrap(),
        "-o",
    ];
    let mut arguments = arguments.to_vec();
    arguments.push(found.to_str().unwrap());
    with_cache(&cache, &arguments).succeeded();
}
