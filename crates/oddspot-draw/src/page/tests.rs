//! Whole pages, made of hostile names: well-formed, on their own, and nothing lost.

mod fixture;

use std::collections::HashSet;

use super::*;
use oddspot::datasets::Label;
use oddspot::settings::{Method, Moments};
use oddspot::terms::{self, Side};

use fixture::*;

/// The page's tags, without what stands between them. Fails where an element is not closed in its
/// turn, or a bare `<` or `"` would be taken for markup.
fn tags(page: &str) -> Vec<&str> {
    const VOID: [&str; 5] = ["meta", "img", "input", "br", "hr"];
    let mut tags = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').unwrap();
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        let name = tag.split_whitespace().next().unwrap();
        if let Some(closed) = name.strip_prefix('/') {
            assert_eq!(
                open.pop(),
                Some(closed),
                "near {}",
                &rest[..rest.len().min(80)]
            );
            continue;
        }
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "<{tag}>");
        assert_eq!(tag.matches('"').count() % 2, 0, "<{tag}>");
        if matches!(name, "style" | "script") {
            rest = &rest[rest.find(&format!("</{name}>")).unwrap()..];
        }
        if !VOID.contains(&name) {
            open.push(name);
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "{open:?}");
    tags
}

fn attributes<'a>(tags: &[&'a str], name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    (tags.iter())
        .filter_map(|tag| tag.split_once(&start)?.1.split('"').next())
        .collect()
}

#[test]
fn pages_are_well_formed_on_their_own_and_tell_their_parts_apart() {
    for page in [
        hostile_page(),
        page_of(&evaluation(Method::Baseline, "bolts", "cut"), None),
        benchmark_of(&["bolts"]),
        benchmark_of(&[HOSTILE, "nuts"]),
    ] {
        let tags = tags(&page);
        let ids = attributes(&tags, "id");
        assert_eq!(
            ids.iter().collect::<HashSet<_>>().len(),
            ids.len(),
            "{ids:?}"
        );
        for source in attributes(&tags, "src") {
            assert!(source.starts_with("data:image/"), "{source}");
        }
        for link in attributes(&tags, "href") {
            let to = link.strip_prefix('#').unwrap_or_else(|| panic!("{link}"));
            assert!(ids.contains(&to), "{link}");
        }
        for label in attributes(&tags, "aria-labelledby") {
            assert!(ids.contains(&label), "{label}");
        }
        assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("url("));
        let pictures = tags.iter().filter(|tag| tag.starts_with("img ")).count();
        assert_eq!(attributes(&tags, "alt").len(), pictures);
        let heads = tags
            .iter()
            .filter(|tag| tag.starts_with("th ") || **tag == "th");
        assert_eq!(heads.count(), attributes(&tags, "scope").len());
    }
}

#[test]
fn names_never_become_markup() {
    for page in [hostile_page(), benchmark_of(&[HOSTILE])] {
        assert!(!page.contains("<script>alert") && !page.contains("<!--"));
        assert_eq!(page.matches("<script>").count(), 1);
        assert_eq!(page.matches("</style>").count(), 1);
        assert!(page.contains("&#60;script&#62;alert(&#39;1&#39;)"));
        assert!(page.contains("{{ name }}"));
    }
}

#[test]
fn an_evaluations_page_shows_measures_verdicts_and_every_image() {
    let full = evaluation(Method::Full, "bolts", "cut");
    let page = page_of(&full, Some(&evaluation(Method::Baseline, "bolts", "cut")));
    for text in [
        "The model judges 2 of 4 test images rightly: 1 of 2 anomalous images missed (1 of them \
         to be checked), 1 of 2 good images called anomalous.",
        "<p class=\"value\">89.6</p>",
        "<p>baseline 89.6 <span class=\"difference\">(+0.0)</span></p>",
        "– AU-PRO: cut has no mask",
        "1 mask is too thin to leave a pixel at this size: cut",
        "maps at the size of each ground truth, 16x16 to 64x64",
        "e_rec (baseline)",
        "in the wrong place (80 %)",
        "data-number title=\"what a network that has learned good images alone",
        ">e_rec peak</th>",
        ">e_pos peak</th>",
        "<dt>e_pos</dt><dd>what the neighbours of each place would not expect there</dd>",
        "an arrow leads from",
        "<dt>PRO</dt>",
        "<td class=\"number\" data-value=\"1.5\">1.50</td>\
         <td class=\"number\" data-value=\"6\">6.00</td>",
    ] {
        assert!(page.contains(text), "{text}");
    }
    for (outcome, count) in [("right", 2), ("missed", 1), ("false alarm", 1)] {
        let rows = page.matches(&format!("data-outcome=\"{outcome}\"")).count();
        assert_eq!(rows, count, "{outcome}");
    }
}

#[test]
fn words_of_the_line_come_first_and_arrows_are_explained_where_there_are_any() {
    let full = evaluation(Method::Full, "bolts", "cut");
    let page = page_of(&full, None);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    let order = [
        "id=\"verdicts\"",
        "id=\"examples\"",
        "id=\"images\"",
        "id=\"measures\"",
        "id=\"curves\"",
    ];
    assert!(order.map(at).is_sorted());
    let mut plain = judged("test/cut/0.png", Label::Good);
    plain.placement = None;
    plain.mask = None;
    let page = evaluation_page(Measured {
        evaluation: &full,
        baseline: None,
        examples: &[example_of(&plain)],
    });
    let page = page.unwrap();
    assert!(!page.contains("an arrow leads") && !page.contains("ground truth, outlined"));
    assert!(page.contains("All maps of an image have the same colours"));
}

#[test]
fn an_example_says_why_in_words_and_shows_all_maps_on_one_scale() {
    let example = example("test/cut/0.png", Label::Defect("cut".to_owned()));
    let captions: Vec<_> = example
        .panels
        .iter()
        .map(|panel| panel.caption.as_str())
        .collect();
    assert_eq!(
        captions,
        [
            "input",
            "e_rec (baseline)",
            "full",
            "e_rec: looks wrong",
            "e_pos: in the wrong place"
        ]
    );
    assert_eq!(example.ends, ["0", "10"]);
    assert_eq!(example.panels[2].note, "peak 7.50");
    assert!(
        example.panels[2]
            .alt
            .contains("53 % from the left and 15 % from the top")
    );
    assert_eq!(
        example.panels[0].note,
        "ground truth outlined, arrows to where neighbours would belong"
    );
    assert_eq!(
        example.misplaced,
        ["upper neighbour looks like what belongs to the left (90 %)"]
    );
    assert_eq!(example.directions.len(), 2);
    let sides = [("looks wrong", 20), ("in the wrong place", 80)];
    assert_eq!(example.sides(), Some(sides));
    // What is kept beside a benchmark's runs is the same when it is read again.
    let json = serde_json::to_string(&example).unwrap();
    assert_eq!(serde_json::from_str::<Example>(&json).unwrap(), example);
}

#[test]
fn an_example_says_where_its_reason_comes_from_if_no_map_of_places_shows_it() {
    let mut swapped = judged("test/swapped/0.png", Label::Good);
    assert!(!example_of(&swapped).known_elsewhere);
    for term in &mut swapped.terms {
        if term.kind.side == Side::WrongPlace {
            term.kind = terms::kind("memory").unwrap();
        }
    }
    let known = example_of(&swapped).known().unwrap();
    assert!(known.starts_with("known from elsewhere"), "{known}");
}

#[test]
fn of_a_classifier_that_only_guesses_an_example_tells_nothing() {
    let mut guessed = judged("test/cut/0.png", Label::Good);
    if let Some(placement) = &mut guessed.placement {
        placement.is_told = false;
    }
    let example = example_of(&guessed);
    assert!(example.misplaced.is_empty() && example.directions.is_empty());
    assert_eq!(example.panels[0].note, "");
}

#[test]
fn a_baseline_of_other_settings_is_said_to_be_one() {
    let full = evaluation(Method::Full, "bolts", "cut");
    let mut baseline = evaluation(Method::Baseline, "bolts", "cut");
    let said = "<dt>baseline differs in</dt>";
    assert!(!page_of(&full, Some(&baseline)).contains(said));
    baseline.model.settings.detection.moments = Moments::Global;
    let page = page_of(&full, Some(&baseline));
    assert!(page.contains(&format!("{said}<dd>detection.moments (global)</dd>")));
}

#[test]
fn a_benchmarks_page_says_what_table_1_comes_to() {
    let page = benchmark_of(&["bolts", "nuts"]);
    assert!(page.contains("PRO is not known") && page.contains("2 data sets"));
    assert!(page.contains("full; baseline 89.6 (+0.0)"));
    assert!(page.contains("Curves of nuts-full-0"));
    assert!(page.contains("full 89.6 / – / –, baseline 89.6 / – / –"));
    assert!(page.contains("<h3 id=\"table-4\">Table 2, protocol official"));
}
