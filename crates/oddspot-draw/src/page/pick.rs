//! Which of the test images a page shows.

use std::collections::BTreeMap;

use oddspot::datasets::{Dataset, Label};
use oddspot::{Error, ErrorKind, Result};
use oddspot_measure::report::{TestImage, label_text};

/// Good images that are shown: those with the highest scores, the likeliest false alarms.
const GOOD: usize = 3;
/// How many similar names an error lists.
const NEAR: usize = 3;

/// At most `limit` telling images, as indices: of each defect the one with the highest score and
/// the one with the lowest, and the good ones with the highest. They are in the order in which
/// they are shown: defect by defect, the highest score first, good images last.
///
/// Where there is no room for all, the highest good image, the lowest anomalous one and each
/// defect's highest come first: the likeliest errors, then what the model finds.
pub fn pick(images: &[TestImage], limit: usize) -> Vec<usize> {
    let mut ranked: Vec<usize> = (0..images.len()).collect();
    // A stable sort: equal scores stay in path order.
    ranked.sort_by(|&a, &b| images[b].score.total_cmp(&images[a].score));
    let mut defects: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut good = Vec::new();
    for image in ranked {
        match &images[image].label {
            Label::Good => good.push(image),
            Label::Defect(name) => defects.entry(name).or_default().push(image),
        }
    }
    good.truncate(GOOD);
    let anomalous = defects.values().flatten().copied();
    let worst = anomalous.min_by(|&a, &b| images[a].score.total_cmp(&images[b].score));
    let highest = defects.values().filter_map(|of_defect| of_defect.first());
    let lowest = (defects.values()).filter_map(|of_defect| of_defect.get(1..)?.last());
    let (first_good, other_good) = good.split_at(good.len().min(1));
    let order = first_good.iter().chain(&worst).chain(highest);
    let mut picked: Vec<usize> = Vec::new();
    for &image in order.chain(lowest).chain(other_good) {
        if picked.len() < limit && !picked.contains(&image) {
            picked.push(image);
        }
    }
    let place = |image: usize| {
        let label = &images[image].label;
        (*label == Label::Good, label_text::text(label))
    };
    picked.sort_by(|&a, &b| {
        let by_score = images[b].score.total_cmp(&images[a].score);
        place(a).cmp(&place(b)).then(by_score)
    });
    picked
}

/// The test images that the names tell, as indices in their order; a name is a path below the
/// data set's folder, or of the file as it was opened.
///
/// # Errors
/// A name that no test image has, with those that are most like it.
pub fn named(dataset: &Dataset, names: &[String]) -> Result<Vec<usize>> {
    let known: Vec<String> = dataset.test.iter().map(|s| dataset.name_of(s)).collect();
    let mut found = Vec::new();
    for name in names {
        let spelled = name.replace('\\', "/");
        let spelled = spelled.strip_prefix("./").unwrap_or(&spelled);
        let is_it = |at: &usize| {
            known[*at] == spelled || dataset.test[*at].image.as_os_str() == name.as_str()
        };
        match (0..known.len()).find(is_it) {
            Some(at) if found.contains(&at) => {}
            Some(at) => found.push(at),
            None => {
                let error = Error::dataset(&dataset.root, unknown(name, &known));
                return Err(error.of_kind(ErrorKind::NotFound));
            }
        }
    }
    Ok(found)
}

fn unknown(name: &str, known: &[String]) -> String {
    let mut near: Vec<(f64, &str)> = (known.iter())
        .map(|other| (strsim::jaro_winkler(name, other), other.as_str()))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = near.into_iter().take(NEAR).map(|(_, name)| name).collect();
    format!(
        "it has no test image '{name}': give its path below that folder; near it are {}",
        near.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use oddspot::datasets::{Layout, Sample};
    use oddspot::verdict::{Shares, Verdict};

    fn image(label: &str, score: f32) -> TestImage {
        TestImage {
            name: format!("test/{label}/{score}.png"),
            label: match label {
                "good" => Label::Good,
                defect => Label::Defect(defect.to_owned()),
            },
            score,
            verdict: match score > 5.0 {
                true => Verdict::Anomalous,
                false => Verdict::Good,
            },
            shares: Shares::of(1.0, 0.0),
            terms: Vec::new(),
        }
    }

    fn images() -> Vec<TestImage> {
        let good = [1.0, 7.0, 2.0, 3.0].map(|score| image("good", score));
        let cut = [4.0, 9.0, 6.0].map(|score| image("cut", score));
        let hole = [image("hole", 8.0)];
        good.into_iter().chain(hole).chain(cut).collect()
    }

    fn scores(limit: usize) -> Vec<f32> {
        let images = images();
        pick(&images, limit)
            .into_iter()
            .map(|at| images[at].score)
            .collect()
    }

    #[test]
    fn each_defect_has_its_highest_and_lowest_and_good_ones_are_the_likeliest_alarms() {
        // cut, then hole (once), then good.
        assert_eq!(scores(9), [9.0, 4.0, 8.0, 7.0, 3.0, 2.0]);
    }

    #[test]
    fn where_there_is_no_room_the_likeliest_alarm_and_the_highest_stay() {
        assert_eq!(scores(4), [9.0, 4.0, 8.0, 7.0]);
        assert_eq!(scores(2), [4.0, 7.0]);
        assert_eq!(scores(1), [7.0]);
        assert!(scores(0).is_empty());
        assert!(pick(&[], 5).is_empty());
    }

    #[test]
    fn a_name_is_found_once_and_one_that_is_not_there_has_its_likes_listed() {
        let sample = |path: &str| Sample {
            image: PathBuf::from(path),
            masks: Vec::new(),
            label: Label::Good,
        };
        let dataset = Dataset {
            root: PathBuf::from("/data/bolts"),
            layout: Layout::MvtecAd,
            train: Vec::new(),
            held_out: Vec::new(),
            test: ["good/1.png", "cut/017.png", "cut/018.png", "hole/000.png"]
                .map(|name| sample(&format!("/data/bolts/test/{name}")))
                .to_vec(),
            besides: oddspot::datasets::Besides::default(),
        };
        let find = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            named(&dataset, &names)
        };
        let names = [
            "test/cut/018.png",
            "./test/good/1.png",
            "/data/bolts/test/cut/018.png",
        ];
        assert_eq!(find(&names).unwrap(), [2, 0]);
        let error = find(&["test/cut/17.png"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let message = error.to_string();
        assert!(
            message.contains("'test/cut/17.png'") && message.contains("near it are test/cut/01"),
            "{message}"
        );
        assert!(message.contains("/data/bolts"), "{message}");
    }
}
