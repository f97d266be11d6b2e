//! What a controller reads of a station, and how it acknowledges.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use oddspot::verdict::Verdict;
use tokio::sync::watch;

use super::super::condition::{Condition, Look};
use crate::history::Event;

/// Bits, by their addresses.
pub const BITS: usize = 9;
/// The address of the coil that acknowledges.
pub const ACKNOWLEDGE: u16 = 16;
/// Registers, by their addresses.
pub const REGISTERS: usize = 10;
/// The code where nothing was judged.
const MISSED: u16 = 5;

/// What a controller reads of a station.
pub struct Unit {
    look: Look,
    /// Whether each result stays until it was acknowledged.
    wait: bool,
    begun: Instant,
    shown: Mutex<Shown>,
    acknowledged: watch::Sender<()>,
}

/// The last event.
#[derive(Clone, Copy)]
struct Shown {
    /// Events since the start.
    counter: u32,
    /// Images that were judged since the start.
    parts: u32,
    verdict: Option<Verdict>,
    is_missed: bool,
    score: f32,
    is_acknowledged: bool,
    /// Whether the station could not judge at the last look.
    was_troubled: bool,
    /// Whether it could not since this was shown: then it may be taken for the verdict of a part that was not judged.
    is_of_before: bool,
}

impl Shown {
    /// Nothing was judged yet: there is no score.
    fn nothing() -> Self {
        Self {
            counter: 0,
            parts: 0,
            verdict: None,
            is_missed: false,
            score: f32::NAN,
            is_acknowledged: false,
            was_troubled: false,
            is_of_before: false,
        }
    }

    /// Without what the controller is to see no more. With `wait` a result that was not acknowledged stays: by that the
    /// controller knows whose it is.
    fn seen(self, wait: bool) -> Self {
        match self.is_of_before && (!wait || self.is_acknowledged) {
            false => self,
            true => Self {
                verdict: None,
                is_missed: self.counter > 0,
                score: f32::NAN,
                is_acknowledged: true,
                ..self
            },
        }
    }
}

impl Unit {
    /// Of a station that nothing was judged for yet.
    pub fn new(look: Look, wait: bool) -> Self {
        Self {
            look,
            wait,
            begun: Instant::now(),
            shown: Mutex::new(Shown::nothing()),
            acknowledged: watch::channel(()).0,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows an event in place of the last, and gives what hears of its acknowledgement.
    pub fn show(&self, event: &Event) -> watch::Receiver<()> {
        self.show_next(|shown| match event {
            Event::Inspection(inspection) => {
                shown.parts = shown.parts.wrapping_add(1);
                shown.verdict = Some(inspection.verdict);
                shown.is_missed = false;
                shown.score = inspection.finding.score;
            }
            Event::Missed(_) => {
                shown.verdict = None;
                shown.is_missed = true;
                shown.score = f32::NAN;
            }
        })
    }

    fn show_next(&self, put: impl FnOnce(&mut Shown)) -> watch::Receiver<()> {
        // A trouble that began since the last poll is older than this event.
        let was_troubled = (self.look)().trouble.is_some();
        let mut shown = self.lock();
        let acknowledged = self.acknowledged.subscribe();
        shown.counter = shown.counter.wrapping_add(1);
        shown.is_acknowledged = false;
        shown.is_of_before = false;
        shown.was_troubled = was_troubled;
        put(&mut shown);
        acknowledged
    }

    /// Takes away what the controller has seen.
    pub fn acknowledge(&self) {
        let mut shown = self.lock();
        shown.is_acknowledged = true;
        self.acknowledged.send_replace(());
    }

    /// What is to be seen now, and how the station is.
    fn now(&self) -> (Shown, Condition) {
        let condition = (self.look)();
        let is_troubled = condition.trouble.is_some();
        let mut shown = self.lock();
        shown.is_of_before |= is_troubled && !shown.was_troubled;
        shown.was_troubled = is_troubled;
        (shown.seen(self.wait), condition)
    }

    /// The bits as they are now.
    pub fn bits(&self) -> [bool; BITS] {
        let (shown, condition) = self.now();
        self.bits_of(&shown, &condition)
    }

    fn bits_of(&self, shown: &Shown, condition: &Condition) -> [bool; BITS] {
        let is_new = !shown.is_acknowledged;
        let is = |verdict| is_new && shown.verdict == Some(verdict);
        [
            condition.trouble.is_none(),
            condition.is_busy,
            is_new && shown.verdict.is_some(),
            is(Verdict::Good),
            is(Verdict::Check),
            is(Verdict::Anomalous),
            is(Verdict::Untrusted),
            condition.trouble.is_some() || (is_new && shown.is_missed),
            !self.begun.elapsed().as_secs().is_multiple_of(2),
        ]
    }

    /// The registers as they are now.
    pub fn registers(&self) -> [u16; REGISTERS] {
        let (shown, condition) = self.now();
        let [counter, parts] = [shown.counter, shown.parts].map(words);
        let thousandths = words(thousandths(shown.score));
        let float = words(shown.score.to_bits());
        let bits = self.bits_of(&shown, &condition);
        // So that one request has all that belongs together.
        let bits = (0..).zip(bits).map(|(at, bit)| u16::from(bit) << at).sum();
        [
            counter[0],
            counter[1],
            thousandths[0],
            thousandths[1],
            float[0],
            float[1],
            code(&shown),
            parts[0],
            parts[1],
            bits,
        ]
    }
}

fn code(shown: &Shown) -> u16 {
    match shown.verdict {
        _ if shown.is_missed => MISSED,
        None => 0,
        Some(Verdict::Good) => 1,
        Some(Verdict::Check) => 2,
        Some(Verdict::Anomalous) => 3,
        Some(Verdict::Untrusted) => 4,
    }
}

/// A score in thousandths; what is no number, or too large for it, is the largest.
fn thousandths(score: f32) -> u32 {
    let thousandths = (f64::from(score) * 1e3).round();
    match thousandths.is_finite() && thousandths < f64::from(u32::MAX) {
        true => thousandths.max(0.0) as u32,
        false => u32::MAX,
    }
}

/// The words of a number, the high one first.
fn words(number: u32) -> [u16; 2] {
    [(number >> 16) as u16, number as u16]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::history::{Missed, NoVerdict};

    /// A unit that shows a good part, and by what its station gets into trouble.
    fn good(wait: bool) -> (Unit, Arc<AtomicBool>) {
        let is_troubled = Arc::<AtomicBool>::default();
        let look = Arc::clone(&is_troubled);
        let look: Look = Arc::new(move || Condition {
            trouble: (look.load(Ordering::SeqCst)).then(|| "the disk is full".to_owned()),
            is_busy: false,
        });
        let unit = Unit::new(look, wait);
        unit.show_good();
        (unit, is_troubled)
    }

    impl Unit {
        fn show_good(&self) {
            self.show_next(|shown| shown.verdict = Some(Verdict::Good));
        }

        /// Bits 0, 2, 3 and 7, and the register of the verdict.
        fn told(&self) -> ([bool; 4], u16) {
            let bits = self.bits();
            ([0, 2, 3, 7].map(|at| bits[at]), self.registers()[6])
        }
    }

    #[test]
    fn no_good_of_before_is_told_once_a_station_cannot_judge() {
        let (unit, is_troubled) = good(false);
        assert_eq!(unit.told(), ([true, true, true, false], 1));
        is_troubled.store(true, Ordering::SeqCst);
        assert_eq!(unit.told(), ([false, false, false, true], MISSED));
        let registers = unit.registers();
        assert_eq!((registers[1], &registers[2..4]), (1, &[u16::MAX; 2][..]));
        // What is judged all the same is told.
        unit.show_good();
        assert_eq!(unit.told(), ([false, true, true, true], 1));
        unit.lock().is_of_before = true;
        is_troubled.store(false, Ordering::SeqCst);
        assert_eq!(unit.told(), ([true, false, false, false], MISSED));
        unit.show_good();
        assert_eq!(unit.told(), ([true, true, true, false], 1));
    }

    #[test]
    fn a_result_that_waits_for_its_acknowledgement_stays_and_goes_with_it() {
        let (unit, is_troubled) = good(true);
        is_troubled.store(true, Ordering::SeqCst);
        assert_eq!(unit.told(), ([false, true, true, true], 1));
        unit.acknowledge();
        assert_eq!(unit.told(), ([false, false, false, true], MISSED));
        is_troubled.store(false, Ordering::SeqCst);
        assert_eq!(unit.told(), ([true, false, false, false], MISSED));
    }

    #[test]
    fn what_was_missed_is_an_error_and_no_result() {
        let unit = Unit::new(Arc::new(Condition::default), false);
        assert_eq!(
            &unit.bits()[..8],
            [true, false, false, false, false, false, false, false]
        );
        let registers = unit.registers();
        assert_eq!((registers[1], registers[6]), (0, 0));
        assert_eq!(registers[2..4], [u16::MAX; 2]);
        let float = u32::from(registers[4]) << 16 | u32::from(registers[5]);
        assert!(f32::from_bits(float).is_nan());
        let missed = Missed {
            id: "1".to_owned(),
            station: "top".to_owned(),
            time: "now".to_owned(),
            verdict: NoVerdict::Missed,
            reason: "queue_full".to_owned(),
            detail: "full".to_owned(),
            images: 1,
            part_id: None,
            file: None,
        };
        unit.show(&Event::Missed(missed));
        assert_eq!(
            &unit.bits()[2..8],
            [false, false, false, false, false, true]
        );
        let registers = unit.registers();
        assert_eq!((registers[1], registers[6], registers[8]), (1, MISSED, 0));
        assert_eq!(registers[2..4], [u16::MAX; 2]);
        assert_eq!(registers[9] & 0b1111_1111, 0b1000_0001);
        unit.acknowledge();
        assert!(!unit.bits()[7]);
    }

    #[test]
    fn what_is_shown_once_a_trouble_began_is_read_at_the_first_poll() {
        let (unit, is_troubled) = good(false);
        assert_eq!(unit.told(), ([true, true, true, false], 1));
        is_troubled.store(true, Ordering::SeqCst);
        unit.show_next(|shown| shown.verdict = Some(Verdict::Untrusted));
        assert_eq!(unit.told(), ([false, true, false, true], 4));
        // The next trouble takes it away.
        is_troubled.store(false, Ordering::SeqCst);
        assert_eq!(unit.told(), ([true, true, false, false], 4));
        is_troubled.store(true, Ordering::SeqCst);
        assert_eq!(unit.told(), ([false, false, false, true], MISSED));
    }

    #[test]
    fn a_score_is_told_in_thousandths() {
        assert_eq!(thousandths(70.0001), 70_000);
        assert_eq!(thousandths(-1.0), 0);
        assert_eq!(thousandths(f32::INFINITY), u32::MAX);
        assert_eq!(words(70_000), [1, 4_464]);
    }
}
