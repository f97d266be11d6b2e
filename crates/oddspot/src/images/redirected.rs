//! A file that begins with other bytes than it has: a TIFF whose first directory is one of its inner ones.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use super::image_file::Seekable;

/// Bytes that are read with the first ones replaced.
pub(super) struct Redirected<'a> {
    begins: Vec<u8>,
    rest: Box<dyn Seekable + 'a>,
    at: u64,
}

impl<'a> Redirected<'a> {
    /// These bytes in the place of as many of the first ones of what is read.
    pub fn new(begins: Vec<u8>, rest: Box<dyn Seekable + 'a>) -> Self {
        Self {
            begins,
            rest,
            at: 0,
        }
    }

    /// The replaced bytes from where it stands.
    fn replaced(&self) -> Option<&[u8]> {
        let at = usize::try_from(self.at).ok()?;
        self.begins.get(at..).filter(|left| !left.is_empty())
    }
}

impl BufRead for Redirected<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.replaced().is_none() {
            return self.rest.fill_buf();
        }
        Ok(self.replaced().unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        let was_replaced = self.replaced().is_some();
        self.at += bytes as u64;
        if !was_replaced {
            self.rest.consume(bytes);
        } else if self.replaced().is_none() {
            // What cannot be sought is told by the next read.
            self.rest.seek(SeekFrom::Start(self.at)).ok();
        }
    }
}

impl Read for Redirected<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl Seek for Redirected<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            // The rest stands elsewhere while the first bytes are read.
            SeekFrom::Current(by) => SeekFrom::Start(self.at.saturating_add_signed(by)),
            other => other,
        };
        self.at = self.rest.seek(to)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_are_others_and_the_rest_is_the_same() {
        let file = io::Cursor::new(b"0123456789".to_vec());
        let mut redirected = Redirected::new(b"abc".to_vec(), Box::new(file));
        let mut all = String::new();
        redirected.read_to_string(&mut all).unwrap();
        assert_eq!(all, "abc3456789");
        for (to, expected) in [
            (SeekFrom::Start(1), "bc34"),
            (SeekFrom::Start(3), "3456"),
            (SeekFrom::Current(-5), "c345"),
            (SeekFrom::End(-4), "6789"),
        ] {
            redirected.seek(to).unwrap();
            let mut four = [0; 4];
            redirected.read_exact(&mut four).unwrap();
            assert_eq!(four, expected.as_bytes());
        }
    }
}
