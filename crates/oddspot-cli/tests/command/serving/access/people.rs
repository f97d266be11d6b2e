//! Users: added at the terminal and on the page, with a role, and removed.

use std::net::UdpSocket;

use super::*;

#[test]
fn users_are_added_and_removed_at_the_terminal_before_the_first_start_and_while_it_runs() {
    let world = World::with_model();
    let fails = |arguments: &str, input: &str| {
        let run = piped(&world, &format!("serve {arguments} --data data"), input);
        assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
        run.stderr
    };
    let said = fails("user add anna --role operator", "four words and one\n");
    assert!(said.contains("the first user must be an admin"), "{said}");
    let said = fails("user add anna --role admin", "too short\n");
    assert!(said.contains("at least 10"), "{said}");
    let said = fails("user add anna --role admin", "");
    assert!(said.contains("standard input has no password"), "{said}");
    let said = fails("user add ../anna --role admin", "four words and one\n");
    assert!(said.contains("cannot be called"), "{said}");
    add_user(&world, "Anna", "admin");
    let serving = Serving::start(&world, "");
    add_user(&world, "bert", "engineer");
    let said = fails("user add anna --role operator", "four words and one\n");
    assert!(said.contains("there is a user anna already"), "{said}");
    let said = fails("user remove anna", "");
    assert!(said.contains("anna is the only admin"), "{said}");
    let said = fails("user role anna operator", "");
    assert!(said.contains("anna is the only admin"), "{said}");
    let said = fails("user remove carla", "");
    assert!(said.contains("there is no user carla"), "{said}");
    let listed = world.succeeds(&mut world.oddspot("serve user list --data data"));
    let words: Vec<&str> = listed.stdout.split_whitespace().take(2).collect();
    assert_eq!(words, ["anna", "admin"]);
    // By the configuration's folder too.
    world.write("serve.toml", "data = \"data\"\n");
    let listed = world.succeeds(&mut world.oddspot("serve user list --config serve.toml"));
    assert_eq!(listed.stdout.lines().count(), 2, "{}", listed.stdout);
    // A capital is what a phone's keyboard begins with.
    assert_eq!(sign_in(&serving, "Bert", PASSWORD, "").status, 303);
    let bert = Client::person(&serving, "bert");
    assert_eq!(bert.get("/new").status, 200);
    world.succeeds(&mut world.oddspot("serve user role bert operator --data data"));
    until(|| (bert.get("/new").status == 403).then_some(()));
    let run = piped(
        &world,
        "serve user password bert --data data",
        "another password\n",
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    until(|| (bert.get("/history").status == 401).then_some(()));
    assert_eq!(sign_in(&serving, "bert", PASSWORD, "").status, 401);
    let again = sign_in(&serving, "bert", "another password", "");
    assert_eq!(again.status, 303);
    let bert = Client::nobody(&serving).with("cookie", &again.cookie());
    assert_eq!(bert.get("/history").status, 200);
    world.succeeds(&mut world.oddspot("serve user remove bert --data data"));
    until(|| (bert.get("/history").status == 401).then_some(()));
    world.succeeds(&mut world.oddspot("serve user remove anna --data data"));
    serving.stop();
    // Nothing of a password lies anywhere.
    for (name, bytes) in world.files() {
        let has = |text: &str| {
            bytes
                .windows(text.len())
                .any(|some| some == text.as_bytes())
        };
        assert!(!has(PASSWORD) && !has("another password"), "{name}");
    }
}

#[test]
fn an_admin_adds_people_who_choose_a_password_of_their_own_first() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let anyone = Client::nobody(&serving);
    let user = |name: &str, role: &str| json!({ "name": name, "role": role, "password": PASSWORD });
    let users = "/api/v1/users";
    let said = anyone.post(users, &user("bert", "engineer")).problem(409);
    assert!(said.contains("the first user must be an admin"), "{said}");
    let added = anyone.post(users, &user("anna", "admin"));
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(added.json()["to_change"], false);
    // At once, and for whoever added her too.
    anyone.post(users, &user("bert", "admin")).problem(401);
    let anna = Client::person(&serving, "anna");
    assert_eq!(anna.post(users, &user("bert", "engineer")).status, 201);
    anna.post(users, &user("bert", "engineer")).problem(409);
    anna.post(users, &user("a b", "engineer")).problem(422);
    anna.post(users, &user("carla", "chief")).problem(422);
    let short = json!({ "name": "carla", "role": "operator", "password": "short" });
    anna.post(users, &short).problem(422);
    let listed = anna.get(users).json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(!anna.get(users).text.contains("argon2"));

    let bert = Client::person(&serving, "bert");
    let page = bert.clone().browsing();
    assert_eq!(page.get("/history").header("location"), "/account");
    assert!(
        bert.get("/api/v1/stations")
            .problem(403)
            .contains("/account")
    );
    assert!(
        page.get("/account")
            .text
            .contains("given to you by somebody else")
    );
    let change = |now: &str, new: &str, again: &str| {
        page.form("/account", &[("now", now), ("new", new), ("again", again)])
    };
    let wrong = [
        (
            change(PASSWORD, "a new password", "a new passwort"),
            "in two ways",
        ),
        (change(PASSWORD, PASSWORD, PASSWORD), "the one of now"),
        (change(PASSWORD, "short", "short"), "at least 10"),
        (
            change("another password", "a new password", "a new password"),
            "of now is wrong",
        ),
    ];
    for (reply, words) in wrong {
        assert_eq!(reply.status, 422);
        assert!(reply.text.contains(words), "{words}: {}", reply.text);
    }
    let changed = change(PASSWORD, "a new password", "a new password");
    assert_eq!(changed.status, 303, "{}", changed.text);
    // The old session is none any more, and the new one opens all that an engineer's does.
    bert.get("/history").problem(401);
    let bert = Client::nobody(&serving).with("cookie", &changed.cookie());
    assert_eq!(bert.get("/stations/model/setup").status, 200);

    // Roles and passwords by the admin, who is asked for the own one at another place.
    let role = |name: &str, role: &str| {
        anna.put(
            &format!("/api/v1/users/{name}/role"),
            &json!({ "role": role }),
        )
    };
    assert_eq!(role("bert", "operator").status, 204);
    bert.get("/stations/model/setup").problem(403);
    role("anna", "engineer").problem(409);
    role("nobody", "engineer").problem(404);
    let give = |name: &str| {
        let body = json!({ "password": "given by anna" });
        anna.put(&format!("/api/v1/users/{name}/password"), &body)
    };
    give("anna").problem(409);
    give("nobody").problem(404);
    assert_eq!(give("bert").status, 204);
    bert.get("/history").problem(401);
    anna.delete("/api/v1/users/anna").problem(409);
    assert_eq!(anna.delete("/api/v1/users/bert").status, 204);
    // Without others even the last admin can go, and the door is as it was.
    assert_eq!(anna.delete("/api/v1/users/anna").status, 204);
    assert_eq!(anyone.get("/people").status, 200);
    serving.stop();
}

#[test]
fn other_machines_are_let_in_only_where_there_are_users() {
    let world = World::with_model();
    let start = "serve --data data --model model.oddspot --threads 1 --listen 0.0.0.0:0";
    world.fails_leaving(
        &mut world.oddspot(start),
        &[
            "0.0.0.0:0",
            "oddspot serve user add NAME --role admin",
            "127.0.0.1",
        ],
    );
    add_user(&world, "anna", "admin");
    let serving = Serving::plain(&world, start);
    // This machine by the address that others have for it.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = socket
        .connect("192.0.2.1:9")
        .and_then(|()| socket.local_addr());
    let own = own
        .map(|own| own.ip())
        .ok()
        .filter(|own| !own.is_loopback());
    let port = serving.address.rsplit(':').next().unwrap().to_owned();
    let asked = |path: &str| {
        let url = format!("http://{}:{port}{path}", own.unwrap());
        super::super::answer(agent().get(url).call()).unwrap()
    };
    if own.is_some() {
        asked("/history").problem(401);
        assert_eq!(asked("/login").status, 200);
    }
    world.succeeds(&mut world.oddspot("serve user remove anna --data data"));
    // Nobody could be told apart any more: it answers to its own machine alone, even to who claims to be there.
    let at_home = || {
        let url = format!("http://127.0.0.1:{port}/history");
        super::super::answer(agent().get(url).call()).unwrap()
    };
    until(|| (at_home().status == 200).then_some(()));
    if let Some(own) = own {
        let said = asked("/history").problem(403);
        assert!(said.contains("its own machine alone"), "{said}");
        let url = format!("http://{own}:{port}/history");
        let forged = agent().get(url).header("host", "localhost").call();
        super::super::answer(forged).unwrap().problem(403);
    }
    let run = serving.stop();
    assert!(run.stderr.contains("without TLS"), "{}", run.stderr);
}
