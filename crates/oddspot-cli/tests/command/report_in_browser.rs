//! The page in a real browser: no error, nothing fetched, and tables that sort and filter.

use std::process::Command;

use serde_json::Value;

use crate::auditing::mixed;
use crate::report::measured;
use crate::world::World;

/// Gathers, from before the page's own script on, whatever goes wrong.
const WATCH: &str = r#"<script>
const wrong = [];
addEventListener("error", (event) => wrong.push(event.message ?? "an element failed"), true);
addEventListener("securitypolicyviolation", (event) => wrong.push("refused: " + event.blockedURI));
for (const name of ["error", "warn"]) console[name] = (...said) => wrong.push(said.join(" "));
</script>"#;

/// Uses the page as a visitor would, and writes down what is seen: once it has loaded, for what
/// fails to load is told by then, and not before.
const USE: &str = r#"<script>
addEventListener("load", () => {
  const seen = {};
  try {
    const table = document.querySelector("table.sortable");
    const values_of = (column) => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent);
    // A column of equal numbers would look sorted whatever happens.
    const column = [...table.tHead.rows[0].cells].findIndex(
      (head, at) => "number" in head.dataset && new Set(values_of(at)).size > 1);
    const head = table.tHead.rows[0].cells[column];
    const column_values = () => values_of(column);
    const click = () => {
      head.querySelector("button").click();
      return { order: head.getAttribute("aria-sort"), values: column_values() };
    };
    seen.sorted = [click(), click()];
    const form = document.querySelector("form.filter");
    if (form) {
      const counted = () => ({
        said: form.querySelector("output").textContent,
        rows: [...table.tBodies[0].rows].filter((row) => row.getClientRects().length).length,
      });
      const label = form.querySelector("[data-filter=label]");
      const name = form.querySelector("[data-filter=name]");
      const set = (field, value) => {
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        return counted();
      };
      seen.filtered = [counted(), set(label, "missing"), set(name, "101"), set(name, "nothing")];
    }
    seen.fetched = performance.getEntriesByType("resource").map((one) => one.name)
      .filter((name) => !name.startsWith("data:"));
    seen.pictures = [...document.images].map((image) => image.naturalWidth);
    seen.width = [document.documentElement.scrollWidth, innerWidth];
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    seen.repeated = ids.filter((id, at) => ids.indexOf(id) !== at);
    seen.unlabelled = [...document.querySelectorAll("img:not([alt]), th:not([scope]), [alt='']")].length;
  } catch (error) {
    wrong.push(String(error));
  }
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = JSON.stringify({ wrong, seen });
  document.body.append(told);
});
</script></body>"#;

/// A frame is a window of any width: a real one is at least 500 pixels wide.
const FRAME: &str = r#"<!DOCTYPE html><meta charset="utf-8">
<iframe width="WIDTH" height="900" style="border:0" srcdoc="PAGE"></iframe>
<script>
addEventListener("load", () => {
  const inside = document.querySelector("iframe").contentDocument.getElementById("told");
  const told = document.createElement("pre");
  told.id = "told";
  told.textContent = inside.textContent;
  document.body.replaceChildren(told);
});
</script>"#;

/// What a visitor with a window of this width sees.
fn visit(world: &World, page: &str, width: usize) -> Value {
    let watched = page.replacen(
        "<meta charset=\"utf-8\">",
        &format!("<meta charset=\"utf-8\">{WATCH}"),
        1,
    );
    let used = watched.replacen("</body>", USE, 1);
    let quoted = used.replace('&', "&amp;").replace('"', "&quot;");
    let framed = FRAME.replace("WIDTH", &width.to_string());
    world.write("used.html", framed.replace("PAGE", &quoted));
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .arg(format!(
            "--user-data-dir={}",
            world.path("profile").display()
        ))
        .arg("--window-size=1400,900")
        .arg("--dump-dom")
        .arg(format!("file://{}", world.path("used.html").display()))
        .output()
        .expect("chromium starts");
    let dom = String::from_utf8(output.stdout).unwrap();
    let told = dom
        .split("<pre id=\"told\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next());
    let told =
        told.unwrap_or_else(|| panic!("nothing told: {}", String::from_utf8_lossy(&output.stderr)));
    let told = told
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&told).unwrap()
}

/// What holds of every page.
fn assert_sound(told: &Value, wide: u64) {
    let seen = &told["seen"];
    let empty = Value::Array(Vec::new());
    for (what, found) in [
        ("wrong", &told["wrong"]),
        ("fetched", &seen["fetched"]),
        ("repeated ids", &seen["repeated"]),
    ] {
        assert_eq!(found, &empty, "{what}");
    }
    assert_eq!(seen["unlabelled"], 0);
    let width = |at: usize| seen["width"][at].as_u64().unwrap();
    assert!(
        width(0) <= width(1) && width(1) == wide,
        "the page scrolls sideways: {}",
        seen["width"]
    );
    let pictures = seen["pictures"].as_array().unwrap();
    assert!(!pictures.is_empty() && pictures.iter().all(|width| width.as_u64() > Some(0)));
    let values = |at: usize| -> Vec<f64> {
        let values = seen["sorted"][at]["values"].as_array().unwrap();
        values
            .iter()
            .map(|value| value.as_str().unwrap().parse().unwrap())
            .collect()
    };
    let (down, up) = (values(0), values(1));
    assert_eq!(seen["sorted"][0]["order"], "descending");
    assert_eq!(seen["sorted"][1]["order"], "ascending");
    assert!(
        down.is_sorted_by(|a, b| a >= b) && up.is_sorted(),
        "{down:?} {up:?}"
    );
    assert!(down.len() > 1 && down.first() != down.last());
}

#[test]
#[ignore = "needs Chromium: run it by name, with --ignored"]
fn a_page_works_in_a_browser() {
    let world = measured();
    world.succeeds(
        &mut world
            .oddspot("evaluate model.oddspot boards --html page.html --baseline base.oddspot"),
    );
    let page = world.text("page.html");
    for width in [1280, 390] {
        let told = visit(&world, &page, width);
        assert_sound(&told, width as u64);
        let filtered = told["seen"]["filtered"].as_array().unwrap();
        let counts: Vec<_> = filtered
            .iter()
            .map(|one| one["rows"].as_u64().unwrap())
            .collect();
        assert_eq!(counts, [4, 2, 1, 0]);
        assert_eq!(filtered[2]["said"], "1 of 4 images");
    }

    // This would see an error in the script, a picture from elsewhere, a page that is too wide, and
    // a table that does not sort.
    let broken = |from: &str, to: &str| {
        assert!(page.contains(from), "{from}");
        visit(&world, &page.replacen(from, to, 1), 1280)
    };
    let wrong = |told: &Value| told["wrong"].as_array().unwrap().len();
    assert!(wrong(&broken("\"use strict\";", "nowhere();")) > 0);
    assert!(
        wrong(&broken(
            "<main",
            "<img src=\"https://example.org/a.png\" alt=\"a\"><main"
        )) > 0
    );
    let wide = broken("<main", "<p style=\"width:3000px\">wide</p><main");
    assert!(std::panic::catch_unwind(|| assert_sound(&wide, 1280)).is_err());
    let unsorted = broken("body.append(...rows);", "");
    assert!(std::panic::catch_unwind(|| assert_sound(&unsorted, 1280)).is_err());
}

#[test]
#[ignore = "needs Chromium: run it by name, with --ignored"]
fn the_page_of_a_benchmark_works_in_a_browser() {
    let world = World::new();
    world.data_set("all/first", 0);
    world.data_set("all/second", 20);
    world.succeeds(&mut world.oddspot(
        "benchmark all -o out --teacher teacher.safetensors --image-size 96 --offset 16 \
         --widths 4,4,8,8 --pairs 8 --iterations 8 --threads 1",
    ));
    let page = world.text("out/report.html");
    for width in [1280, 390] {
        assert_sound(&visit(&world, &page, width), width as u64);
    }
}

#[test]
#[ignore = "needs Chromium: run it by name, with --ignored"]
fn the_page_of_an_audit_works_in_a_browser() {
    let world = mixed();
    world.succeeds(&mut world.oddspot(
        "audit boards -o page.html --teacher teacher.safetensors --image-size 96 --threads 1",
    ));
    let page = world.text("page.html");
    for width in [1920, 1280, 390] {
        assert_sound(&visit(&world, &page, width), width as u64);
    }
}
