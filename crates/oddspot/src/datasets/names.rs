//! What names of folders and labels say of their images.

/// What good images are called, in lower case: in English, and in the other languages of [`BAD`].
#[rustfmt::skip]
const GOOD: &[&str] = &[
    "good", "ok", "okay", "normal", "nominal", "pass", "passed", "0",
    "gut", "gute", "gutteile", "i.o.", "io", "in ordnung",
    "bon", "bonne", "bonnes", "bons", "conforme", "conformes",
    "buona", "buone", "buoni", "buono",
    "buena", "buenas", "bueno", "buenos",
    "boa", "boas", "bom",
    "goed", "goede", "goedgekeurd",
];

/// Names of good images, beside [`GOOD`], that say it among other words: no defect is called so.
const GOLDEN: [&str; 4] = ["golden", "gutteil", "gutteile", "oks"];

/// Words of [`GOOD`] that mean something else among other words.
const SHORT: [&str; 5] = ["0", "boa", "bom", "bon", "io"];

/// Words of names that bad images have, in lower case and without accents: English, German, French, Italian,
/// Spanish, Portuguese, Dutch, Polish, Czech, Turkish, Russian, Chinese and Japanese, Korean.
#[rustfmt::skip]
const BAD: &[&str] = &[
    "abnormal", "anomalies", "anomalous", "anomaly", "bad", "broken", "corrupt", "cracked", "damage", "damaged",
    "damages", "defect", "defective",
    "defectives", "defects", "error", "errors", "fail", "failed", "failing", "fails", "failure", "failures", "fault",
    "faults", "faulty", "flawed", "inacceptable", "ko", "ncr", "ng", "nio", "nogood", "nok",
    "nonconform", "nonconforming", "notgood", "notok", "outlier", "outliers", "quarantine", "quarantined", "rej", "reject", "rejected", "rejection",
    "rejections", "rejects", "rework", "reworked", "scrap", "scrapped", "unacceptable", "ungood", "unusable", "wrong",
    "ausschuss", "defekt", "defekte", "defekten", "defekter", "defektes", "fehler", "fehlerhaft", "fehlerhafte",
    "fehlteile", "gesperrt", "gesperrte", "kaputt", "mangelhaft", "nacharbeit", "nichtok", "quarantane", "schlecht",
    "schlechte", "schlechten", "schlechtteile", "schrott", "unbrauchbar", "ungut",
    "casse", "casses", "defaut", "defauts", "defectueuse", "defectueuses", "defectueux", "mauvais", "mauvaise",
    "mauvaises", "rebut", "rebuts", "rejete", "rejetes",
    "difetti", "difetto", "difettosa", "difettose", "difettosi", "difettoso", "guasti", "guasto", "rotti", "rotto",
    "scartati", "scartato", "scarti", "scarto",
    "defecto", "defectos", "defectuosa", "defectuosas", "defectuoso", "defectuosos", "mala", "malas", "malo", "malos",
    "rechazado", "rechazados", "rechazo", "rechazos",
    "defeito", "defeitos", "defeituosa", "defeituosas", "defeituoso", "defeituosos", "refugo", "rejeitado",
    "rejeitados",
    "afgekeurd", "afgekeurde", "afkeur", "slecht", "slechte",
    "wadliwa", "wadliwe", "wadliwy", "vadna", "vadne", "vadny", "zmetek", "zmetky",
    "bozuk", "hatali", "kusurlu",
    "брак", "бракованные", "дефект", "дефекты",
    "不良", "不良品", "不合格", "不合格品", "次品", "불량", "불량품",
];

/// What a word for bad images may be written together with.
#[rustfmt::skip]
const THINGS: &[&str] = &[
    "bilder", "board", "boards", "foto", "fotos", "image", "images", "img", "imgs", "item", "items", "ones", "part", "parts", "pcb",
    "pcbs", "photo", "photos", "pic", "pics", "picture", "pictures", "piece", "pieces", "product", "products",
    "sample", "samples", "teil", "teile", "unit", "units",
];

/// Words that turn what goes before into its opposite.
const FREE: &[&str] = &["free", "frei"];

/// Words between one that turns and what it turns.
#[rustfmt::skip]
const FILLING: &[&str] = &["any", "aucun", "aucune", "d", "da", "de", "di", "in", "the"];

/// Words that turn what follows into its opposite.
#[rustfmt::skip]
const NOT: &[&str] = &[
    "kein", "keine", "nicht", "niet", "no", "non", "not", "ohne", "pas", "sans", "senza", "sin",
    "without", "zero",
];

/// Words that are bad where they are turned, beside those for good images.
const FITTING: &[&str] = &[
    "acceptable",
    "conform",
    "conforming",
    "correct",
    "ordnung",
    "usable",
];

/// Whether a folder or a label of this name is of good images.
pub(super) fn is_good(name: &str) -> bool {
    let name = name.trim();
    GOOD.iter().any(|good| name.eq_ignore_ascii_case(good))
}

/// Whether a folder of this name holds good images.
pub fn sounds_good(name: &str) -> bool {
    is_good(name)
}

/// Whether a folder or a label that is not known as one of good images may be one all the same, by a word of its name:
/// `OK_2`, `good_parts`, "Good (2)", `golden`; not "not ok", `bad_good`.
pub fn may_be_good(name: &str) -> bool {
    let plain = without_accents(name);
    let may = |case| {
        let words = words(&plain, case);
        let says_good = |(at, word): (usize, &String)| {
            let is_spelled_out = word == "i" && words.get(at + 1).is_some_and(|next| next == "o");
            (is_spelled_out || is_good_word(word)) && !is_turned(&words, at)
        };
        words.iter().enumerate().any(says_good)
    };
    !is_good(name) && !sounds_bad(name) && (may(Case::Capitals) || may(Case::Words))
}

/// Whether a word among others is one of good images, alone or together with what they are of.
fn is_good_word(word: &str) -> bool {
    let is_good = |word: &str| (is_good(word) && !SHORT.contains(&word)) || GOLDEN.contains(&word);
    let is_of_good = |thing: &&str| {
        let before = word.strip_suffix(thing).is_some_and(is_good);
        before || word.strip_prefix(thing).is_some_and(is_good)
    };
    is_good(word) || THINGS.iter().any(is_of_good)
}

/// Whether the name of a folder or a file sounds like bad images: NOK, `bad_2`, "not ok", `RejectedParts`,
/// `BADparts`, `n.i.O`.
pub fn sounds_bad(name: &str) -> bool {
    let name = without_accents(name);
    // In capitals a word may end where small letters begin, or one before: BADparts, NOKTeile.
    [Case::Capitals, Case::Words].into_iter().any(|case| {
        let words = words(&name, case);
        // "no defects" is good, and "not ok" is bad; "defects, no mask" is bad.
        let mut each = words.iter().enumerate();
        spelled_out(&words)
            || each.any(|(at, word)| match is_turned(&words, at) {
                true => is_turned_bad(word),
                false => is_bad(word),
            })
    })
}

/// Whether a word beside one makes it the opposite.
fn is_turned(words: &[String], at: usize) -> bool {
    let is = |at: Option<usize>, list: &[&str]| {
        let word = at.and_then(|at| words.get(at));
        word.is_some_and(|word| list.contains(&word.as_str()))
    };
    let before = at.checked_sub(1);
    let before = match is(before, FILLING) {
        true => at.checked_sub(2),
        false => before,
    };
    is(before, NOT) || is(Some(at + 1), FREE)
}

fn is_bad(word: &str) -> bool {
    let together = |bad: &&str| {
        let before = word
            .strip_prefix(bad)
            .is_some_and(|thing| THINGS.contains(&thing));
        before
            || word
                .strip_suffix(bad)
                .is_some_and(|thing| THINGS.contains(&thing))
    };
    BAD.contains(&word) || BAD.iter().any(together)
}

fn is_turned_bad(word: &str) -> bool {
    (is_good(word) && word != "0") || FITTING.contains(&word)
}

/// Whether short words that follow each other are one: `n.i.O`, `niO`, `N-G`.
fn spelled_out(words: &[String]) -> bool {
    let mut runs = words.chunk_by(|a, b| a.len() <= 2 && b.len() <= 2);
    runs.any(|run| run.len() > 1 && ["nio", "nok", "ng", "ko"].contains(&run.concat().as_str()))
}

/// Where a word in capitals ends that small letters follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    /// With its last capital.
    Capitals,
    /// One before, for the last one begins the next word.
    Words,
}

/// The words of a name in lower case, parted at signs, at digits and where the case changes.
fn words(name: &str, case: Case) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut spaced = String::with_capacity(2 * name.len());
    for (at, &letter) in letters.iter().enumerate() {
        let before = |by: usize| at.checked_sub(by).and_then(|at| letters.get(at));
        let is_upper = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_uppercase());
        let is_lower = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_lowercase());
        let begins = match case {
            Case::Capitals => letter.is_lowercase() && is_upper(before(1)) && is_upper(before(2)),
            Case::Words => {
                letter.is_uppercase() && is_upper(before(1)) && is_lower(letters.get(at + 1))
            }
        };
        if begins || letter.is_uppercase() && is_lower(before(1)) {
            spaced.push(' ');
        }
        spaced.push(if letter.is_ascii_digit() && !is_a_number(&letters) {
            ' '
        } else {
            letter
        });
    }
    let words = spaced.split(|letter: char| !letter.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// Whether a name is a number alone, as some labels are.
fn is_a_number(letters: &[char]) -> bool {
    letters.iter().all(char::is_ascii_digit)
}

/// The same name with plain letters, however its accents are written.
fn without_accents(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars() {
        match letter {
            'à'..='å' => plain.push('a'),
            'ç' => plain.push('c'),
            'è'..='ë' => plain.push('e'),
            'ì'..='ï' => plain.push('i'),
            'ñ' => plain.push('n'),
            'ò'..='ö' => plain.push('o'),
            'ù'..='ü' => plain.push('u'),
            'ý' | 'ÿ' => plain.push('y'),
            'ı' => plain.push('i'),
            'İ' => plain.push('I'),
            'À'..='Å' => plain.push('A'),
            'È'..='Ë' => plain.push('E'),
            'ß' => plain.push_str("ss"),
            // Accents that follow their letter.
            '\u{300}'..='\u{36f}' => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
