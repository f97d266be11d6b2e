//! The chart of an evaluation: its own map under the paper's protocol.

use serde::{Deserialize, Serialize};

use super::{ChartInput, evaluation_chart, evaluation_panels};
use oddspot::datasets::Label;
use oddspot_measure::report::{Evaluation, MAX_FPR, MapKind, Measures, Protocol};

/// The panels of an evaluation's chart, each an SVG document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawings {
    /// Curves of the images' and the pixels' scores.
    pub roc: String,
    /// The overlap of regions over the false positive rate.
    pub pro: String,
    /// Histogram of the test images' scores, with the threshold.
    pub scores: String,
    /// What must be known of them, as "maps at 256x256".
    pub note: String,
}

/// The chart of the model's own map under the paper's protocol, as an SVG document.
pub fn chart_of(evaluation: &Evaluation) -> String {
    with_input(evaluation, |input, note| {
        let title = format!("{}: {note}", evaluation.data.name);
        evaluation_chart(&ChartInput {
            title: &title,
            ..input
        })
    })
}

/// The panels of [`chart_of`], apart.
pub fn drawings_of(evaluation: &Evaluation) -> Drawings {
    with_input(evaluation, |input, note| {
        let [roc, pro, scores] = evaluation_panels(&input);
        Drawings {
            roc,
            pro,
            scores,
            note,
        }
    })
}

/// Hands on what is drawn, and what must be said of it.
fn with_input<T>(evaluation: &Evaluation, draw: impl FnOnce(ChartInput, String) -> T) -> T {
    let undefined = Measures::default();
    let measures = evaluation
        .protocols
        .get(&Protocol::Paper)
        .and_then(|protocol| protocol.maps.get(&MapKind::Total))
        .map_or(&undefined, |map| &map.overall);
    let scores = |good: bool| -> Vec<f32> {
        let images = evaluation.images.iter();
        images
            .filter(|image| (image.label == Label::Good) == good)
            .map(|image| image.score)
            .collect()
    };
    let threshold = evaluation.verdicts.threshold as f32;
    let (good_scores, mut anomalous_scores) = (scores(true), scores(false));
    let mut note = format!(
        "protocol `paper`, maps at {}",
        evaluation.model.settings.image_size
    );
    if let Some(limit) = tail_limit(&good_scores, &anomalous_scores, threshold) {
        note += &format!("; scores above {limit} drawn there");
        for score in &mut anomalous_scores {
            *score = score.min(limit);
        }
    }
    let input = ChartInput {
        title: "",
        image_roc: &evaluation.curves.image_roc,
        image_auc: measures.image_auc,
        pixel_roc: &evaluation.curves.pixel_roc,
        pixel_auc: measures.pixel_auc,
        pro: &evaluation.curves.pro,
        au_pro: measures.au_pro,
        max_fpr: MAX_FPR,
        good_scores: &good_scores,
        anomalous_scores: &anomalous_scores,
        threshold: Some(threshold),
    };
    draw(input, note)
}

/// Where to cut a histogram whose few highest scores would squeeze all others into one bar:
/// above nine tenths of the anomalous scores, and well above the good ones and the threshold.
fn tail_limit(good: &[f32], anomalous: &[f32], threshold: f32) -> Option<f32> {
    let mut sorted = anomalous.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let most = *sorted.get(sorted.len() * 9 / 10)?;
    let ordinary = good.iter().copied().fold(threshold, f32::max);
    let limit = most.max(2.0 * ordinary).ceil();
    (limit > 0.0 && *sorted.last()? > 1.5 * limit).then_some(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_long_tail_is_cut_and_never_below_the_ordinary_scores() {
        let mut anomalous = vec![20.0; 30];
        assert_eq!(tail_limit(&[5.0, 9.0], &anomalous, 8.0), None);
        anomalous.push(2000.0);
        assert_eq!(tail_limit(&[5.0, 9.0], &anomalous, 8.0), Some(20.0));
        assert_eq!(tail_limit(&[5.0, 90.5], &anomalous, 8.0), Some(181.0));
        assert_eq!(tail_limit(&[], &[], 8.0), None);
    }
}
