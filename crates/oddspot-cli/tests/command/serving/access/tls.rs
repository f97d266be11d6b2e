//! Secure connections, by certificates that `openssl` makes.

use std::io::{Read, Write};
use std::net::TcpStream;

use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, http::Response};

use super::super::outputs::certificates;
use super::*;

/// A client that knows who vouches for the service.
fn secure(world: &World, ca: &str) -> Agent {
    let pem = world.read(ca);
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    let certificates: Vec<_> = certificates.collect();
    let tls = TlsConfig::builder().root_certs(RootCerts::from(certificates));
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .tls_config(tls.build());
    Agent::new_with_config(config.build())
}

fn header<'a>(response: &'a Response<ureq::Body>, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[test]
fn pages_are_served_by_tls_and_the_cookie_never_leaves_it() {
    let world = World::with_model();
    if !certificates(&world) {
        return;
    }
    add_user(&world, "anna", "admin");
    world.write(
        "serve.toml",
        "[tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n",
    );
    let serving = Serving::start(&world, "--config serve.toml");
    assert!(
        serving.address.starts_with("https://127.0.0.1:"),
        "{}",
        serving.address
    );
    let agent = secure(&world, "ca.pem");
    let form = format!("name=anna&password={}", PASSWORD.replace(' ', "+"));
    let signed_in = agent
        .post(serving.url("/login"))
        .header("origin", &serving.address)
        .send(form.as_str())
        .unwrap();
    assert_eq!(signed_in.status(), 303);
    let cookie = header(&signed_in, "set-cookie").to_owned();
    assert!(
        cookie.contains("; Secure") && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap();
    // A page, live events, and an image that is sent.
    let page = agent
        .get(serving.url("/stations/model"))
        .header("cookie", cookie)
        .call()
        .unwrap();
    assert_eq!(page.status(), 200);
    let events = agent
        .get(serving.url("/api/v1/events"))
        .header("cookie", cookie)
        .call()
        .unwrap();
    assert_eq!(header(&events, "content-type"), "text/event-stream");
    let token = add_token(&world, "camera", "machine", "");
    let sent = agent
        .post(serving.url("/api/v1/stations/model/inspections"))
        .header("authorization", &format!("Bearer {token}"))
        .send(&image(1)[..])
        .unwrap();
    assert_eq!(sent.status(), 201);
    // Who does not know the authority does not come in, nor who speaks without TLS or says nothing.
    assert!(
        secure(&world, "other.pem")
            .get(serving.url("/login"))
            .call()
            .is_err()
    );
    let at = serving.address.strip_prefix("https://").unwrap();
    let mut plain = TcpStream::connect(at).unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).ok();
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    let silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(at).unwrap()).collect();
    let page = agent.get(serving.url("/login")).call().unwrap();
    assert_eq!(page.status(), 200);
    drop(silent);
    let run = serving.stop();
    assert!(!run.stderr.contains("without TLS"), "{}", run.stderr);
}

#[test]
fn who_says_nothing_keeps_no_place() {
    let world = World::with_model();
    if !certificates(&world) {
        return;
    }
    let options = "--tls-certificate server.pem --tls-key server.key";
    let serving = Serving::start(&world, options);
    let at = serving.address.strip_prefix("https://").unwrap();
    let mut silent = TcpStream::connect(at).unwrap();
    silent.set_read_timeout(Some(PATIENCE)).unwrap();
    let begun = std::time::Instant::now();
    let mut byte = [0];
    // Closed, and nothing was said.
    assert!(matches!(silent.read(&mut byte), Ok(0) | Err(_)));
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    serving.stop();
}

#[test]
fn certificates_that_cannot_be_used_are_told_of_in_a_sentence() {
    let world = World::with_model();
    if !certificates(&world) {
        return;
    }
    world.write("empty.pem", "nothing\n");
    let serve = |certificate: &str, key: &str| {
        let options = format!("--tls-certificate {certificate} --tls-key {key}");
        world.oddspot(&format!(
            "serve --data data --listen 127.0.0.1:0 --model model.oddspot {options}"
        ))
    };
    for (certificate, key, words) in [
        (
            "none.pem",
            "server.key",
            &["tls.certificate: ", "none.pem", "No such file"][..],
        ),
        (
            "server.pem",
            "none.key",
            &["tls.key: ", "none.key", "No such file"],
        ),
        ("empty.pem", "server.key", &["empty.pem", "no certificate"]),
        ("server.pem", "empty.pem", &["empty.pem", "no private key"]),
        (
            "server.pem",
            "other.key",
            &["other.key", "not the key of the certificate", "server.pem"],
        ),
        (
            "server.key",
            "server.key",
            &["server.key", "no certificate"],
        ),
    ] {
        world.fails_leaving(&mut serve(certificate, key), words);
    }
    world.write("serve.toml", "[tls]\ncertificate = \"server.pem\"\n");
    let mut half = world.oddspot("serve --data data --config serve.toml");
    world.fails_leaving(&mut half, &["serve.toml", "line 1", "key"]);
    let mut one = world.oddspot("serve --data data --tls-key server.key");
    assert_eq!(one.output().unwrap().status.code(), Some(2));
}
