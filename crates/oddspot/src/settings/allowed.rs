//! The range of a setting: what its numbers may be.

use std::fmt::Display;
use std::ops::{Bound, Range, RangeBounds, RangeInclusive};

use super::spelling::Spelling;

/// The most that a file of settings can hold: TOML's integers are signed.
pub(super) const MOST: u64 = i64::MAX as u64;

/// How infinity is written.
const INFINITE: &str = "inf";

/// What each number of a setting may be.
pub(super) enum Allowed<N> {
    /// Whatever its type can hold.
    Anything,
    /// A range; where it ends below infinity, any finite number.
    Within(Bound<N>, Bound<N>),
    /// A few numbers alone.
    OneOf(Vec<N>),
}

impl<N> From<RangeInclusive<N>> for Allowed<N> {
    fn from(range: RangeInclusive<N>) -> Self {
        let (least, most) = range.into_inner();
        Self::Within(Bound::Included(least), Bound::Included(most))
    }
}

impl<N> From<Range<N>> for Allowed<N> {
    fn from(range: Range<N>) -> Self {
        Self::Within(Bound::Included(range.start), Bound::Excluded(range.end))
    }
}

impl<N> From<(Bound<N>, Bound<N>)> for Allowed<N> {
    fn from((least, most): (Bound<N>, Bound<N>)) -> Self {
        Self::Within(least, most)
    }
}

impl<N, const COUNT: usize> From<[N; COUNT]> for Allowed<N> {
    fn from(numbers: [N; COUNT]) -> Self {
        Self::OneOf(numbers.into())
    }
}

impl<N: PartialOrd + Display> Allowed<N> {
    /// Why a value may not be, with what may; nothing where it may.
    pub(super) fn refuse<T: Spelling<Number = N>>(&self, value: &T) -> Option<String> {
        let numbers = value.numbers();
        if numbers.iter().all(|number| self.holds(number)) {
            return None;
        }
        let each = if numbers.len() > 1 { "each " } else { "" };
        Some(format!("{}: {each}must {}", value.spell(), self.demand()))
    }

    fn holds(&self, number: &N) -> bool {
        match self {
            Self::Anything => true,
            Self::Within(least, most) => (least.as_ref(), most.as_ref()).contains(number),
            Self::OneOf(numbers) => numbers.contains(number),
        }
    }

    /// What a number must do.
    fn demand(&self) -> String {
        use Bound::{Excluded, Included};
        let unending = |most: &N| most.to_string() == INFINITE;
        match self {
            Self::Within(Excluded(least), Excluded(most)) if unending(most) => {
                format!("be a finite number above {least}")
            }
            Self::Within(Included(least), Excluded(most)) if unending(most) => {
                format!("be a finite number of {least} or more")
            }
            Self::Within(Included(least), Included(most)) => {
                format!("lie between {least} and {most}")
            }
            Self::Within(Included(least), Excluded(most)) => {
                format!("be at least {least} and lie below {most}")
            }
            Self::Within(Excluded(least), Included(most)) => {
                format!("lie above {least} and be at most {most}")
            }
            Self::Within(..) | Self::Anything => "be a number".to_owned(),
            Self::OneOf(_) => format!("be {}", self.words()),
        }
    }

    /// The range in a few words, such as "1 to 1024"; empty for [`Allowed::Anything`].
    pub(super) fn words(&self) -> String {
        use Bound::{Excluded, Included, Unbounded};
        // The largest that a number can be says nothing.
        let unending =
            |most: &N| [MOST.to_string(), INFINITE.to_owned()].contains(&most.to_string());
        match self {
            Self::Anything => String::new(),
            Self::Within(least, most) => {
                let least = match least {
                    Included(least) => format!("{least}"),
                    Excluded(least) => format!("above {least}"),
                    Unbounded => String::new(),
                };
                match most {
                    Included(most) if !unending(most) => format!("{least} to {most}"),
                    Excluded(most) if !unending(most) => format!("{least} to below {most}"),
                    _ if least.starts_with("above") => least,
                    _ => format!("{least} or more"),
                }
            }
            Self::OneOf(numbers) => {
                let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                match words.split_last() {
                    Some((last, rest)) if !rest.is_empty() => {
                        format!("{} or {last}", rest.join(", "))
                    }
                    _ => words.concat(),
                }
            }
        }
    }
}
