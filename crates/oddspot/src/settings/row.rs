//! A row of the table of settings, and the macro that makes the types and the rows of it.

use super::spelling::{Choice, sentence};
use super::{Settings, rows};
use crate::error::{Error, Result};

/// To whom a setting is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// To everyone: one of the few that most need.
    Common,
    /// To who asks for all.
    Advanced,
}

/// One setting: everything that there is to say of it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name in a file of settings, such as "training.cache_mib".
    pub name: &'static str,
    /// Its name as an option, without the dashes before it, such as "cache-mib".
    pub option: &'static str,
    /// To whom it is shown.
    pub shown: Shown,
    /// What stands for its value where the option is explained, such as "N".
    pub placeholder: &'static str,
    /// The names that it may have; empty where it is no name.
    pub choices: &'static [Choice],
    /// Whether another value makes another model, all else being the same. Where maps are kept
    /// does not, nor does the teacher's name, since its weights have a hash.
    pub decisive: bool,
    pub(super) docs: &'static [&'static str],
    pub(super) range: fn() -> String,
    pub(super) of: fn(&Settings) -> String,
    pub(super) toml: fn(&Settings) -> String,
    pub(super) refuse: fn(&Settings) -> Option<String>,
    pub(super) set: fn(&mut Settings, &str) -> Result<(), String>,
    pub(super) set_toml:
        fn(&mut Settings, toml::de::ValueDeserializer<'_>) -> Result<(), toml::de::Error>,
}

impl Row {
    /// What it sets, in one line without a full stop, with its unit.
    pub fn help(&self) -> &'static str {
        self.docs.first().map_or("", |line| sentence(line))
    }

    /// What else there is to say of it; mostly nothing.
    pub fn more(&self) -> String {
        let lines: Vec<&str> = self.docs.iter().skip(1).map(|line| line.trim()).collect();
        lines.join(" ").trim().to_owned()
    }

    /// The numbers that it may be, such as "1 to 1024"; empty where any may.
    pub fn range(&self) -> String {
        (self.range)()
    }

    /// Its value, as the option has it: "2500", "muon", "0.25,0.5,1", "320x256".
    pub fn of(&self, settings: &Settings) -> String {
        (self.of)(settings)
    }

    /// What it is without being set.
    pub fn default(&self) -> String {
        self.of(&Settings::default())
    }

    /// What it is in the paper.
    pub fn paper(&self) -> String {
        self.of(&Settings::paper())
    }

    /// Sets it to what [`Row::of`] would write.
    ///
    /// # Errors
    /// A text that is no value of its type. Its range is [`Row::check`]'s.
    pub fn set(&self, settings: &mut Settings, text: &str) -> Result<()> {
        (self.set)(settings, text).map_err(|reason| Error::setting(self.name, reason))
    }

    /// Checks it against its range.
    ///
    /// # Errors
    /// Its name, its value and the range.
    pub fn check(&self, settings: &Settings) -> Result<()> {
        match (self.refuse)(settings) {
            Some(reason) => Err(Error::setting(self.name, reason)),
            None => Ok(()),
        }
    }
}

/// The row of that name, such as "training.iterations".
pub fn row(name: &str) -> Option<&'static Row> {
    rows().find(|row| row.name == name)
}

/// A field's name as an option's: `cache_mib` is "cache-mib".
pub(super) const fn dashed<const LENGTH: usize>(field: &str) -> [u8; LENGTH] {
    let mut bytes = match field.as_bytes().first_chunk() {
        Some(bytes) => *bytes,
        None => [b'-'; LENGTH],
    };
    let mut rest = bytes.as_mut_slice();
    while let Some((byte, tail)) = rest.split_first_mut() {
        if *byte == b'_' {
            *byte = b'-';
        }
        rest = tail;
    }
    bytes
}

/// Makes the table of settings: from each block a struct with its defaults, and from each line its
/// field, its value in the paper and its [`Row`]. A line is
///
/// ```text
/// /// What it sets, in one line, with its unit.
/// common|advanced field: Type = default, paper value, in range, as "PLACEHOLDER", not decisive;
/// ```
///
/// where all behind the default may be left out, and further lines of documentation may follow an
/// empty one. A line that came later says before it how files without it are read.
macro_rules! table {
    (
        $(#[$about:meta])*
        pub struct $Settings:ident {
            $(
                $(#[doc = $doc:literal])+
                $(#[serde($($serde:tt)+)])?
                $shown:ident $field:ident: $Type:ty = $default:expr
                $(, paper $paper:expr)?
                $(, in $allowed:expr)?
                $(, as $placeholder:literal)?
                $(, not $decisive:ident)?;
            )+
        }
        $(
            $(#[$part_about:meta])*
            pub struct $Part:ident in $part:ident {
                $(
                    $(#[doc = $part_doc:literal])+
                    $(#[serde($($part_serde:tt)+)])?
                    $part_shown:ident $part_field:ident: $Part_Type:ty = $part_default:expr
                    $(, paper $part_paper:expr)?
                    $(, in $part_allowed:expr)?
                    $(, as $part_placeholder:literal)?
                    $(, not $part_decisive:ident)?;
                )+
            }
        )+
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $Settings {
            $( $(#[doc = $doc])+ $(#[serde($($serde)+)])? pub $field: $Type, )+
            $( $(#[$part_about])* pub $part: $Part, )+
        }

        impl Default for $Settings {
            fn default() -> Self {
                Self { $( $field: $default, )+ $( $part: $Part::default(), )+ }
            }
        }

        impl $Settings {
            /// The settings of the paper: VGG16, a feature at every pixel, no smoothing.
            pub fn paper() -> Self {
                Self {
                    $( $field: first!($($paper,)? $default), )+
                    $( $part: $Part {
                        $( $part_field: first!($($part_paper,)? $part_default), )+
                    }, )+
                }
            }
        }

        $(
            $(#[$part_about])*
            #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $Part {
                $(
                    $(#[doc = $part_doc])+
                    $(#[serde($($part_serde)+)])?
                    pub $part_field: $Part_Type,
                )+
            }

            impl Default for $Part {
                fn default() -> Self {
                    Self { $( $part_field: $part_default, )+ }
                }
            }
        )+

        /// All settings, in the order of their explanation.
        const ROWS: &[Row] = &[
            $(
                setting!(
                    stringify!($field), $field, $field: $Type, $shown, [$($doc),+],
                    [$($allowed)?], [$($placeholder)?], [$($decisive)?]
                ),
            )+
            $( $(
                setting!(
                    concat!(stringify!($part), ".", stringify!($part_field)),
                    $part_field, $part.$part_field: $Part_Type, $part_shown, [$($part_doc),+],
                    [$($part_allowed)?], [$($part_placeholder)?], [$($part_decisive)?]
                ),
            )+ )+
        ];
    };
}

macro_rules! setting {
    (
        $name:expr, $field:ident, $($place:ident).+: $Type:ty, $shown:ident, [$($doc:expr),+],
        [$($allowed:expr)?], [$($placeholder:expr)?], [$($decisive:ident)?]
    ) => {
        Row {
            name: $name,
            option: {
                const OPTION: [u8; stringify!($field).len()] = dashed(stringify!($field));
                match std::str::from_utf8(&OPTION) {
                    Ok(option) => option,
                    Err(_) => stringify!($field),
                }
            },
            shown: shown!($shown),
            placeholder: first!($($placeholder,)? <$Type as Spelling>::PLACEHOLDER),
            choices: <$Type as Spelling>::CHOICES,
            decisive: concat!($(stringify!($decisive))?).is_empty(),
            docs: &[$($doc),+],
            range: || allowed!($Type, $($allowed)?).words(),
            of: |settings| settings.$($place).+.spell(),
            toml: |settings| settings.$($place).+.toml(),
            refuse: |settings| allowed!($Type, $($allowed)?).refuse(&settings.$($place).+),
            set: |settings, text| {
                settings.$($place).+ = Spelling::read(text)?;
                Ok(())
            },
            set_toml: |settings, value| {
                settings.$($place).+ = Deserialize::deserialize(value)?;
                Ok(())
            },
        }
    };
}

macro_rules! allowed {
    ($Type:ty,) => {
        Allowed::<<$Type as Spelling>::Number>::Anything
    };
    ($Type:ty, $allowed:expr) => {
        Allowed::<<$Type as Spelling>::Number>::from($allowed)
    };
}

macro_rules! shown {
    (common) => {
        Shown::Common
    };
    (advanced) => {
        Shown::Advanced
    };
}

macro_rules! first {
    ($first:expr $(, $rest:expr)*) => {
        $first
    };
}

pub(super) use {allowed, first, setting, shown, table};
