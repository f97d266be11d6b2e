//! Signing in and out, and what a browser holds.

use std::io::{BufRead, BufReader};
use std::time::Instant;

use super::*;

fn with_users() -> (World, Serving) {
    let world = World::with_model();
    add_user(&world, "admin", "admin");
    add_user(&world, "operator", "operator");
    let serving = Serving::start(&world, "");
    (world, serving)
}

#[test]
fn a_session_begins_anew_at_each_sign_in_and_ends_at_sign_out() {
    let (world, serving) = with_users();
    let signed_in = sign_in(&serving, "operator", PASSWORD, "/history?station=model");
    assert_eq!(
        (signed_in.status, signed_in.header("location")),
        (303, "/history?station=model")
    );
    let cookie = signed_in.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure") && !cookie.contains("Domain"),
        "{cookie}"
    );
    // 256 bits, of which nothing lies in the data folder.
    let secret = signed_in.cookie().split_once('=').unwrap().1.to_owned();
    assert_eq!(secret.len(), 43);
    let first = Client::nobody(&serving).with("cookie", &signed_in.cookie());
    assert_eq!(first.get("/history").status, 200);
    for (name, bytes) in world.files() {
        let found = bytes
            .windows(secret.len())
            .any(|some| some == secret.as_bytes());
        assert!(!found, "the secret lies in {name}");
    }
    // Another browser has another one; this one, signed in anew, too, and its old one is over.
    let other = Client::person(&serving, "operator");
    let fields = [
        ("name", "operator"),
        ("password", PASSWORD),
        ("next", "//evil.example"),
    ];
    let anew = first.form("/login", &fields);
    assert_eq!((anew.status, anew.header("location")), (303, "/"));
    assert_ne!(anew.cookie(), signed_in.cookie());
    first.get("/history").problem(401);
    let anew = Client::nobody(&serving).with("cookie", &anew.cookie());
    assert_eq!(
        anew.get("/login?next=/history").header("location"),
        "/history"
    );
    assert_eq!(
        anew.get("/login?next=/%5Cevil.example").header("location"),
        "/"
    );

    // Whoever listens hears no more once the session is over.
    let mut events = BufReader::new(
        anew.begin("GET", "/api/v1/events", b"")
            .into_body()
            .into_reader(),
    );
    let out = anew.form("/logout", &[]);
    assert_eq!((out.status, out.header("location")), (303, "/login"));
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    anew.get("/history").problem(401);
    let begun = Instant::now();
    let mut line = String::new();
    while events.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        assert!(begun.elapsed() < PATIENCE, "it hears for ever: {line}");
    }
    assert_eq!(other.get("/history").status, 200);
    // It is there after a restart.
    let cookie = other.headers[0].1.clone();
    let port = serving.address.rsplit(':').next().unwrap().to_owned();
    serving.stop();
    let start = format!("serve --data data --threads 1 --listen 127.0.0.1:{port}");
    let serving = Serving::plain(&world, &start);
    let other = Client::nobody(&serving).with("cookie", &cookie);
    assert_eq!(other.get("/history").status, 200);
    // A cookie that was planted before is not taken over.
    let planted = Client::nobody(&serving).with("cookie", &format!("oddspot_{port}=planted"));
    let fields = [("name", "operator"), ("password", PASSWORD)];
    let signed_in = planted.form("/login", &fields);
    assert!(!signed_in.cookie().contains("planted"));
    planted.get("/history").problem(401);
    serving.stop();
}

#[test]
fn wrong_passwords_and_unknown_names_sound_alike_and_cost_ever_more_time() {
    let (_world, serving) = with_users();
    let told = |reply: &Reply| {
        let text = reply.text.split("role=\"alert\">").nth(1).unwrap();
        text.split('<').next().unwrap().to_owned()
    };
    // As often as costs nothing, and each as long.
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..4 {
        for (name, times) in ["operator", "nobody"].iter().zip(&mut times) {
            let begun = Instant::now();
            let reply = sign_in(
                &serving,
                name,
                &format!("wrong password {number}"),
                "/history",
            );
            times.push(begun.elapsed().as_secs_f64());
            assert_eq!(reply.status, 401);
            assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"oddspot\"");
            assert_eq!(told(&reply), "The name or the password is wrong.");
            assert!(
                reply.text.contains("value=\"/history\"") && !reply.text.contains("wrong password")
            );
        }
    }
    let least = times.map(|times| times.into_iter().fold(f64::INFINITY, f64::min));
    // Computing the hash takes far longer than all else.
    assert!(
        least[0] < 3.0 * least[1] && least[1] < 3.0 * least[0],
        "{least:?}"
    );
    for name in ["nobody", "operator"] {
        let mut replies = (0..20).map(|_| sign_in(&serving, name, "wrong password", ""));
        let refused = replies.find(|reply| reply.status == 429);
        let refused = refused.unwrap_or_else(|| panic!("{name} may try for ever"));
        let begun = Instant::now();
        let pause: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&pause), "{pause}");
        assert!(
            told(&refused).contains("Try again in"),
            "{}",
            told(&refused)
        );
        // The right password does not help meanwhile, and helps then.
        let right = sign_in(&serving, name, PASSWORD, "").status;
        assert!(
            right == 429 || begun.elapsed().as_secs() >= pause,
            "{right}"
        );
    }
    until(|| (sign_in(&serving, "operator", PASSWORD, "").status == 303).then_some(()));
    assert_eq!(sign_in(&serving, "admin", PASSWORD, "").status, 303);
    // What is no name is none that anybody has, and no more.
    for name in ["", "../admin", "' OR 1=1 --", &"a".repeat(5_000)] {
        let status = sign_in(&serving, name, PASSWORD, "").status;
        assert!([401, 429].contains(&status), "{name}: {status}");
    }
    serving.stop();
}

#[test]
fn pages_of_other_sites_sign_nobody_in_or_out() {
    let (_world, serving) = with_users();
    let person = Client::person(&serving, "operator");
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let foreign = person.clone().with(name, value);
        foreign.form("/logout", &[]).problem(403);
        foreign.form("/account", &[("now", PASSWORD)]).problem(403);
        let fields = [("name", "operator"), ("password", PASSWORD)];
        let nobody = Client::nobody(&serving).with(name, value);
        nobody.form("/login", &fields).problem(403);
        foreign
            .put("/api/v1/inspections/x/label", &json!({ "truth": "bad" }))
            .problem(403);
    }
    assert_eq!(person.get("/history").status, 200);
    let own = person.clone().with("origin", &serving.address);
    assert_eq!(own.form("/logout", &[]).status, 303);
    serving.stop();
}

#[test]
fn whatever_is_asked_for_next_stays_on_this_service() {
    let (_world, serving) = with_users();
    let person = Client::person(&serving, "operator");
    let nobody = Client::nobody(&serving).browsing();
    // Made-up addresses of letters that mean something to who reads addresses.
    let letters: Vec<char> = "/\\:@.?#%ae \t;&=".chars().collect();
    let mut state: u64 = 7;
    let mut draw = |most: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % most
    };
    for _ in 0..150 {
        let wanted: String = (0..1 + draw(12))
            .map(|_| letters[draw(letters.len())])
            .collect();
        let encoded: String = wanted.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let led = person.get(&format!("/login?next={encoded}"));
        let to = led.header("location").to_owned();
        assert_eq!(led.status, 303, "{wanted:?}: {}", led.text);
        assert!(
            to.starts_with('/') && !to.starts_with("//") && !to.contains('\\'),
            "{wanted:?}: {to}"
        );
        assert_eq!(nobody.get(&format!("/login?next={encoded}")).status, 200);
        // And as names of files and ids: nothing is there, and nothing breaks.
        for place in [
            "/assets/",
            "/api/v1/inspections/",
            "/stations/",
            "/api/v1/stations/model/good/",
        ] {
            let status = person.get(&format!("{place}{encoded}")).status;
            assert!(
                [303, 403, 404, 405, 422].contains(&status),
                "{place}{wanted:?}: {status}"
            );
        }
    }
    serving.stop();
}
