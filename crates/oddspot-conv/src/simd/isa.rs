//! Which instruction set the kernels use: the fastest of this processor, or the one that the
//! environment asks for.

use std::str::FromStr;
use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use super::aarch64;
use super::portable::Portable;
#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{Kernel, Vector};

/// An instruction set that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(Set);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "aarch64")]
    Neon,
    Portable,
}

/// Why an instruction set cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IsaError {
    /// No set has this name.
    #[error(
        "'{name}' is no instruction set: there are {}, of which this processor has {}",
        Isa::NAMES.join(", "),
        names_here()
    )]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// This processor does not have the set.
    #[error("this processor does not have {name}: it has {}", names_here())]
    Missing {
        /// The set that was asked for.
        name: &'static str,
    },
}

fn names_here() -> String {
    let names: Vec<&str> = Isa::available().map(Isa::name).collect();
    names.join(", ")
}

impl FromStr for Isa {
    type Err = IsaError;

    /// The set of a name, as [`name`](Isa::name) gives it.
    fn from_str(name: &str) -> Result<Self, IsaError> {
        if let Some(isa) = Self::available().find(|isa| isa.name() == name) {
            return Ok(isa);
        }
        match Self::NAMES.iter().find(|known| **known == name) {
            Some(name) => Err(IsaError::Missing { name }),
            None => Err(IsaError::Unknown {
                name: name.to_owned(),
            }),
        }
    }
}

impl Isa {
    /// Plain Rust, for every processor.
    pub const PORTABLE: Self = Self(Set::Portable);

    /// The environment variable that forces a set by its name; empty is as if it were not set.
    pub const VARIABLE: &'static str = "ODDSPOT_ISA";

    /// The names of all sets, of other processors' too.
    pub const NAMES: [&'static str; 4] = ["avx512", "avx2", "neon", "portable"];

    /// The set that [`VARIABLE`](Self::VARIABLE) asks for, else the fastest that this processor
    /// has. Where the variable asks for one that cannot be used, it is the fastest too: a
    /// program that should refuse then looks at [`asked_for`](Self::asked_for) when it starts.
    pub fn detect() -> Self {
        match Self::asked_for() {
            Ok(Some(isa)) => isa,
            Ok(None) | Err(_) => Self::available().next().unwrap_or(Self::PORTABLE),
        }
    }

    /// The set that [`VARIABLE`](Self::VARIABLE) asks for, if it is set. It is read once: the
    /// answer is the same for as long as the process runs.
    ///
    /// # Errors
    /// A name that no set has, or a set that this processor does not have.
    pub fn asked_for() -> Result<Option<Self>, IsaError> {
        static ASKED_FOR: OnceLock<Result<Option<Isa>, IsaError>> = OnceLock::new();
        ASKED_FOR
            .get_or_init(|| {
                std::env::var_os(Self::VARIABLE)
                    .filter(|name| !name.is_empty())
                    .map(|name| name.to_string_lossy().parse())
                    .transpose()
            })
            .clone()
    }

    /// Every set that this processor has, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let sets: &[(Set, bool)] = &[
            #[cfg(target_arch = "x86_64")]
            (Set::Avx512, std::arch::is_x86_feature_detected!("avx512f")),
            #[cfg(target_arch = "x86_64")]
            (
                Set::Avx2,
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma"),
            ),
            #[cfg(target_arch = "aarch64")]
            (Set::Neon, std::arch::is_aarch64_feature_detected!("neon")),
            (Set::Portable, true),
        ];
        let found: Vec<Self> = sets
            .iter()
            .filter(|(_, has)| *has)
            .map(|(set, _)| Self(*set))
            .collect();
        found.into_iter()
    }

    /// `avx512`, `avx2`, `neon` or `portable`.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "aarch64")]
            Set::Neon => "neon",
            Set::Portable => "portable",
        }
    }

    /// Lanes of its registers.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => x86::Avx512::LANES,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => x86::Avx2::LANES,
            #[cfg(target_arch = "aarch64")]
            Set::Neon => aarch64::Neon::LANES,
            Set::Portable => Portable::LANES,
        }
    }

    /// Runs a kernel compiled for this set.
    #[inline]
    pub(crate) fn run(self, kernel: impl Kernel) {
        // SAFETY: an `Isa` is made only where the processor was found to have the set.
        unsafe {
            match self.0 {
                #[cfg(target_arch = "x86_64")]
                Set::Avx512 => x86::run_avx512(kernel),
                #[cfg(target_arch = "x86_64")]
                Set::Avx2 => x86::run_avx2(kernel),
                #[cfg(target_arch = "aarch64")]
                Set::Neon => aarch64::run_neon(kernel),
                Set::Portable => kernel.run::<Portable>(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_this_processor_is_found_by_its_name() {
        for isa in Isa::available() {
            assert_eq!(isa.name().parse(), Ok(isa));
        }
    }

    #[test]
    fn every_set_has_a_known_name() {
        for isa in Isa::available() {
            assert!(Isa::NAMES.contains(&isa.name()), "{}", isa.name());
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        for name in ["AVX2", "sse", " avx2", "avx2,avx512"] {
            let error = name.parse::<Isa>().unwrap_err();
            let name = name.to_owned();
            assert_eq!(error, IsaError::Unknown { name });
            let text = error.to_string();
            for known in Isa::NAMES {
                assert!(text.contains(known), "{text}");
            }
        }
    }

    #[test]
    fn a_set_that_this_processor_lacks_is_refused_with_those_it_has() {
        let missing = Isa::NAMES
            .into_iter()
            .filter(|name| Isa::available().all(|isa| isa.name() != *name));
        for name in missing {
            let error = name.parse::<Isa>().unwrap_err();
            assert_eq!(error, IsaError::Missing { name });
            let text = error.to_string();
            assert!(text.contains(name) && text.contains("portable"), "{text}");
        }
    }
}
