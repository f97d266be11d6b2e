//! What came of a job, as programs are told.

use serde::{Serialize, Serializer};

use crate::words::Gap;

/// Sentences are kept by their words' keys, for pages alone: programs are told them in English, and why one failed by its
/// outcome.
pub fn without_words<S: Serializer>(
    result: &Option<serde_json::Value>,
    to: S,
) -> std::result::Result<S::Ok, S::Error> {
    let shown = result.clone().filter(|one| one["kind"] != "failed");
    let shown = shown.map(|mut one| {
        let english = |kept: &mut serde_json::Value| {
            if let Ok(gap) = serde_json::from_value::<Gap>(kept.clone()) {
                *kept = gap.to_string().into();
            }
        };
        let doubts = one.get_mut("doubts").and_then(|all| all.as_array_mut());
        doubts.into_iter().flatten().for_each(english);
        let of_parts = one.get_mut("parts").and_then(|parts| parts.get_mut("why"));
        of_parts.into_iter().for_each(english);
        one.get_mut("why").into_iter().for_each(english);
        one
    });
    shown.serialize(to)
}
