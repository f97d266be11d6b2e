//! Shares of verdicts over time, as a drawing and as a table.

use jiff::Timestamp;
use oddspot::verdict::Verdict;

use super::frame::Frame;
use super::keys;
use super::step::{Step, place};
use crate::history::{Span, Verdicts};
use crate::words::Words;

const HEIGHT: f64 = 220.0;
/// Room for what the colours mean.
const TOP: f64 = 34.0;
/// A bar is so much of its step wide, and never wider than that.
const WIDE: (f64, f64) = (0.84, 48.0);
/// The upper ends of the axis: the first that all that is not good finds room below.
const ENDS: [f64; 5] = [0.05, 0.1, 0.25, 0.5, 1.0];
/// From the bottom of a bar to its top.
const ORDER: [Verdict; 4] = [
    Verdict::Anomalous,
    Verdict::Check,
    Verdict::Untrusted,
    Verdict::Good,
];

/// What is shown of some inspections over time.
pub struct Counted<'a> {
    /// By which steps.
    pub step: Step,
    /// The times.
    pub spans: &'a [Span],
    /// How many there were in each.
    pub verdicts: &'a [Verdicts],
    /// When another model began to judge.
    pub models: &'a [Timestamp],
    /// Whether there are more before them.
    pub has_more: bool,
    /// Whether those of one verdict alone were asked for.
    pub is_of_one_verdict: bool,
}

/// Shares of verdicts over time, as a page shows them.
pub struct Rates {
    /// The drawing.
    pub drawing: String,
    /// What it shows.
    pub note: String,
    /// Keys of the verdicts' words, as the table has them.
    pub verdicts: [&'static str; 4],
    /// The same as a table, the newest first.
    pub rows: Vec<RateRow>,
}

/// A time, as the table has it.
pub struct RateRow {
    /// When it began.
    pub when: String,
    /// How many images there were.
    pub images: u64,
    /// How many of each verdict, and their share.
    pub verdicts: [String; 4],
}

impl Rates {
    /// Of what was counted; None of fewer than two images.
    pub fn of(t: &Words, counted: &Counted<'_>) -> Option<Self> {
        let each = || counted.spans.iter().zip(counted.verdicts);
        let there = || each().filter(|(_, verdicts)| verdicts.all() > 0);
        let mut all = Verdicts::default();
        there().for_each(|(_, verdicts)| all += *verdicts);
        if all.all() < 2 {
            return None;
        }
        let mut note = vec![t.say("rate-note").to_string()];
        note.insert(0, t.say(counted.step.said()).to_string());
        if counted.is_of_one_verdict {
            note.push(t.say("rate-any-verdict").to_string());
        }
        if counted.has_more {
            let newest = t.say("rate-newest").with("parts", all.all());
            note.push(newest.to_string());
        }
        let row = |(span, verdicts): (&Span, &Verdicts)| RateRow {
            when: when(t, counted.step, span),
            images: verdicts.all(),
            verdicts: ORDER.map(|one| {
                t.say("counted-share")
                    .with("counted", verdicts.of(one))
                    .with("share", share(t, verdicts, one))
                    .to_string()
            }),
        };
        let mut rows: Vec<RateRow> = there().map(row).collect();
        rows.reverse();
        Some(Self {
            drawing: draw(t, counted, &all),
            note: note.join(" "),
            verdicts: ORDER.map(keys::verdict),
            rows,
        })
    }
}

fn when(t: &Words, step: Step, span: &Span) -> String {
    t.written(&span.since.to_string(), step.written())
}

fn share(t: &Words, verdicts: &Verdicts, verdict: Verdict) -> String {
    t.percent(verdicts.share(verdict).unwrap_or(0.0), 1)
}

/// The shares of all verdicts, in words.
fn shares(t: &Words, verdicts: &Verdicts) -> String {
    let part = |one: Verdict| {
        t.say("rate-share")
            .with("verdict", t.say(keys::verdict(one)))
            .with("share", share(t, verdicts, one))
            .to_string()
    };
    ORDER.map(part).join(", ")
}

/// Which share was not good, in [0, 1].
fn not_good(verdicts: &Verdicts) -> f64 {
    let others = verdicts.all() - verdicts.of(Verdict::Good);
    others as f64 / verdicts.all().max(1) as f64
}

fn draw(t: &Words, counted: &Counted<'_>, all: &Verdicts) -> String {
    let label = (t.say("rate-label"))
        .with("parts", all.all())
        .with("shares", shares(t, all));
    let mut frame = Frame::new(label, HEIGHT, TOP);
    let highest = counted.verdicts.iter().map(not_good).fold(0.0, f64::max);
    let end = ENDS.into_iter().find(|end| highest <= *end);
    let end = end.unwrap_or(1.0);
    for part in [0.0, 0.5, 1.0] {
        // Half of it may be no whole number of percent.
        let digits = usize::from((end * 50.0).fract() > 0.0);
        frame.across(part, t.percent(part * end, digits));
    }
    frame.meaning(ORDER.map(|one| (one.word(), t.say(keys::verdict(one)).to_string())));
    let step = 1.0 / counted.spans.len() as f64;
    let (of_step, most) = WIDE;
    let wide = (frame.width() * step * of_step).min(most);
    for (at, (span, verdicts)) in counted.spans.iter().zip(counted.verdicts).enumerate() {
        if verdicts.all() == 0 {
            continue;
        }
        let said = (t.say("rate-bar"))
            .with("when", when(t, counted.step, span))
            .with("parts", verdicts.all())
            .with("shares", shares(t, verdicts));
        frame.put(format_args!("<g><title>{said}</title>"));
        let left = frame.x(step * (at as f64 + 0.5)) - wide / 2.0;
        let mut below = 0.0;
        for verdict in ORDER {
            let above = below + verdicts.share(verdict).unwrap_or(0.0);
            let [low, high] = [below, above].map(|share| frame.y((share / end).min(1.0)));
            if low > high {
                frame.put(format_args!(
                    "<rect class=\"{}\" x=\"{left:.1}\" y=\"{high:.1}\" width=\"{wide:.1}\" height=\"{:.1}\"/>",
                    verdict.word(),
                    low - high
                ));
            }
            below = above;
        }
        frame.put("</g>");
    }
    for moment in counted.models {
        if let Some(at) = place(counted.spans, *moment) {
            frame.model(at);
        }
    }
    let [first, last] = [counted.spans.first(), counted.spans.last()]
        .map(|span| span.map_or_else(String::new, |span| when(t, counted.step, span)));
    frame.end(first, last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::english;

    /// Hours from six o'clock on, and their good images, those to be checked and anomalous ones.
    fn counted(of_hours: &[[u64; 3]]) -> (Vec<Span>, Vec<Verdicts>) {
        let hour = |at: usize| format!("2026-03-02T{:02}:00:00Z", 6 + at);
        let moment = |at: usize| -> Timestamp { hour(at).parse().unwrap() };
        let spans = (0..of_hours.len()).map(|at| Span {
            since: moment(at),
            until: moment(at + 1),
        });
        let verdicts = of_hours.iter().map(|[good, check, anomalous]| {
            let all = [
                (Verdict::Good, *good),
                (Verdict::Check, *check),
                (Verdict::Anomalous, *anomalous),
            ];
            all.into_iter().collect()
        });
        (spans.collect(), verdicts.collect())
    }

    fn rates(of_hours: &[[u64; 3]], models: &[Timestamp]) -> Option<Rates> {
        let (spans, verdicts) = counted(of_hours);
        let counted = Counted {
            step: Step::Hour,
            spans: &spans,
            verdicts: &verdicts,
            models,
            has_more: true,
            is_of_one_verdict: true,
        };
        Rates::of(&english(), &counted)
    }

    #[test]
    fn each_hour_with_images_has_a_bar_and_a_row() {
        assert!(rates(&[[1, 0, 0]], &[]).is_none());
        let another: Timestamp = "2026-03-02T07:30:00Z".parse().unwrap();
        let found = rates(&[[38, 1, 1], [0; 3], [40, 0, 0]], &[another]).unwrap();
        let drawing = &found.drawing;
        assert_eq!(drawing.matches("<g>").count(), 2, "{drawing}");
        // Of 40 one is anomalous and one is to be checked: 2.5 % each, and 5 % is the end of the axis.
        assert!(drawing.contains("5.0 %</text>"), "{drawing}");
        assert_eq!(drawing.matches("height=\"81.0\"").count(), 2, "{drawing}");
        assert!(
            drawing.contains("class=\"model\" x1=\"497.0\""),
            "{drawing}"
        );
        assert!(
            drawing.contains("untrusted 0.0 %, good 97.5 %"),
            "{drawing}"
        );
        assert_eq!(found.rows.len(), 2);
        assert_eq!(found.rows[1].images, 40);
        assert_eq!(found.rows[1].verdicts[0], "1 (2.5 %)");
        assert!(found.note.starts_with("Each bar is an hour."));
        assert!(found.note.ends_with("Only the newest 80 parts count."));
        let bad = rates(&[[0, 0, 3]], &[]).unwrap().drawing;
        assert!(bad.contains(">100 %</text>") && bad.contains("height=\"162.0\""));
    }
}
