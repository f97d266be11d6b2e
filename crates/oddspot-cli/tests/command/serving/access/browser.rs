//! Signing in and the pages of people, in a real browser.

use super::super::chromium::Chromium;
use super::*;

#[test]
#[ignore = "needs chromium"]
fn people_sign_in_and_an_admin_says_who_may_what_in_a_browser() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    let mut page = Chromium::start(&world);
    // The first user, from the page.
    page.open(&serving.url("/people"), 1280, "light");
    page.until("document.body.textContent.includes('There are no users')");
    page.assert_sound();
    let fill = |page: &mut Chromium, form: &str, fields: &[(&str, &str)]| {
        for (name, value) in fields {
            page.value(&format!(
                "document.querySelector('{form} [name={name}]').value = '{value}'"
            ));
        }
        page.value(&format!("document.querySelector('{form}').requestSubmit()"));
    };
    let anna = [("name", "anna"), ("password", PASSWORD)];
    fill(&mut page, "#add-user", &anna);
    page.until(
        "location.pathname === '/login' && document.querySelector('[name=password]') !== null",
    );
    page.assert_sound();
    let wrong = [("name", "anna"), ("password", "a wrong password")];
    fill(&mut page, "form", &wrong);
    page.until("document.querySelector('[role=alert]')?.textContent === 'The name or the password is wrong.'");
    // That a page answers 401 stands in the console, and is as it should be.
    page.wrong.clear();
    fill(&mut page, "form", &anna);
    page.until("document.readyState === 'complete' && location.pathname === '/people' && document.querySelector('.badge')?.textContent === 'you'");
    // Another, who must change the password; a token, shown once; a role.
    let bert = [
        ("name", "bert"),
        ("role", "engineer"),
        ("password", PASSWORD),
    ];
    fill(&mut page, "#add-user", &bert);
    page.until(
        "document.readyState === 'complete' && document.body.textContent.includes('must change the password first')",
    );
    let camera = [("name", "camera"), ("station", "model")];
    fill(&mut page, "#add-token", &camera);
    page.until("document.getElementById('made-token').textContent.startsWith('oddspot_')");
    page.until("document.getElementById('token-list').textContent.includes('camera')");
    let token = page.value("document.getElementById('made-token').textContent");
    let token = token.as_str().unwrap().to_owned();
    assert_eq!(Client::program(&serving, &token).send("model").status, 201);
    page.assert_sound();
    page.value(
        "(() => { const one = document.querySelector('[aria-label=\"Role of bert\"]'); one.value = 'operator'; \
         one.dispatchEvent(new Event('change', { bubbles: true })); })()",
    );
    page.until(
        "document.readyState === 'complete' && document.body.textContent.includes('engineer to operator')",
    );
    page.value("window.confirm = () => true");
    page.value("document.querySelector('[data-remove$=\"/camera\"]').click()");
    page.until("document.readyState === 'complete' && document.body.textContent.includes('removed the token')");
    assert_eq!(Client::program(&serving, &token).send("model").status, 401);
    for (width, scheme) in [(390, "dark"), (1280, "light"), (1920, "dark")] {
        for path in ["/people", "/account", "/stations/model"] {
            page.open(&serving.url(path), width, scheme);
            page.assert_sound();
        }
    }
    // Signed out elsewhere, the page of the line leads to where one signs in, and back.
    page.open(&serving.url("/stations/model"), 390, "light");
    let run = piped(
        &world,
        "serve user password anna --data data",
        "another password\n",
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    page.until("location.pathname === '/login'");
    page.wrong.clear();
    page.assert_sound();
    let anna = [("name", "anna"), ("password", "another password")];
    fill(&mut page, "form", &anna);
    page.until("location.pathname === '/stations/model'");
    page.value("document.querySelector('form[action=\"/logout\"]').requestSubmit()");
    page.until("location.pathname === '/login'");
    serving.stop();
}
