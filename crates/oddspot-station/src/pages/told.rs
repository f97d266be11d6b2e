//! What the library finds, told in the words of a page: by its kind and its numbers.

use oddspot::Finding;
use oddspot::audit::Unlike;
use oddspot::health::{Beyond, Health};
use oddspot::judge;
use oddspot::terms::Side;
use oddspot::verdict::{Shares, Verdict, Why};
use oddspot_draw::figure::Labels;

use super::keys;
use crate::history::{Stage, repeated};
use crate::jobs::{Outcome, Suspicious, Verified, VerifiedParts};
use crate::prices::Share;
use crate::words::{Gap, Marked, Said, Words, of_beyond};

/// Digits behind the mark of a score.
const SCORE: usize = 2;

/// Why a finding is not good: what is wrong with the image, or what is odd in it.
fn reason(t: &Words, finding: &Finding) -> Option<String> {
    if finding.verdict == Verdict::Good {
        return None;
    }
    let ill = finding.health.beyond.first();
    let unaligned = finding.alignment.filter(|aligned| !aligned.trusted);
    match (ill, unaligned) {
        (Some(beyond), _) => Some(ill_of(t, beyond)),
        (None, Some(aligned)) => {
            let agreement = t.number(f64::from(aligned.correlation), 2);
            let said = t.say("unaligned").with("agreement", agreement);
            Some(said.to_string())
        }
        (None, None) => finding.why.and_then(|_| odd(t, finding.shares())),
    }
}

/// Why an inspection is not good: that its picture came too often, by how many there were in a row, else what its finding
/// tells.
pub fn why(t: &Words, repeats: Option<u32>, finding: &Finding) -> Option<String> {
    match repeats {
        Some(images) => Some(repeated(images).said(t)),
        None => reason(t, finding),
    }
}

/// What is odd in an image: each part that is named with its share.
fn odd(t: &Words, shares: Shares) -> Option<String> {
    let part = |key: &'static str, share: f64| {
        let said = t.say(key).with("share", t.percent(share, 0));
        said.to_string()
    };
    let looks = || part("looks-wrong", shares.looks_wrong);
    let place = || part("wrong-place", shares.wrong_place);
    Some(match shares.why()? {
        Why::LooksWrong => looks(),
        Why::InTheWrongPlace => place(),
        Why::Both => {
            let both = t.say("looks-wrong-and-wrong-place");
            both.with("looks", looks())
                .with("place", place())
                .to_string()
        }
    })
}

/// Light, focus and colours in a sentence.
pub fn health(t: &Words, health: &Health) -> String {
    match health.beyond.first() {
        Some(beyond) => {
            let said = t
                .say("health-beyond")
                .with("words", of_beyond(beyond).marked(t));
            said.to_string()
        }
        None => t.say("health-sound").to_string(),
    }
}

fn ill_of(t: &Words, beyond: &Beyond) -> String {
    let [least, most] = beyond.usual.map(|value| short(t, value));
    let measure = format!("measure-{}", beyond.measure.name());
    t.say("beyond")
        .with("words", of_beyond(beyond).marked(t))
        .with("measure", t.say(&measure))
        .with("value", short(t, beyond.value))
        .with("least", least)
        .with("most", most)
        .to_string()
}

/// A measure in three digits.
fn short(t: &Words, value: f32) -> String {
    let digits = match value.abs() {
        large if large >= 100.0 => 0,
        middle if middle >= 1.0 => 1,
        _ => 3,
    };
    t.number(f64::from(value), digits)
}

/// How a score lies to the thresholds of anomalous images and of those to be checked.
pub fn relation(t: &Words, finding: &Finding, [image, check]: [f64; 2]) -> String {
    let [threshold, check_said] = [image, check].map(|one| t.number(one, SCORE));
    let relation = match f64::from(finding.score) {
        score if score > image => t.say("relation-above").with("threshold", threshold),
        score if score > check => t
            .say("relation-between")
            .with("check", check_said)
            .with("threshold", threshold),
        _ => t.say("relation-below").with("check", check_said),
    };
    match finding.verdict {
        // Of another light a part that is missing may not be seen.
        Verdict::Untrusted => t
            .say("relation-untrusted")
            .with("relation", relation)
            .to_string(),
        _ => relation.to_string(),
    }
}

/// What stands on the sheet of what was found in an image, and of how many with its pixels in a row it is the last if
/// these are too many.
pub fn sheet(t: &Words, found: &judge::Inspection, repeats: Option<u32>) -> Labels {
    let finding = &found.finding;
    let thresholds = [finding.threshold, finding.check_threshold];
    let said = (t.say("score-and-relation"))
        .with("score", score(t, f64::from(finding.score)))
        .with("relation", relation(t, finding, thresholds));
    let verdict = t.say(keys::verdict(finding.verdict));
    let reason = why(t, repeats, finding).map(|reason| format!("; {reason}"));
    let side = |side: Side| {
        let key = match side {
            // Terms of the closed form say so of both.
            _ if found.maps.words(side) != side.words() => "side-unusual",
            Side::LooksWrong => "side-looks-wrong",
            Side::WrongPlace => "side-wrong-place",
        };
        t.say(key).to_string()
    };
    Labels {
        heading: format!("{verdict}: {said}{}", reason.unwrap_or_default()),
        image: t.say("sheet-image").to_string(),
        total: t.say("sheet-total").to_string(),
        sides: Side::ALL.map(side),
        threshold: t.say("sheet-threshold").to_string(),
        decimal_mark: t.decimal_mark().to_owned(),
    }
}

/// A score.
pub fn score(t: &Words, score: f64) -> String {
    t.number(score, SCORE)
}

/// What is suspicious about a good image.
pub fn suspicious(t: &Words, one: &Suspicious) -> String {
    let odd = one.odd.as_ref().map(|odd| {
        let key = match odd.for_its_place {
            true => "odd-for-place",
            false => "odd-far",
        };
        match odd.peak {
            Some(peak) => t
                .say("odd-at")
                .with("odd", t.say(key))
                .with("column", peak[0])
                .with("row", peak[1])
                .to_string(),
            None => t.say(key).to_string(),
        }
    });
    let unlike = one.unlike.iter().map(|unlike| self::unlike(t, unlike));
    let all: Vec<String> = odd.into_iter().chain(unlike).collect();
    match all.is_empty() {
        // What an earlier version found has words alone.
        true => one.why.clone(),
        false => all.join("; "),
    }
}

/// In what an image is unlike the others.
fn unlike(t: &Words, unlike: &Unlike) -> String {
    let whole = |value: f32| t.number(f64::from(value), 0);
    let colour = |all: &[f32; 3]| all.map(whole).join("/");
    let said = match unlike {
        Unlike::Size { usual } => t.say("unlike-size").with("usual", usual),
        Unlike::Aspect { usual } => t
            .say("unlike-aspect")
            .with("usual", t.number(f64::from(*usual), 2)),
        Unlike::Depth { usual } => t.say("unlike-depth").with("usual", usual),
        Unlike::Grey => t.say("unlike-grey"),
        Unlike::Coloured => t.say("unlike-coloured"),
        Unlike::Brightness { own, usual } => {
            let key = match own > usual {
                true => "unlike-brighter",
                false => "unlike-darker",
            };
            t.say(key)
                .with("own", whole(*own))
                .with("usual", whole(*usual))
        }
        Unlike::Colour { own, usual } => t
            .say("unlike-colour")
            .with("own", colour(own))
            .with("usual", colour(usual)),
    };
    said.to_string()
}

/// What came of a job, in sentences; none where it failed and there are no words for it any more.
pub fn outcome(t: &Words, outcome: &Outcome) -> Vec<Marked> {
    let against = |doubts: &[Gap]| -> Vec<Marked> {
        let said = doubts.iter().map(|one| {
            let said = t.say("outcome-doubt").with("detail", doubt(t, one));
            said.marked()
        });
        said.collect()
    };
    match outcome {
        Outcome::Refused { doubts } => {
            let doubts: Vec<Marked> = doubts.iter().map(|one| doubt(t, one)).collect();
            let doubts = Marked::joined(&doubts, "; ");
            vec![t.say("outcome-refused").with("detail", doubts).marked()]
        }
        Outcome::Failed { why } => {
            let said = (why.known(t)).map(|why| t.say("outcome-failed").with("detail", why));
            said.iter().map(Said::marked).collect()
        }
        Outcome::Extended {
            added,
            known,
            doubts,
        } => {
            let said = (t.say("outcome-extended"))
                .with("images", *added)
                .with("known", *known);
            [vec![said.marked()], against(doubts)].concat()
        }
        Outcome::Calibrated {
            before,
            thresholds,
            false_alarms,
            misses,
            doubts,
        } => {
            let both = |[threshold, check]: [f64; 2]| {
                let said = (t.say("threshold-check"))
                    .with("threshold", t.number(threshold, 3))
                    .with("check", t.number(check, 3));
                said.to_string()
            };
            let said = (t.say("outcome-calibrated"))
                .with("now", both(*thresholds))
                .with("before", both(*before))
                .with("alarms", counted(t, false_alarms))
                .with("misses", counted(t, misses));
            [vec![said.marked()], against(doubts)].concat()
        }
        Outcome::Judged {
            judged,
            failed,
            why,
        } => {
            let said = t.say("outcome-judged").with("parts", *judged);
            let not = (why.as_ref()).map(|why| {
                (t.say("outcome-not-judged"))
                    .with("parts", *failed)
                    .with("detail", doubt(t, why))
            });
            let all = std::iter::once(said).chain(not);
            all.map(|said| said.marked()).collect()
        }
        Outcome::Verified(Verified { model, own, parts }) => {
            let said = (t.say("outcome-verified"))
                .with("model", format!("{model:.12}"))
                .with("own", *own);
            let of_parts = parts.as_ref().map(|parts| verified_parts(t, parts));
            [vec![said.marked()], of_parts.unwrap_or_default()].concat()
        }
    }
}

/// What came of labelled parts that were judged once more.
fn verified_parts(t: &Words, parts: &VerifiedParts) -> Vec<Marked> {
    let said = (t.say("outcome-verified-parts"))
        .with("same", parts.same)
        .with("alarms", counted(t, &parts.false_alarms))
        .with("misses", counted(t, &parts.misses));
    let not = (parts.why.as_ref()).map(|why| {
        (t.say("outcome-not-judged"))
            .with("parts", parts.failed)
            .with("detail", doubt(t, why))
    });
    let all = std::iter::once(said).chain(not);
    all.map(|said| said.marked()).collect()
}

/// So many of so many.
fn counted(t: &Words, share: &Share) -> String {
    let said = (t.say("counted-of"))
        .with("counted", share.counted)
        .with("of", share.of);
    said.to_string()
}

/// A sentence that was kept; what an earlier version kept is in English.
fn doubt(t: &Words, kept: &Gap) -> Marked {
    match kept {
        Gap::Text(text) => Marked::english(t, text),
        other => other.marked(t),
    }
}

/// What a job does now.
pub fn stage(t: &Words, stage: &Stage) -> String {
    let of = |key: &'static str, done: usize, total: usize| {
        t.say(key).with("done", done).with("total", total)
    };
    let said = match *stage {
        Stage::Checks { done, total } => of("stage-checks", done, total),
        Stage::Prepares { done, total } => of("stage-prepares", done, total),
        Stage::Fits => t.say("stage-fits"),
        Stage::Trains { done, total } => of("stage-trains", done, total),
        Stage::Fold {
            fold,
            folds,
            done,
            total,
        } => of("stage-fold", done, total)
            .with("fold", fold)
            .with("folds", folds),
        Stage::Scores { done, total } => of("stage-scores", done, total),
        Stage::Judges { done, total } => of("stage-judges", done, total),
        Stage::Looks { done, total } => of("stage-looks", done, total),
    };
    said.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::tests::judged;
    use crate::words::english;

    #[test]
    fn that_a_picture_came_too_often_is_told_before_what_is_odd_in_it() {
        let t = english();
        let mut finding = judged(1.0).finding;
        assert_eq!(why(&t, None, &finding), None);
        finding.verdict = Verdict::Untrusted;
        let said = why(&t, Some(3), &finding).unwrap();
        assert!(
            said.starts_with("the very same picture as the 2 before it"),
            "{said}"
        );
    }
}
