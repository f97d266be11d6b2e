//! The page of a station's thresholds, and the part of it that follows the sliders.

use axum::extract::State;
use axum::response::Html;

use super::Shared;
use super::pages::navigation;
use super::parameters::{Parameters, PathParameters};
use super::problem::Problem;
use super::verdict::{Asked, Known, Meant, known};
use super::who::Who;
use crate::history::{JobKind, Truth};
use crate::pages::{
    MeantPart, MeantRow, Place, Scores, Shown, VerdictPage, axis_of, histogram, render,
};
use crate::words::Words;

/// Steps of a slider.
const STEPS: f64 = 1_000.0;

/// The page.
pub async fn page(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    who: Who,
    t: Words,
) -> Result<Html<String>, Problem> {
    let at = shared.service.station(&station)?;
    let jobs = &shared.service.jobs;
    let shown = match at.model() {
        None => None,
        Some(_) => Some(shown(
            &t,
            &known(&shared, &station, &Asked::default()).await?,
            jobs.open_of_kind(&station, JobKind::Labels).await?,
        )),
    };
    let page = VerdictPage {
        nav: navigation(&shared, &who, Some(station.clone()), Place::Verdict),
        station,
        shown,
        t,
    };
    Ok(Html(render(&page)?))
}

/// What thresholds would have meant.
pub async fn meant(
    State(shared): State<Shared>,
    PathParameters(station): PathParameters<String>,
    Parameters(asked): Parameters<Asked>,
    t: Words,
) -> Result<Html<String>, Problem> {
    let known = known(&shared, &station, &asked).await?;
    Ok(Html(render(&meant_part(&t, &known))?))
}

fn meant_part(t: &Words, known: &Known) -> MeantPart {
    let meant = &known.meant;
    let own = known.own.len();
    MeantPart {
        t: t.clone(),
        rows: vec![
            MeantRow::of(t, "row-anomalous", meant.threshold, &meant.anomalous, own),
            MeantRow::of(
                t,
                "row-not-good",
                meant.check_threshold.min(meant.threshold),
                &meant.not_good,
                own,
            ),
        ],
        others: others(t, meant),
    }
}

/// What is to be said of labelled parts that do not count.
fn others(t: &Words, meant: &Meant) -> Vec<String> {
    let said = [
        (meant.others > 0).then(|| t.say("meant-others").with("others", meant.others)),
        (meant.learned > 0).then(|| t.say("meant-learned").with("parts", meant.learned)),
    ];
    said.iter().flatten().map(ToString::to_string).collect()
}

fn shown(t: &Words, known: &Known, judging: Option<i64>) -> Shown {
    let of = |truth: Truth| -> Vec<f64> {
        let labelled = known.labelled.iter().filter(|one| one.truth == truth);
        labelled.map(|one| one.score).collect()
    };
    let own: Vec<f64> = known.own.iter().copied().map(f64::from).collect();
    let rows = [
        Scores {
            class: "own",
            name: t.say("histogram-own").to_string(),
            scores: own,
        },
        Scores {
            class: "good",
            name: t.say("histogram-good").to_string(),
            scores: of(Truth::Good),
        },
        Scores {
            class: "bad",
            name: t.say("histogram-bad").to_string(),
            scores: of(Truth::Bad),
        },
    ];
    let thresholds = [known.meant.threshold, known.meant.check_threshold];
    let axis = axis_of(rows.iter().flat_map(|row| &row.scores).chain(&thresholds));
    Shown {
        model: known.meant.model.clone(),
        histogram: histogram(t, &rows, thresholds, axis),
        thresholds,
        axis,
        step: (axis[1] - axis[0]) / STEPS,
        own: known.own.len(),
        labelled: [rows[1].scores.len(), rows[2].scores.len()],
        meant: meant_part(t, known),
        waiting: known.meant.waiting,
        judging,
    }
}
