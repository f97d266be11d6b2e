//! Texts in the encodings that editors and spreadsheets save.

use std::borrow::Cow;

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoText {
    /// They are no UTF-8 from this line on.
    Line(usize),
    /// They are no whole UTF-16.
    Torn,
}

/// The text of a file: UTF-8, or UTF-16, with or without a mark at its start.
///
/// # Errors
/// Another encoding.
pub(crate) fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, NoText> {
    // A mark that programs put at the start would become part of the first word.
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return utf8(rest);
    }
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        // A name, a bracket or a tag begins with a sign of ASCII.
        [letter, 0, _, 0, ..] if letter.is_ascii_graphic() => u16::from_le_bytes,
        [0, letter, 0, _, ..] if letter.is_ascii_graphic() => u16::from_be_bytes,
        _ => return utf8(bytes),
    };
    let (units, odd) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|&pair| unit(pair)).collect();
    let text = String::from_utf16(&units).ok().filter(|_| odd.is_empty());
    let text = text.ok_or(NoText::Torn)?;
    Ok(Cow::Owned(text.trim_start_matches('\u{feff}').to_owned()))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, NoText> {
    std::str::from_utf8(bytes)
        .map(Cow::Borrowed)
        .map_err(|error| {
            let before = &bytes[..error.valid_up_to()];
            NoText::Line(1 + before.iter().filter(|&&byte| byte == b'\n').count())
        })
}
