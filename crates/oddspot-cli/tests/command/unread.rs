//! Folders and links among good images that cannot be read.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use crate::world::{World, png};

/// With eight good boards, a link to nowhere, a folder that is locked (but to root) and a broken image; and the names of
/// what cannot be read.
fn world() -> (World, Vec<&'static str>) {
    let world = World::with_model();
    world.boards("boards", 8);
    symlink("nowhere", world.path("boards/gone.png")).unwrap();
    world.write("boards/half.png", &png(&crate::world::board(1))[..300]);
    world.make_folder("boards/locked");
    lock(&world, 0o000);
    match fs::read_dir(world.path("boards/locked")) {
        Ok(_) => (world, vec!["gone.png"]),
        Err(_) => (world, vec!["gone.png", "locked"]),
    }
}

fn lock(world: &World, mode: u32) {
    fs::set_permissions(
        world.path("boards/locked"),
        fs::Permissions::from_mode(mode),
    )
    .unwrap();
}

#[test]
fn an_audit_goes_on_beside_what_cannot_be_read_and_lists_it() {
    let (world, unread) = world();
    let tiny = "--teacher teacher.safetensors --image-size 96 --threads 1";
    let audit = format!("audit boards -o a.html --json a.json --list odd.txt {tiny}");
    let run = world.ends_with(&mut world.oddspot(&audit), 3);
    let json: Value = serde_json::from_slice(&world.read("a.json")).unwrap();
    assert_eq!(json["images"].as_array().unwrap().len(), 8);
    let named: Vec<&str> = (json["unusable"].as_array().unwrap().iter())
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(named, [&unread[..], &["half.png"]].concat());
    for name in named {
        let warned = format!("warning: {name} cannot be used: ");
        assert!(run.stderr.contains(&warned), "{}", run.stderr);
        let listed = world.text("odd.txt");
        assert!(listed.lines().any(|line| line == name), "{listed}");
        assert!(world.text("a.html").contains(name));
    }
    // The list is what makes a training possible.
    let train = "boards -o m.oddspot --preset instant --no-audit";
    world.succeeds(&mut world.train(&format!("{train} --exclude @odd.txt")));
    world.ends_with(
        &mut world.train(&format!("{train} --replace --exclude half.png")),
        1,
    );
    lock(&world, 0o700);
}

#[test]
fn what_cannot_be_read_and_broken_images_are_named_in_one_run() {
    let (world, unread) = world();
    for command in [
        "train boards -o m.oddspot",
        "extend model.oddspot boards",
        "calibrate model.oddspot boards --dry-run",
    ] {
        let run = world.ends_with(&mut world.oddspot(command), 1);
        let folders = match unread.len() {
            1 => "1 folder or link cannot be read, and 1 image cannot be used",
            _ => "2 folders or links cannot be read, and 1 image cannot be used",
        };
        for said in [&[folders, "boards/half.png"], &unread[..]].concat() {
            assert!(
                run.stderr.contains(said),
                "{command}, {said}: {}",
                run.stderr
            );
        }
    }
    // And those that are good beside those that are bad.
    world.write("bad/spoilt.png", "no image");
    world.write("bad/1.png", png(&crate::world::board(1)));
    let calibrate = "calibrate model.oddspot boards --bad bad --dry-run";
    let run = world.ends_with(&mut world.oddspot(calibrate), 1);
    for said in ["boards/gone.png", "boards/half.png", "bad/spoilt.png"] {
        assert!(run.stderr.contains(said), "{said}: {}", run.stderr);
    }
    lock(&world, 0o700);
}
