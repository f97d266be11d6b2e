//! Every route: nobody comes in without being known, and nobody further than the role reaches.

use super::*;

/// Pages, and who sees them at least.
const PAGES: [(&str, &str); 15] = [
    ("/", "operator"),
    ("/overview", "operator"),
    ("/stations/{station}", "operator"),
    ("/stations/{station}/now", "operator"),
    ("/history", "operator"),
    ("/inspections/{id}", "operator"),
    ("/account", "operator"),
    ("/new", "engineer"),
    ("/stations/{station}/setup", "engineer"),
    ("/stations/{station}/setup/good", "engineer"),
    ("/stations/{station}/setup/jobs", "engineer"),
    ("/stations/{station}/setup/found", "engineer"),
    ("/stations/{station}/models", "engineer"),
    ("/stations/{station}/models/comparison", "engineer"),
    ("/people", "admin"),
];
/// And of a station's thresholds.
const OF_VERDICT: [(&str, &str); 2] = [
    ("/stations/{station}/verdict", "engineer"),
    ("/stations/{station}/verdict/meant", "engineer"),
];
/// What needs nobody.
const OPEN: [&str; 4] = [
    "/v2/health/live",
    "/v2/health/ready",
    "/login",
    "/assets/{file}",
];
/// People, the one who may do least first.
const PEOPLE: [&str; 3] = ["operator", "engineer", "admin"];
/// Some of what the description must say of who may.
const MUST_BE: [(&str, &str, &[&str]); 11] = [
    (
        "put",
        "/api/v1/inspections/{id}/label",
        &["operator", "engineer", "admin"],
    ),
    (
        "post",
        "/api/v1/stations/{station}/inspections",
        &["engineer", "admin", "machine"],
    ),
    ("post", "/v2/models/{model}/infer", &["machine"]),
    (
        "get",
        "/api/v1/inspections/{id}",
        &["operator", "engineer", "admin", "machine", "reader"],
    ),
    (
        "get",
        "/metrics",
        &["operator", "engineer", "admin", "reader"],
    ),
    ("post", "/api/v1/jobs", &["engineer", "admin"]),
    (
        "post",
        "/api/v1/stations/{station}/pause",
        &["engineer", "admin"],
    ),
    ("put", "/api/v1/stations/{station}", &["admin"]),
    ("delete", "/api/v1/stations/{station}", &["admin"]),
    ("get", "/api/v1/audit", &["admin"]),
    ("post", "/api/v1/users", &["admin"]),
];

/// An operation of the description: method, path, and who may.
struct Operation {
    method: String,
    path: String,
    roles: Vec<String>,
}

fn operations(described: &Value) -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let security = operation["security"].as_array().unwrap().iter();
            let schemes = security.flat_map(|one| one.as_object().unwrap().values());
            let roles = schemes.flat_map(|roles| roles.as_array().unwrap());
            let roles = roles.map(|role| role.as_str().unwrap().to_owned());
            all.push(Operation {
                method: method.clone(),
                path: path.clone(),
                roles: roles.collect(),
            });
        }
    }
    all
}

/// An address of nothing that is there, so that whoever may does nothing.
fn of_nothing(path: &str) -> String {
    path.replace("{station}", "none")
        .replace("{model}", "none")
        .replace("{id}", "7")
        .replace("{image}", "none")
        .replace("{kind}", "none")
        .replace("{user}", "none")
        .replace("{token}", "none")
}

#[test]
fn no_operation_is_open_and_each_is_for_the_roles_that_the_description_names() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    add_all(&world);
    let machine = add_token(&world, "camera", "machine", "");
    let reader = add_token(&world, "grafana", "reader", "");
    let mut clients: Vec<(&str, Client)> = PEOPLE
        .iter()
        .map(|role| (*role, Client::person(&serving, role)))
        .collect();
    clients.push(("machine", Client::program(&serving, &machine)));
    clients.push(("reader", Client::program(&serving, &reader)));
    let described = clients[4].1.get("/openapi.json").json();
    let all = operations(&described);
    assert!(all.len() > 40, "{} operations", all.len());
    for (method, path, roles) in MUST_BE {
        let found = all
            .iter()
            .find(|one| one.method == method && one.path == path);
        let mut found = found.unwrap().roles.clone();
        found.sort();
        let mut roles = roles.to_vec();
        roles.sort_unstable();
        assert_eq!(found, roles, "{method} {path}");
    }
    let nobody = Client::nobody(&serving);
    let forged = Client::program(&serving, "oddspot_forged");
    let stale = Client::nobody(&serving).with(
        "cookie",
        &format!(
            "oddspot_{}=forged",
            serving.address.rsplit(":").next().unwrap()
        ),
    );
    for Operation {
        method,
        path,
        roles,
    } in &all
    {
        let at = of_nothing(path);
        let method = method.to_uppercase();
        if roles.is_empty() {
            assert!(OPEN.contains(&path.as_str()), "{path} is open");
            assert_ne!(nobody.status(&method, &at), 401, "{method} {path}");
            continue;
        }
        for client in [&nobody, &forged, &stale] {
            let reply = client.ask(&method, &at, b"");
            let said = reply.problem(401);
            assert!(said.contains("/login"), "{said}");
            assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"oddspot\"");
        }
        for (role, client) in &clients {
            if roles.iter().any(|one| one == role) {
                let status = client.status(&method, &at);
                assert!(
                    ![401, 403].contains(&status),
                    "{role}: {status} of {method} {path}"
                );
                assert!(
                    status < 500 || status == 503,
                    "{role}: {status} of {method} {path}"
                );
            } else {
                let said = client.ask(&method, &at, b"").problem(403);
                assert!(said.contains("this is for"), "{role}: {said}");
            }
        }
    }
    serving.stop();
}

#[test]
fn every_page_leads_to_where_one_signs_in_and_is_for_its_role() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    add_all(&world);
    let described = Client::person(&serving, "admin")
        .get("/openapi.json")
        .json();
    let camera = add_token(&world, "camera", "machine", "");
    let judged = Client::program(&serving, &camera).send("model").json();
    let id = judged["id"].as_str().unwrap();
    let pages: Vec<(&str, &str)> = PAGES.into_iter().chain(OF_VERDICT).collect();
    // What the code has as routes is all looked at: by the description, or here.
    let code = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../oddspot-station/src/http/mod.rs"
    );
    let code = std::fs::read_to_string(code).unwrap();
    let routes = code
        .split('"')
        .filter(|text| text.starts_with('/') && !text.contains('\n'));
    let routes: Vec<&str> = routes.collect();
    assert!(routes.len() > 60, "{routes:?}");
    for route in routes {
        let is_known = described["paths"][route].is_object()
            || pages.iter().any(|(path, _)| *path == route)
            || OPEN.contains(&route)
            || ["/logout", "/openapi.json"].contains(&route);
        assert!(is_known, "nobody looks at {route}");
    }
    let nobody = Client::nobody(&serving);
    let browser = nobody.clone().browsing();
    let people: Vec<Client> = PEOPLE
        .iter()
        .map(|role| Client::person(&serving, role).browsing())
        .collect();
    for (path, least) in pages {
        let at = path.replace("{station}", "model").replace("{id}", id);
        let led = browser.get(&at);
        assert_eq!(led.status, 303, "{path}");
        assert!(led.header("location").starts_with("/login"), "{path}");
        // The code of a page is told so.
        nobody.get(&at).problem(401);
        let least = PEOPLE.iter().position(|role| *role == least).unwrap();
        for (number, client) in people.iter().enumerate() {
            let reply = client.get(&at);
            match number >= least {
                true => assert!(
                    [200, 303, 307].contains(&reply.status),
                    "{path}: {}",
                    reply.status
                ),
                // A person is told so by a page.
                false => assert!(
                    reply.status == 403
                        && reply.text.contains("You may not see this page")
                        && reply.text.contains("this is for people with the role"),
                    "{path}: {}",
                    reply.text
                ),
            }
            if reply.status == 200 {
                assert_eq!(reply.header("cache-control"), "no-store", "{path}");
            }
        }
    }
    nobody.ask("POST", "/account", b"").problem(401);
    nobody.ask("POST", "/logout", b"").problem(401);
    assert_eq!(
        browser.ask("POST", "/logout", b"").header("location"),
        "/login"
    );
    for path in [
        "/login",
        "/assets/station.css",
        "/v2/health/live",
        "/v2/health/ready",
    ] {
        assert_eq!(nobody.get(path).status, 200, "{path}");
    }
    // A page shows no way to what its reader may not.
    let line = people[0].get("/stations/model").text;
    for hidden in ["/setup", "/verdict", "/people", "/new", "/models"] {
        let link = format!("{hidden}\"");
        assert!(!line.contains(&link), "{hidden}");
    }
    assert!(line.contains("Sign out") && line.contains("operator"));
    // Images are sent from the page by who may send them.
    assert!(!line.contains("id=\"send\""), "{line}");
    let line = people[2].get("/stations/model").text;
    assert!(line.contains("\"/people\"") && line.contains("/stations/model/setup\""));
    serving.stop();
}

#[test]
fn without_users_all_is_as_it_was_and_one_who_is_added_shuts_the_door() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    assert_eq!(serving.send("", &image(1)).status, 201);
    assert_eq!(serving.get("/people").status, 200);
    assert_eq!(serving.get("/login").status, 303);
    assert_eq!(serving.get("/stations/model/setup").status, 200);
    let elsewhere = Client::nobody(&serving).with("host", "plant-pc:8480");
    elsewhere.get("/").problem(421);
    add_user(&world, "admin", "admin");
    until(|| (serving.get("/stations/model").status == 401).then_some(()));
    serving.send("", &image(1)).problem(401);
    // By its name in the network it answers then, to whom it knows.
    elsewhere.get("/").problem(401);
    assert_eq!(elsewhere.get("/v2/health/live").status, 200);
    world.succeeds(&mut world.oddspot("serve user remove admin --data data"));
    until(|| (serving.get("/stations/model").status == 200).then_some(()));
    elsewhere.get("/").problem(421);
    serving.stop();
}
