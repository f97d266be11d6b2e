//! How many of the bits of a 16-bit sample are in use: cameras store 10, 12 or 14 of them at the low end.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// What [`BitDepth::Auto`] is called.
const AUTO: &str = "auto";

/// Bits in use, of each sample in files of 16 bits a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum BitDepth {
    /// Those that the file says (PNG's `sBIT`, TIFF's `MaxSampleValue`), or that its samples show.
    #[default]
    Auto,
    /// So many, 8 to 16: white is all of them set, and what lies above is cut off.
    Of(u8),
}

impl BitDepth {
    /// Whether each file says it.
    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// The sample that is white, in a file whose highest is `highest` and that says that it uses `said` bits.
    pub(super) fn white(self, highest: u16, said: Option<u8>) -> u16 {
        let bits = match self {
            Self::Of(bits) => bits,
            Self::Auto => used_bits(highest, said),
        };
        of_bits(bits)
    }
}

/// The highest sample of so many bits.
fn of_bits(bits: u8) -> u16 {
    u16::MAX >> (16 - bits.clamp(1, 16))
}

/// Bits in use by the highest sample: those that the file says, if it keeps to them, or the least that
/// cameras have. All 16 say nothing: writers put them down for any file.
pub(super) fn used_bits(highest: u16, said: Option<u8>) -> u8 {
    match said {
        Some(bits @ 8..=15) if highest <= of_bits(bits) => bits,
        _ => {
            let needed = 16 - highest.leading_zeros() as u8;
            needed.next_multiple_of(2).clamp(8, 16)
        }
    }
}

/// How a file may spell it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "\"auto\" or a number of bits")]
enum Written {
    Bits(u8),
    Text(String),
}

impl TryFrom<Written> for BitDepth {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Bits(bits) => Ok(Self::Of(bits)),
            Written::Text(text) => text.parse(),
        }
    }
}

impl FromStr for BitDepth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            AUTO => Ok(Self::Auto),
            bits => (bits.parse().map(Self::Of))
                .map_err(|_| format!("'{text}' is neither '{AUTO}' nor a number of bits, as 12")),
        }
    }
}

impl fmt::Display for BitDepth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str(AUTO),
            Self::Of(bits) => bits.fmt(f),
        }
    }
}

impl Serialize for BitDepth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => AUTO.serialize(serializer),
            Self::Of(bits) => bits.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_in_use_are_those_that_a_camera_has() {
        for (highest, bits) in [
            (0, 8),
            (255, 8),
            (256, 10),
            (1023, 10),
            (1024, 12),
            (4095, 12),
            (4096, 14),
            (16_383, 14),
            (16_384, 16),
            (u16::MAX, 16),
        ] {
            assert_eq!(used_bits(highest, None), bits, "{highest}");
        }
    }

    #[test]
    fn what_a_file_says_counts_where_it_keeps_to_it() {
        assert_eq!(used_bits(700, Some(12)), 12);
        assert_eq!(used_bits(4096, Some(12)), 14);
        assert_eq!(used_bits(4000, Some(16)), 12);
        assert_eq!(BitDepth::Auto.white(700, Some(12)), 4095);
        assert_eq!(BitDepth::Of(14).white(700, Some(12)), 16_383);
        assert_eq!(BitDepth::Of(16).white(1, None), u16::MAX);
    }

    #[test]
    fn it_reads_as_it_is_written() {
        for depth in [BitDepth::Auto, BitDepth::Of(12)] {
            assert_eq!(depth.to_string().parse(), Ok(depth));
            let json = serde_json::to_string(&depth).unwrap();
            assert_eq!(serde_json::from_str::<BitDepth>(&json).unwrap(), depth);
        }
        assert!("deep".parse::<BitDepth>().unwrap_err().contains("12"));
    }
}
