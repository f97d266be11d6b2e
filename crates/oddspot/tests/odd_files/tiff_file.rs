//! TIFF files of any layout, byte by byte: to read what no encoder at hand writes.

/// A page: its tags, and its strips or tiles.
#[derive(Clone)]
pub struct Page {
    pub tags: Vec<(u16, Vec<u32>)>,
    pub chunks: Vec<Vec<u8>>,
    pub tiled: bool,
}

/// How the numbers of a file are written.
#[derive(Clone, Copy, Default)]
pub struct Spelling {
    /// BigTIFF, with numbers of 64 bits.
    pub big: bool,
    /// The highest byte first.
    pub motorola: bool,
}

impl Spelling {
    pub fn bytes(self, value: u64, length: usize) -> Vec<u8> {
        match self.motorola {
            true => value.to_be_bytes()[8 - length..].to_vec(),
            false => value.to_le_bytes()[..length].to_vec(),
        }
    }

    /// Samples of 16 bits.
    pub fn samples(self, samples: &[u16]) -> Vec<u8> {
        let two = samples.iter().map(|&sample| self.bytes(sample.into(), 2));
        two.flatten().collect()
    }
}

pub const WIDTH: u16 = 256;
pub const HEIGHT: u16 = 257;
pub const BITS: u16 = 258;
pub const COMPRESSION: u16 = 259;
pub const COLOURS: u16 = 262;
pub const CHANNELS: u16 = 277;
pub const ROWS_OF_STRIP: u16 = 278;
pub const MOST: u16 = 281;
pub const PLANAR: u16 = 284;
pub const SUBFILE: u16 = 254;
pub const SUB_DIRECTORY: u16 = 330;
pub const BEHIND: u16 = 338;
pub const DESCRIPTION: u16 = 270;
pub const TILE_WIDTH: u16 = 322;
pub const TILE_HEIGHT: u16 = 323;

impl Page {
    /// A page of one strip: grey of one channel, colours of three.
    pub fn new((width, height): (u32, u32), channels: u32, bits: u32, strip: Vec<u8>) -> Self {
        let tags = vec![
            (WIDTH, vec![width]),
            (HEIGHT, vec![height]),
            (BITS, vec![bits; channels as usize]),
            (COMPRESSION, vec![1]),
            (COLOURS, vec![if channels == 1 { 1 } else { 2 }]),
            (CHANNELS, vec![channels]),
            (ROWS_OF_STRIP, vec![height]),
        ];
        Self {
            tags,
            chunks: vec![strip],
            tiled: false,
        }
    }

    pub fn with(mut self, tag: u16, value: u32) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        self.tags.push((tag, vec![value]));
        self
    }

    pub fn without(mut self, tag: u16) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        self
    }
}

/// The bytes of a file.
pub fn tiff(pages: &[Page], spelling: Spelling) -> Vec<u8> {
    let number = |value, length| spelling.bytes(value, length);
    // Of an offset, and of the number of values in an entry.
    let wide = if spelling.big { 8 } else { 4 };
    let mut file = if spelling.motorola { b"MM" } else { b"II" }.to_vec();
    match spelling.big {
        true => file.extend([number(43, 2), number(8, 2), number(0, 2), number(0, 8)].concat()),
        false => file.extend([number(42, 2), number(0, 4)].concat()),
    }
    let mut next = file.len() - wide;
    for page in pages {
        let mut tags = page.tags.clone();
        let offsets: Vec<u32> = (page.chunks.iter())
            .map(|chunk| {
                let at = file.len() as u32;
                file.extend(chunk);
                at
            })
            .collect();
        let lengths = page.chunks.iter().map(|chunk| chunk.len() as u32).collect();
        let (of_offsets, of_lengths) = if page.tiled { (324, 325) } else { (273, 279) };
        tags.extend([(of_offsets, offsets), (of_lengths, lengths)]);
        tags.sort();
        let mut entries = Vec::new();
        for (tag, values) in &tags {
            // The decoder takes this one as short numbers alone.
            let (kind, length) = if *tag == BEHIND { (3, 2) } else { (4, 4) };
            let value = values.iter().flat_map(|&v| number(v.into(), length));
            let value: Vec<u8> = value.collect();
            let mut place = value.clone();
            if value.len() > wide {
                place = number(file.len() as u64, wide);
                file.extend(value);
            }
            place.resize(wide, 0);
            let count = number(values.len() as u64, wide);
            entries.extend([number((*tag).into(), 2), number(kind, 2), count, place].concat());
        }
        let directory = number(file.len() as u64, wide);
        file[next..next + wide].copy_from_slice(&directory);
        let count = number(tags.len() as u64, if spelling.big { 8 } else { 2 });
        file.extend([count, entries].concat());
        next = file.len();
        file.extend(vec![0; wide]);
    }
    file
}

/// The bytes of a file of two pages of which the second lies within the first.
pub fn within(outer: Page, inner: Page) -> Vec<u8> {
    let number =
        |file: &[u8], at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let mut file = tiff(&[outer.with(SUB_DIRECTORY, 0), inner], Spelling::default());
    let first = number(&file, 4);
    let tags = usize::from(file[first]);
    let next = first + 2 + 12 * tags;
    let second = number(&file, next) as u32;
    file[next..next + 4].fill(0);
    let tag = (0..tags)
        .map(|tag| first + 2 + 12 * tag)
        .find(|&at| file[at..at + 2] == SUB_DIRECTORY.to_le_bytes())
        .unwrap();
    file[tag + 8..tag + 12].copy_from_slice(&second.to_le_bytes());
    file
}

/// Samples of so many bits, packed one behind the other; each row begins at a byte.
pub fn packed(samples: &[u16], samples_of_row: usize, bits: usize) -> Vec<u8> {
    let row = |row: &[u16]| -> Vec<u8> {
        let text: String = row.iter().map(|s| format!("{s:0bits$b}")).collect();
        let text = format!("{text:0<width$}", width = text.len().div_ceil(8) * 8);
        let byte = |at| u8::from_str_radix(&text[at..at + 8], 2).unwrap();
        (0..text.len()).step_by(8).map(byte).collect()
    };
    samples.chunks(samples_of_row).flat_map(row).collect()
}
