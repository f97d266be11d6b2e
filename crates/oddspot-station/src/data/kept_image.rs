//! An image that is kept.

/// An image that is kept, by its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptImage {
    /// SHA-256 of its bytes, as hexadecimal digits.
    pub sha256: String,
    /// What it is.
    pub format: Format,
    /// How many there are.
    pub bytes: u64,
}

/// What an image's file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// Windows bitmap.
    Bmp,
    /// WebP.
    WebP,
    /// TIFF.
    Tiff,
}

/// Each with its extension and media type.
const ALL: [(Format, &str, &str); 5] = [
    (Format::Png, "png", "image/png"),
    (Format::Jpeg, "jpg", "image/jpeg"),
    (Format::Bmp, "bmp", "image/bmp"),
    (Format::WebP, "webp", "image/webp"),
    (Format::Tiff, "tif", "image/tiff"),
];

impl Format {
    /// Of an image that was decoded; TIFF begins in several ways.
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0x89, b'P', b'N', b'G', ..] => Self::Png,
            [0xff, 0xd8, ..] => Self::Jpeg,
            [b'B', b'M', ..] => Self::Bmp,
            [b'R', b'I', b'F', b'F', ..] => Self::WebP,
            _ => Self::Tiff,
        }
    }

    /// All extensions.
    pub fn extensions() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|(_, extension, _)| *extension)
    }

    /// By its extension.
    pub fn named(extension: &str) -> Option<Self> {
        let found = ALL.iter().find(|(_, name, _)| *name == extension);
        found.map(|(format, ..)| *format)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        &ALL[self as usize]
    }

    /// As files are called.
    pub fn extension(self) -> &'static str {
        self.row().1
    }

    /// As it is sent.
    pub fn media_type(self) -> &'static str {
        self.row().2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_stand_in_the_order_of_their_table() {
        for (format, extension, _) in ALL {
            assert_eq!(format.extension(), extension);
            assert_eq!(Format::named(extension), Some(format));
        }
        assert_eq!(Format::named("html"), None);
    }
}
