//! Settings that are one of a few names.

use serde::{Deserialize, Serialize};

use super::spelling::{Choice, Spelling};

/// Makes an enum of its names: the type, its names in files, and what each means.
macro_rules! choices {
    (
        $(#[$about:meta])*
        pub enum $Type:ident {
            $( #[doc = $help:literal] $(#[doc = $more:literal])* $Variant:ident = $name:literal, )+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $Type {
            $(
                #[doc = $help]
                $(#[doc = $more])*
                #[serde(rename = $name)]
                $Variant,
            )+
        }

        impl $Type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Variant),+];

            /// Its name, as in files and options.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant => $name,)+
                }
            }
        }

        impl Spelling for $Type {
            type Number = u8;
            const PLACEHOLDER: &'static str = "NAME";
            const CHOICES: &'static [Choice] = &[
                $(Choice { name: $name, help: super::spelling::sentence($help) },)+
            ];

            fn spell(&self) -> String {
                self.name().to_owned()
            }

            fn read(text: &str) -> Result<Self, String> {
                let found = Self::ALL.iter().find(|choice| choice.name() == text);
                found.copied().ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|choice| choice.name()).collect();
                    format!("'{text}' is not one of {}", names.join(", "))
                })
            }
        }
    };
}

choices! {
    /// What is trained.
    pub enum Method {
        /// Both errors: the student and the position classifier.
        Full = "full",
        /// The student alone: the paper's "Base".
        Baseline = "baseline",
        /// Nothing: the closed-form terms alone, in seconds.
        Instant = "instant",
    }
}

impl Method {
    /// Whether networks are trained.
    pub fn learns(self) -> bool {
        self != Self::Instant
    }
}

choices! {
    /// Whether images are brought to where good ones lie before they are looked at.
    pub enum Alignment {
        /// As the good ones ask for: not, if they lie alike or have too little in common.
        Auto = "auto",
        /// They are looked at as they are.
        None = "none",
        /// They are moved.
        Shift = "shift",
        /// They are moved and turned, by any angle.
        Rigid = "rigid",
    }
}

impl Alignment {
    /// Whether images are aligned wherever good ones have something in common.
    pub fn aligns(self) -> bool {
        matches!(self, Self::Shift | Self::Rigid)
    }
}

choices! {
    /// What turns gradients into steps.
    pub enum Optimizer {
        /// Adam (Kingma & Ba, 2015) for everything.
        Adam = "adam",
        /// Muon (Jordan et al., 2024) for the convolutions' weights, Adam for the rest.
        Muon = "muon",
    }
}

choices! {
    /// How the learning rate goes on.
    pub enum Schedule {
        /// The same rate throughout.
        Constant = "constant",
        /// Half a cosine from the rate at the start to 0.
        Cosine = "cosine",
    }
}

choices! {
    /// How features are scaled before teacher and student are compared.
    pub enum FeatureNorm {
        /// Each position's vector, the teacher's and the student's, by its L2 norm.
        L2 = "l2",
        /// As they come, as the paper prints its formula.
        None = "none",
        /// The teacher's by its mean and standard deviation per channel over the training images.
        Standardize = "standardize",
        /// The same, and then so that what many channels say alike does not drown the rest.
        ///
        /// By the inverse root of the channels' correlations.
        Whiten = "whiten",
    }
}

choices! {
    /// What errors are measured against: of what μ and σ are.
    pub enum Moments {
        /// Over all pixels of all training images.
        Global = "global",
        /// At each place over all training images first, for parts that always lie alike.
        ///
        /// Of each level of `e_rec`; then of their sum, as [`Moments::Global`].
        Local = "local",
    }
}

choices! {
    /// How much the pairs of a position count in its `e_pos`.
    pub enum PairWeights {
        /// All alike.
        Equal = "equal",
        /// Each as much as its neighbour is in place, so that an odd patch does not blame others.
        Trusted = "trusted",
    }
}

choices! {
    /// What features are divided by before they are remembered.
    pub enum MemoryScale {
        /// Nothing.
        None = "none",
        /// The middle length of the image's features, level by level: its contrast as a whole does not count.
        Image = "image",
    }
}

impl MemoryScale {
    /// What files do not say: a model stays as it was before there was this setting.
    pub(super) fn before() -> Self {
        Self::None
    }

    /// Whether a file need not say it.
    pub(super) fn is_before(&self) -> bool {
        *self == Self::None
    }
}

choices! {
    /// Lower bound of the normalised `e_pos`.
    pub enum PosFloor {
        /// No bound, so that being surely in its place excuses looking wrong.
        None = "none",
        /// Its mean, so that being in its place excuses nothing.
        Mean = "mean",
    }
}

impl PosFloor {
    /// The bound, in standard deviations.
    pub fn least(self) -> f64 {
        match self {
            Self::None => f64::NEG_INFINITY,
            Self::Mean => 0.0,
        }
    }
}

choices! {
    /// What a term's map is measured in before terms are added.
    pub enum Units {
        /// Standard deviations of its pixels in good images.
        Deviations = "deviations",
        /// What it reaches in good images: the upper quartile of its maximum.
        ///
        /// So that a term that is noisy on a set of images takes itself back.
        Reached = "reached",
    }
}

choices! {
    /// What becomes of an image's level, the `e_rec` of its quietest part.
    pub enum ImageLevel {
        /// It stays.
        Kept = "kept",
        /// It is taken off as far as good images differ in it: light, focus and grain.
        Levelled = "levelled",
    }
}
