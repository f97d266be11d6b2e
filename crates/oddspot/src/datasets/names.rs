//! What names of folders and labels say of their images.

/// What good images are called, in lower case.
const GOOD: [&str; 8] = [
    "good", "ok", "okay", "normal", "nominal", "pass", "passed", "0",
];

/// Words of names that bad images have.
const BAD: [&str; 33] = [
    "abnormal",
    "anomalies",
    "anomalous",
    "anomaly",
    "ausschuss",
    "bad",
    "broken",
    "damaged",
    "defect",
    "defective",
    "defects",
    "error",
    "errors",
    "fail",
    "failed",
    "failing",
    "fails",
    "failure",
    "failures",
    "fault",
    "faults",
    "faulty",
    "ko",
    "ng",
    "nio",
    "nok",
    "notgood",
    "notok",
    "reject",
    "rejected",
    "rejects",
    "schlecht",
    "scrap",
];

/// Words that turn what follows, or goes before, into its opposite.
const NOT: [&str; 8] = [
    "free", "kein", "keine", "no", "non", "not", "without", "zero",
];

/// Whether a folder or a label of this name is of good images.
pub(super) fn is_good(name: &str) -> bool {
    let name = name.trim();
    GOOD.iter().any(|good| name.eq_ignore_ascii_case(good))
}

/// Whether the name of a folder or a file sounds like bad images: NOK, `bad_2`, "not ok", `RejectedParts`.
pub fn sounds_bad(name: &str) -> bool {
    let words = words(name);
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    match has(&NOT) {
        false => has(&BAD),
        // "no defects" is good, and "not ok" is bad.
        true => !has(&BAD) && words.iter().any(|word| is_good(word) && word != "0"),
    }
}

/// The words of a name in lower case, without the digits that they end in.
fn words(name: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(name.len());
    let mut before = ' ';
    for letter in name.chars() {
        if before.is_lowercase() && letter.is_uppercase() {
            spaced.push(' ');
        }
        before = letter;
        spaced.push(letter);
    }
    let words = spaced.split(|letter: char| !letter.is_alphanumeric());
    let words = words.map(|word| word.trim_matches(|letter: char| letter.is_ascii_digit()));
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_images_are_called_so_in_many_ways() {
        for good in ["good", "Good", "OK", "ok", " normal", "NORMAL", "0"] {
            assert!(is_good(good), "{good}");
        }
        for other in ["ko", "nok", "not ok", "1", "00", "goods", "", "scratch"] {
            assert!(!is_good(other), "{other}");
        }
    }

    #[test]
    fn names_that_sound_bad_are_told_from_those_that_do_not() {
        for bad in [
            "NOK",
            "nok",
            "bad",
            "Bad_2",
            "defect",
            "defects-01",
            "Rejected Parts",
            "RejectedParts",
            "fail",
            "NG",
            "not_ok",
            "not good",
            "no_good",
            "KO",
            "line3_bad",
            "NOK2",
            "n_nok",
        ] {
            assert!(sounds_bad(bad), "{bad}");
        }
        for other in [
            "good",
            "badge",
            "no_defects",
            "defect-free",
            "non-defective",
            "monday",
            "camera 2",
            "kong",
            "0",
            "no_0",
            "shift_a",
            "failsafe",
            "song",
            "not",
        ] {
            assert!(!sounds_bad(other), "{other}");
        }
    }
}
