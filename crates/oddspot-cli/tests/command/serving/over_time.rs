//! Verdicts over time, on the page of the history.

use super::{Serving, image};
use crate::world::World;

#[test]
fn the_history_shows_the_share_of_each_verdict_over_time() {
    let world = World::with_model();
    let serving = Serving::start(&world, "");
    serving.send("?part_id=p0", &image(0));
    // Of a single part there is nothing to draw.
    let page = serving.get("/history").text();
    assert!(!page.contains("Verdicts over time"), "{page}");
    for part in 1..4 {
        serving.send(&format!("?part_id=p{part}"), &image(part));
    }
    let all = serving.all();
    let good = all.iter().filter(|one| one["verdict"] == "good").count();
    let share = format!("{:.1}", 100.0 * good as f64 / 4.0);
    let page = serving.get("/history").text();
    assert!(page.contains("<h2 id=\"rates\">Verdicts over time</h2>"));
    assert!(page.contains("aria-label=\"Verdicts on 4 parts over time: "));
    assert!(
        page.contains(&format!("good {share} %. The table")),
        "{page}"
    );
    assert!(page.contains("Each bar is an hour."), "{page}");
    assert!(page.contains("<summary>These numbers as a table</summary>"));
    let german = serving.german("/history");
    assert!(german.contains("Urteile im Lauf der Zeit"), "{german}");
    let share = share.replace('.', ",");
    assert!(german.contains(&format!("gut {share} %. Die Tabelle")));
    // Shares are of all verdicts, whichever is looked for.
    let page = serving.get("/history?verdict=untrusted").text();
    assert!(page.contains("Verdicts on 4 parts"), "{page}");
    assert!(page.contains("Parts of all verdicts count."), "{page}");
    // Of nothing, and of older parts, there is no chart.
    let older = format!("/history?cursor={}", all[3]["id"].as_str().unwrap());
    for path in ["/history?part_id=none", "/history?since=2100-01-01", &older] {
        let page = serving.get(path);
        assert_eq!(page.status, 200);
        assert!(!page.text().contains("Verdicts over time"), "{path}");
    }
    serving.stop();
}
