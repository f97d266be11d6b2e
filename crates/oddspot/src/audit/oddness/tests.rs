use super::*;
use crate::view::Move;

/// Maps of 16 × 16 cells with a rough left border, each a little different.
fn rough(count: usize) -> Vec<LeftOut> {
    let map = |image: usize| {
        let mut map = ScoreMap::filled(16, 16, 0.0);
        for (at, value) in map.values.iter_mut().enumerate() {
            let noise = ((at * 31 + image * 17) % 23) as f32 / 23.0;
            *value = if at % 16 < 3 {
                2.0 + noise
            } else {
                0.3 * noise
            };
        }
        map
    };
    (0..count).map(|image| left_out(map(image))).collect()
}

fn left_out(map: ScoreMap) -> LeftOut {
    LeftOut {
        score: map.peak().0,
        map,
        alone: None,
        to_image: Move::NONE,
    }
}

#[test]
fn alike_faults_do_not_excuse_each_other() {
    let mut images = rough(30);
    for at in [7, 21] {
        let mut alone = images[at].map.clone();
        alone.values[5 * 16 + 9] = 6.0;
        images[at].alone = Some(alone);
    }
    let found = oddness(&images);
    let mut order: Vec<usize> = (0..30).collect();
    order.sort_by(|&a, &b| found[b].value.total_cmp(&found[a].value));
    assert_eq!(order[..2], [7, 21]);
    assert!(found[7].far && !found[7].for_its_place);
}

#[test]
fn a_fault_in_a_quiet_place_is_odd_although_others_are_louder_elsewhere() {
    let mut images = rough(30);
    images[4].map.values[8 * 16 + 11] = 1.9;
    assert!(images[4].score > 1.9);
    let found = oddness(&images);
    let oddest = (0..30).max_by(|&a, &b| found[a].value.total_cmp(&found[b].value));
    assert_eq!(oddest, Some(4));
    assert!(found[4].for_its_place && found[4].far);
    assert_eq!(found[4].at, [8.5 / 16.0, 11.5 / 16.0]);
    assert_eq!(found.iter().filter(|one| one.far).count(), 1);
}

#[test]
fn a_high_score_is_odd_and_few_images_are_ranked_by_it_alone() {
    let mut images = rough(5);
    images[2].map.values[1] = 9.0;
    images[2].score = 9.0;
    let found = oddness(&images);
    assert!(found.iter().all(|one| one.value <= found[2].value));
    assert!(found.iter().all(|one| !one.far));
    assert!(oddness(&[]).is_empty());
    assert!(oddness(&rough(1))[0].value.is_finite());
}
