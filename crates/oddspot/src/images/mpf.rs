//! What a JPEG of several pictures says of them (the Multi-Picture Format of CIPA), and what phones put behind a
//! picture that shows nothing new.

/// Where numbers of the index begin, behind a segment's marker and length.
const INDEX: &[u8] = b"MPF\0";
/// The tag of the list of pictures, of 16 bytes each.
const ENTRIES: u16 = 0xb002;
/// The class of previews, in the upper byte of a picture's type.
const PREVIEW: u32 = 0x01;
/// What segments say of an image that goes with another: brightness, depth, or what to cut out.
const AUXILIARY: [&[u8]; 6] = [
    b"http://ns.adobe.com/hdr-gain-map/",
    b"urn:iso:std:iso:ts:21496:-1",
    b"http://ns.apple.com/HDRGainMap/",
    b"http://ns.apple.com/depthData/",
    b"http://ns.apple.com/portraitEffectsMatte/",
    b"http://ns.apple.com/semanticSegmentationMatte/",
];

/// Where the previews begin that the index of a picture names, from where this begins.
pub(super) fn previews(bytes: &[u8]) -> Vec<usize> {
    let Some((at, index)) = index_of(bytes) else {
        return Vec::new();
    };
    // Places are counted from the index's own beginning.
    let from = at + INDEX.len();
    entries(index)
        .unwrap_or_default()
        .into_iter()
        .filter(|(kind, _)| (kind >> 16) & 0xff == PREVIEW)
        .map(|(_, offset)| from + offset)
        .collect()
}

/// An index, and where its segment's body lies.
fn index_of(jpeg: &[u8]) -> Option<(usize, &[u8])> {
    segments(jpeg).find_map(|(at, body)| Some((at, body.strip_prefix(INDEX)?)))
}

/// Whether a JPEG that lies behind another is a gain map or the like of it. A photograph that has one speaks of it as
/// well, and of where it lies.
pub(super) fn is_auxiliary(jpeg: &[u8]) -> bool {
    let says_where =
        index_of(jpeg).is_some_and(|(_, index)| entries(index).is_some_and(|all| all.len() > 1));
    !says_where
        && segments(jpeg).any(|(_, body)| {
            let says = |words: &&[u8]| body.windows(words.len()).any(|part| part == *words);
            AUXILIARY.iter().any(says)
        })
}

/// The bodies of the segments of a JPEG that programs wrote, each with its place, up to its pixels.
fn segments(jpeg: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 2;
    std::iter::from_fn(move || {
        let [0xff, marker @ (0xe0..=0xef | 0xfe | 0xdb | 0xc4)] = *jpeg.get(at..at + 2)? else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes(*jpeg.get(at + 2..)?.first_chunk()?));
        let body = jpeg.get(at + 4..at + 2 + length)?;
        let found = (at + 4, body);
        at += 2 + length;
        Some((marker, found))
    })
    .filter_map(|(marker, found)| matches!(marker, 0xe1 | 0xe2).then_some(found))
}

/// Type and place of each picture in an index.
fn entries(index: &[u8]) -> Option<Vec<(u32, usize)>> {
    let is_little = index.starts_with(b"II*\0");
    let two = |at: usize| {
        let pair = *index.get(at..)?.first_chunk()?;
        Some(match is_little {
            true => u16::from_le_bytes(pair),
            false => u16::from_be_bytes(pair),
        })
    };
    let four = |at: usize| {
        let pair = *index.get(at..)?.first_chunk()?;
        Some(match is_little {
            true => u32::from_le_bytes(pair),
            false => u32::from_be_bytes(pair),
        })
    };
    let directory = four(4)? as usize;
    let tags = 0..usize::from(two(directory)?);
    let tag = tags
        .map(|tag| directory + 2 + 12 * tag)
        .find(|&at| two(at) == Some(ENTRIES))?;
    let (bytes, list) = (four(tag + 4)? as usize, four(tag + 8)? as usize);
    let entry = |at: usize| Some((four(list + at)?, four(list + at + 8)? as usize));
    Some((0..bytes).step_by(16).map_while(entry).collect())
}
