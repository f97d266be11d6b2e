//! Judged images, in memory that does not grow with them: what many of them take goes to a temporary file.

use std::borrow::Cow;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{Judged, MapKind, Protocol, TestImage};
use crate::metrics::Truth;
use oddspot::images::{ImageSize, Mask};
use oddspot::maps::ScoreMap;
use oddspot::terms::Kind;
use oddspot::terms::position::Placement;
use oddspot::verdict::TermMap;
use oddspot::{Error, Result};

/// Bytes of maps and masks that stay in memory.
const IN_MEMORY: usize = 256 << 20;

/// Judged test images in their order.
pub struct JudgedImages {
    /// The model's size: that of masks in the paper's protocol.
    image_size: ImageSize,
    images: Vec<Kept>,
    words: Words,
}

/// What is kept of an image beside its maps and its masks.
struct Kept {
    image: TestImage,
    size: ImageSize,
    placement: Option<Placement>,
    /// Of its terms.
    kinds: Vec<&'static Kind>,
    /// Of its maps.
    map: ImageSize,
    /// Of its mask.
    mask: Option<ImageSize>,
    /// Runs of the mask, at its own size and at the model's.
    runs: [usize; 2],
}

impl Kept {
    /// Words of a map.
    fn of_map(&self) -> usize {
        self.map.width * self.map.height
    }

    /// Words of all maps: the sum of the terms, if there are any, and each of them.
    fn of_maps(&self) -> usize {
        match self.kinds.len() {
            0 => 0,
            terms => (1 + terms) * self.of_map(),
        }
    }
}

impl JudgedImages {
    /// None yet, by a model of a size.
    pub fn new(image_size: ImageSize) -> Self {
        Self::within(image_size, IN_MEMORY)
    }

    fn within(image_size: ImageSize, bytes: usize) -> Self {
        Self {
            image_size,
            images: Vec::new(),
            words: Words {
                left: bytes / size_of::<u32>(),
                memory: Vec::new(),
                file: None,
                end: 0,
                folder: std::env::temp_dir(),
            },
        }
    }

    /// Puts one away.
    ///
    /// # Errors
    /// The temporary file cannot be made or written.
    pub fn push(&mut self, judged: Judged) -> Result<()> {
        let total = judged.map(MapKind::Total);
        let map = (total.as_ref()).map_or(ImageSize::square(0), |map| ImageSize {
            width: map.width,
            height: map.height,
        });
        let mut words = Vec::new();
        let terms = judged.terms.iter().map(|term| &term.map);
        for map in total.as_deref().into_iter().chain(terms) {
            words.extend(map.values.iter().map(|value| value.to_bits()));
        }
        let runs = judged.mask.as_ref().map_or([0, 0], |mask| {
            let shrunk = mask.shrink(self.image_size);
            [mask, &shrunk].map(|mask| {
                let truth = Truth::of(&mask.anomalous, mask.height, mask.width);
                let runs = truth.runs().iter();
                words.extend(runs.flat_map(|run| [run.row, run.start, run.end]));
                truth.runs().len()
            })
        });
        self.words.push(words)?;
        self.images.push(Kept {
            image: TestImage::of(&judged),
            size: judged.size,
            placement: judged.placement,
            kinds: judged.terms.iter().map(|term| term.kind).collect(),
            map,
            mask: (judged.mask.as_ref()).map(|mask| ImageSize {
                width: mask.width,
                height: mask.height,
            }),
            runs,
        });
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.images.len()
    }

    /// What is told of an image.
    pub fn image(&self, at: usize) -> &TestImage {
        &self.images[at].image
    }

    /// What is told of all of them.
    pub fn images(&self) -> impl Iterator<Item = &TestImage> {
        self.images.iter().map(|kept| &kept.image)
    }

    /// Whether an image has a mask.
    pub fn has_mask(&self, at: usize) -> bool {
        self.images[at].mask.is_some()
    }

    /// The whole of an image.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn get(&self, at: usize) -> Result<Judged> {
        let kept = &self.images[at];
        let term = |(number, kind): (usize, &&'static Kind)| {
            Ok(TermMap {
                kind,
                map: self.map_number(at, 1 + number)?,
            })
        };
        let mask = match kept.mask {
            None => None,
            Some(ImageSize { width, height }) => {
                let mut anomalous = vec![false; width * height];
                for run in self.truth(at, Protocol::Official)?.runs() {
                    let row = run.row as usize * width;
                    anomalous[row + run.start as usize..row + run.end as usize].fill(true);
                }
                Some(Mask {
                    height,
                    width,
                    anomalous,
                })
            }
        };
        let TestImage {
            name,
            label,
            score,
            verdict,
            shares,
            ..
        } = kept.image.clone();
        Ok(Judged {
            name,
            label,
            size: kept.size,
            mask,
            terms: (kept.kinds.iter().enumerate())
                .map(term)
                .collect::<Result<_>>()?,
            score,
            verdict,
            shares,
            placement: kept.placement.clone(),
        })
    }

    /// One of the maps of an image; None of a term that the model lacks.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn map(&self, at: usize, kind: MapKind) -> Result<Option<ScoreMap>> {
        let kinds = &self.images[at].kinds;
        let number = match kind {
            MapKind::Total => (!kinds.is_empty()).then_some(0),
            MapKind::Term(kind) => {
                let place = kinds.iter().position(|other| other.name == kind.name);
                place.map(|place| 1 + place)
            }
        };
        number.map(|number| self.map_number(at, number)).transpose()
    }

    fn map_number(&self, at: usize, number: usize) -> Result<ScoreMap> {
        let kept = &self.images[at];
        let words = self.words.read(at, number * kept.of_map(), kept.of_map())?;
        Ok(ScoreMap {
            height: kept.map.height,
            width: kept.map.width,
            values: words.iter().map(|&bits| f32::from_bits(bits)).collect(),
        })
    }

    /// The size at which a protocol measures an image.
    pub fn size(&self, at: usize, protocol: Protocol) -> ImageSize {
        let kept = &self.images[at];
        match protocol {
            Protocol::Paper => self.image_size,
            Protocol::Official => kept.mask.unwrap_or(kept.size),
        }
    }

    /// How many runs of anomalous pixels a protocol leaves of the mask of an image.
    pub fn runs(&self, at: usize, protocol: Protocol) -> usize {
        self.images[at].runs[place(protocol)]
    }

    /// Which pixels are anomalous at a protocol's size.
    ///
    /// # Errors
    /// The temporary file cannot be read.
    pub fn truth(&self, at: usize, protocol: Protocol) -> Result<Truth> {
        let kept = &self.images[at];
        let ImageSize { width, height } = self.size(at, protocol);
        let before = match protocol {
            Protocol::Official => 0,
            Protocol::Paper => 3 * self.runs(at, Protocol::Official),
        };
        let words = 3 * self.runs(at, protocol);
        let words = self.words.read(at, kept.of_maps() + before, words)?;
        Ok(Truth::of_runs(words.as_chunks::<3>().0, height, width))
    }
}

/// Where a protocol's runs stand.
fn place(protocol: Protocol) -> usize {
    match protocol {
        Protocol::Official => 0,
        Protocol::Paper => 1,
    }
}

/// Numbers of each image, in memory while they fit.
struct Words {
    /// That may still be kept in memory.
    left: usize,
    memory: Vec<Place>,
    file: Option<Mutex<File>>,
    /// Where the file ends, in words.
    end: usize,
    folder: PathBuf,
}

enum Place {
    Memory(Vec<u32>),
    File(usize),
}

impl Words {
    fn push(&mut self, words: Vec<u32>) -> Result<()> {
        if let Some(left) = self.left.checked_sub(words.len()) {
            self.left = left;
            self.memory.push(Place::Memory(words));
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let made = tempfile::tempfile_in(&self.folder);
                let made = made.map_err(Error::io("create a temporary file in", &self.folder))?;
                none.insert(Mutex::new(made))
            }
        };
        let file = file.get_mut().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let written = (file.seek(SeekFrom::End(0))).and_then(|_| file.write_all(&bytes));
        written.map_err(Error::io("write maps to a temporary file in", &self.folder))?;
        self.memory.push(Place::File(self.end));
        self.end += words.len();
        Ok(())
    }

    /// So many of an image's numbers, from one on.
    fn read(&self, image: usize, from: usize, count: usize) -> Result<Cow<'_, [u32]>> {
        let (start, file) = match (&self.memory[image], &self.file) {
            (Place::Memory(words), _) => return Ok(Cow::Borrowed(&words[from..from + count])),
            (Place::File(start), Some(file)) => (start + from, file),
            (Place::File(_), None) => return Ok(Cow::Borrowed(&[])),
        };
        let mut bytes = vec![0; size_of::<u32>() * count];
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start((size_of::<u32>() * start) as u64))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(Error::io(
                "read maps from a temporary file in",
                &self.folder,
            ))?;
        drop(file);
        let words = bytes.as_chunks::<4>().0.iter();
        Ok(words.map(|word| u32::from_le_bytes(*word)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oddspot::datasets::Label;
    use oddspot::terms;
    use oddspot::verdict::{Shares, Verdict};

    fn judged(seed: usize) -> Judged {
        let values = |add: usize| (0..12).map(|i| ((i * 7 + seed + add) % 5) as f32).collect();
        let term = |name, add| TermMap {
            kind: terms::kind(name).unwrap(),
            map: ScoreMap {
                height: 3,
                width: 4,
                values: values(add),
            },
        };
        Judged {
            name: format!("{seed}.png"),
            label: Label::Good,
            size: ImageSize::square(8),
            mask: (seed % 2 == 1).then(|| Mask {
                height: 8,
                width: 8,
                anomalous: (0..64).map(|at| (at * 5 + seed) % 7 < 2).collect(),
            }),
            terms: vec![term("reconstruction", 0), term("position", 3)],
            score: 1.0,
            verdict: Verdict::Good,
            shares: Shares::of(1.0, 0.0),
            placement: None,
        }
    }

    #[test]
    fn images_come_back_from_memory_and_from_the_file() {
        let size = ImageSize {
            width: 4,
            height: 3,
        };
        for bytes in [1 << 20, 400, 0] {
            let mut kept = JudgedImages::within(size, bytes);
            (0..6).for_each(|seed| kept.push(judged(seed)).unwrap());
            assert_eq!(kept.words.file.is_some(), bytes < 1 << 20);
            for seed in (0..6).rev() {
                let (own, back) = (judged(seed), kept.get(seed).unwrap());
                assert_eq!(
                    (back.name, back.mask, back.terms),
                    (own.name, own.mask, own.terms)
                );
                let own = judged(seed);
                for kind in ["total", "position"].map(|name| MapKind::named(name).unwrap()) {
                    assert_eq!(
                        kept.map(seed, kind).unwrap(),
                        own.map(kind).map(Cow::into_owned)
                    );
                }
                let shrunk = own.mask.map(|mask| mask.shrink(size));
                let truth = shrunk.map_or(Truth::good(3, 4), |m| Truth::of(&m.anomalous, 3, 4));
                assert_eq!(kept.truth(seed, Protocol::Paper).unwrap(), truth);
            }
        }
    }
}
