//! One service has a database, and nobody is told its password.

use super::*;

#[test]
fn a_second_service_on_one_database_is_refused_until_the_first_is_gone() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let world = World::with_model();
    configure(&world, &postgres.url("line"), "");
    let first = serve(&world);
    assert_eq!(first.send("?part_id=1", &image(1)).status, 201);
    let options = "serve --data other --listen 127.0.0.1:0 --config serve.toml";
    world.fails_leaving(
        &mut world.oddspot(options),
        &["another oddspot service", "line at"],
    );
    assert_eq!(first.send("?part_id=2", &image(2)).status, 201);
    // One that is killed lets go of it.
    first.kill();
    let again = serve(&world);
    assert_eq!(again.all().len(), 2);
    again.stop();
}

#[test]
fn a_newer_database_is_refused_and_a_password_is_never_told() {
    let world = World::with_model();
    world.write("secret", "s3cret\n");
    let serve = |more: &str| world.oddspot(&format!("serve --data d --listen 127.0.0.1:0 {more}"));
    for wrong in [
        "--database postgres://line:s3cret@127.0.0.1:1/line",
        "--database postgres://line:s3cret@127.0.0.1:x/line",
        "--database mysql://line:s3cret@127.0.0.1/line",
        "--database postgres://line@127.0.0.1:1/line?pass=s3cret",
    ] {
        let said = world.fails_leaving(&mut serve(wrong), &["database"]);
        assert!(!said.contains("s3cret"), "{said}");
    }
    let line = "database = \"postgres://line@127.0.0.1:1/line\"\n";
    world.write(
        "a.toml",
        format!("{line}database_password_file = \"none\"\n"),
    );
    world.fails_leaving(&mut serve("--config a.toml"), &["none cannot be read"]);
    world.write("b.toml", "threads = 1\ndatabase = \"line\"\n");
    world.fails_leaving(
        &mut serve("--config b.toml"),
        &["b.toml: line 2: ", "postgres://"],
    );
    let Some(postgres) = Postgres::start() else {
        return;
    };
    postgres.create("line");
    let of_file = format!("{}&password=s3cret", postgres.url("line"));
    world.write("c.toml", format!("database = \"{of_file}\"\n"));
    let serving = Serving::plain(
        &world,
        "serve --data d --listen 127.0.0.1:0 --config c.toml",
    );
    let run = serving.stop();
    assert!(
        run.stderr.contains("line at") && !run.stderr.contains("s3cret"),
        "{}",
        run.stderr
    );
    postgres.sql(
        "line",
        "UPDATE _sqlx_migrations SET version = 99 WHERE version = 1",
    );
    world.fails_leaving(&mut serve("--config c.toml"), &["newer oddspot", "line at"]);
}
