//! Where images come from and results go: pipes, places without a home, results that are there already.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::thread;

use oddspot::Model;

use crate::detection::lines;
use crate::world::{World, board, png};

#[test]
fn a_pipe_is_one_image() {
    let world = World::with_model();
    world.boards("boards", 1);
    world.succeeds(&mut world.oddspot("detect model.oddspot boards/0.png -o out"));
    let expected = lines(&world.text("out/results.jsonl"));
    for (number, name) in ["-", "/dev/stdin"].into_iter().enumerate() {
        let detect = format!("detect model.oddspot {name} -o piped{number}");
        let mut child = (world
            .oddspot(&detect)
            .stdin(Stdio::piped())
            .stdout(Stdio::null()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(&png(&board(0)))
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let found = lines(&world.text(format!("piped{number}/results.jsonl")));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["image"], name);
        assert_eq!(found[0]["score"], expected[0]["score"]);
        assert!(
            world
                .path(format!("piped{number}/figure/stdin.png"))
                .is_file()
        );
    }
    nix::unistd::mkfifo(
        &world.path("camera"),
        nix::sys::stat::Mode::from_bits_truncate(0o600),
    )
    .unwrap();
    let camera = world.path("camera");
    let writer = thread::spawn(move || fs::write(camera, png(&board(0))).unwrap());
    world.succeeds(&mut world.oddspot("detect model.oddspot camera -o fifo"));
    writer.join().unwrap();
    assert_eq!(
        lines(&world.text("fifo/results.jsonl"))[0]["score"],
        expected[0]["score"]
    );
    // In a folder nobody asked for it, and it may never end.
    world.boards("more", 1);
    nix::unistd::mkfifo(
        &world.path("more/x.png"),
        nix::sys::stat::Mode::from_bits_truncate(0o600),
    )
    .unwrap();
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot more -o folder"));
    assert!(
        run.stderr.contains("1 other file was passed over"),
        "{}",
        run.stderr
    );
    let run = world.ends_with(
        world
            .oddspot("detect model.oddspot - -o empty")
            .stdin(Stdio::null()),
        3,
    );
    assert!(
        run.stderr.contains("standard input: the file is empty"),
        "{}",
        run.stderr
    );
}

#[test]
fn without_a_home_a_model_judges_and_the_builtin_teacher_trains() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let world = World::with_model();
    world.boards("boards", 3);
    world.make_folder("place");
    // A user that the system does not know needs the program where it can see it.
    for (path, mode) in [("", 0o755), ("place", 0o777)] {
        fs::set_permissions(world.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    // Copied here, it would be open for writing in whatever another test starts meanwhile: "text file busy".
    let mut copying = std::process::Command::new("cp");
    let copied = copying
        .args([
            env!("CARGO_BIN_EXE_oddspot").as_ref(),
            world.path("oddspot").as_os_str(),
        ])
        .status();
    assert!(copied.unwrap().success());
    let homeless = |arguments: &str| {
        let mut command = std::process::Command::new(world.path("oddspot"));
        command
            .args(arguments.split_whitespace())
            .current_dir(world.path(""));
        for variable in ["HOME", "ODDSPOT_CACHE", "XDG_CACHE_HOME"] {
            command.env_remove(variable);
        }
        if nix::unistd::geteuid().is_root() {
            command.uid(54_321).gid(54_321);
        }
        command
    };
    world.succeeds(&mut homeless("detect model.oddspot boards -o place/out"));
    let train =
        "train boards -o place/m.oddspot --preset instant --image-size 96 --offset 16 --threads 1";
    world.succeeds(&mut homeless(train));
    world.succeeds(&mut homeless("teacher list"));

    if nix::unistd::geteuid().is_root() {
        let unknown = "train boards -o place/n.oddspot --teacher vgg16";
        for command in [unknown, "teacher import teacher.safetensors"] {
            let run = world.ends_with(&mut homeless(command), 1);
            assert!(
                run.stderr.contains("set ODDSPOT_CACHE to a folder"),
                "{}",
                run.stderr
            );
        }
    }
}

#[test]
fn results_are_replaced_or_added_to_as_asked_and_never_lost() {
    let world = World::with_model();
    world.boards("first", 2);
    world.picture("second/0.png", &board(9));
    world.succeeds(&mut world.oddspot("detect model.oddspot first -o out"));
    let said = ["out has results already", "--replace", "--append"];
    world.fails(
        &mut world.oddspot("detect model.oddspot second -o out"),
        &said,
    );
    let before = world.files();
    world.succeeds(&mut world.oddspot("detect model.oddspot second -o out --append"));
    let results = lines(&world.text("out/results.jsonl"));
    let images: Vec<_> = results
        .iter()
        .map(|line| line["image"].as_str().unwrap())
        .collect();
    assert_eq!(images, ["first/0.png", "first/1.png", "second/0.png"]);
    let files = world.files();
    for (name, bytes) in &before {
        // The page is of all results, old and new.
        if name == "out/index.html" {
            continue;
        }
        let stays = name.starts_with("out/results") && files[name].starts_with(bytes);
        assert!(stays || &files[name] == bytes, "{name}");
    }
    assert!(files.contains_key("out/figure/0.png.png"));
    let mut table = csv::Reader::from_path(world.path("out/results.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(
        rows.iter().map(|row| row[0].to_owned()).collect::<Vec<_>>(),
        images
    );
    // Half a line of a run that was killed spoils no other.
    let torn = |name: &str| {
        fs::File::options()
            .append(true)
            .open(world.path(name))
            .unwrap()
    };
    torn("out/results.jsonl")
        .write_all(b"{\"image\":\"half")
        .unwrap();
    torn("out/results.csv").write_all(b"half").unwrap();
    let append = "detect model.oddspot second -o out --append --no-pictures";
    let run = world.succeeds(&mut world.oddspot(append));
    for name in ["out/results.jsonl", "out/results.csv"] {
        let said = format!("{name} ended in half a line");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
        let text = world.text(name);
        assert!(
            text.contains("second/0.png") && !text.contains("half"),
            "{text}"
        );
    }
    for line in world.text("out/results.jsonl").lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let run = world.succeeds(&mut world.oddspot("detect model.oddspot second -o out --replace"));
    assert!(run.stderr.contains("removed 20 pictures"), "{}", run.stderr);
    assert_eq!(lines(&world.text("out/results.jsonl")).len(), 1);
    // Somebody's own table of that name is no less theirs.
    world.write("own/results.csv", "part,verdict\n7,fine\n");
    world.fails(
        &mut world.oddspot("detect model.oddspot second -o own"),
        &["--append"],
    );
    world.fails(
        &mut world.oddspot("detect model.oddspot second -o own --append"),
        &["own/results.csv", "other columns"],
    );
    world.ends_with(
        &mut world.oddspot("detect model.oddspot second -o out --append --replace"),
        2,
    );
}

#[test]
fn nothing_is_added_to_files_that_are_called_as_results_and_are_none() {
    let world = World::with_model();
    world.boards("boards", 1);
    for (folder, file, text) in [
        ("rows", "results.jsonl", "{\"name\": \"mine\"}\n"),
        ("half", "results.jsonl", "mine"),
        ("page", "index.html", "<html>mine</html>"),
    ] {
        let file = format!("{folder}/{file}");
        world.write(&file, text);
        let append = format!("detect model.oddspot boards -o {folder} --append --no-pictures");
        world.fails(
            &mut world.oddspot(&append),
            &[&file, "none of oddspot's results", "another -o"],
        );
        assert_eq!(world.text(&file), text);
    }
}

#[test]
fn two_runs_into_one_folder_lose_no_row() {
    let world = World::with_model();
    world.boards("boards", 6);
    let start = || {
        let mut command =
            world.oddspot("detect model.oddspot boards -o out --append --no-pictures");
        command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let runs: Vec<_> = (0..4).map(|_| start()).collect();
    let mut done = 0;
    for run in runs {
        let run = run.wait_with_output().unwrap();
        let stderr = String::from_utf8(run.stderr).unwrap();
        match run.status.code() {
            Some(0) => done += 1,
            code => assert!(
                code == Some(1) && stderr.contains("another run"),
                "{code:?}: {stderr}"
            ),
        }
    }
    assert!(done > 0);
    assert_eq!(lines(&world.text("out/results.jsonl")).len(), 6 * done);
    let table = world.text("out/results.csv");
    assert_eq!(table.lines().count(), 1 + 6 * done);
    assert_eq!(table.matches("image,part").count(), 1);
}

#[test]
fn a_model_is_replaced_only_if_asked_and_kept_beside() {
    let world = World::with_model();
    world.boards("boards", 3);
    let first = world.read("model.oddspot");
    let train = "boards -o model.oddspot --no-audit --iterations";
    let said = [
        "model.oddspot is there already",
        "--replace",
        "model.oddspot.bak",
    ];
    world.fails(&mut world.train(&format!("{train} 2")), &said);
    world.fails(&mut world.train(&format!("{train} 2 --restart")), &said);
    world.succeeds(&mut world.train(&format!("{train} 2 --replace")));
    assert!(world.read("model.oddspot.bak") == first);
    let second = world.read("model.oddspot");
    let run = world.succeeds(&mut world.train(&format!("{train} 3 --replace")));
    assert!(
        run.stderr.contains("kept as model.oddspot.bak.2"),
        "{}",
        run.stderr
    );
    assert!(
        world.read("model.oddspot.bak") == first && world.read("model.oddspot.bak.2") == second
    );
    // The same again is no other model.
    world.succeeds(&mut world.train(&format!("{train} 3 --replace")));
    assert!(!world.path("model.oddspot.bak.3").exists());
    world.write("mine.jsonl", "of somebody\n");
    let logged = "boards -o n.oddspot --log mine.jsonl";
    world.fails(
        &mut world.train(logged),
        &["mine.jsonl is there already", "another --log"],
    );
}

#[test]
fn the_first_model_of_an_interrupted_training_is_not_kept() {
    let world = World::new();
    world.boards("boards", 3);
    let diverges = "boards -o m.oddspot --learning-rate 1e30 --checkpoint-every 1";
    world.fails_leaving(&mut world.train(diverges), &["m.oddspot.checkpoint"]);
    assert!(world.path("m.oddspot").exists());
    world.succeeds(&mut world.train("boards -o m.oddspot --restart"));
    assert!(!world.path("m.oddspot.bak").exists());
    assert_eq!(
        Model::load(&world.path("m.oddspot"))
            .unwrap()
            .header
            .iterations,
        12
    );
}
