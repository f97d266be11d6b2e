//! Which rows of a manifest are a process's own.

use std::str::FromStr;

/// One of several equal shares of the rows, as `--shard 2/5` names it.
///
/// Rows are dealt out in turn, the first to the first shard: no shard has more than one row more than another, which
/// a hash of the names would not keep, and rows that are added at the end leave all others where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    number: usize,
    of: usize,
}

impl Default for Shard {
    fn default() -> Self {
        Self { number: 1, of: 1 }
    }
}

impl Shard {
    /// Whether a row is this shard's own, by its place in the manifest from 0.
    pub fn has(self, row: usize) -> bool {
        row % self.of == self.number - 1
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.trim().parse().ok()?, of.trim().parse().ok()?)));
        match numbers {
            None => Err("write the shard's number and how many there are, such as 1/4".to_owned()),
            Some((_, 0)) => Err("there must be 1 shard at least, such as 1/1".to_owned()),
            Some((0, of)) => Err(format!(
                "shards are counted from 1: the first is 1/{of}; add 1 to an index that begins with 0"
            )),
            Some((number, of)) if number > of => Err(format!(
                "there is no shard {number} of {of}: the last is {of}/{of}"
            )),
            Some((number, of)) => Ok(Self { number, of }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_have_every_row_once_and_equal_shares() {
        for (rows, of) in [(0, 1), (1, 3), (7, 3), (100, 7)] {
            let shards: Vec<Shard> = (1..=of).map(|number| Shard { number, of }).collect();
            let sizes = shards
                .iter()
                .map(|s| (0..rows).filter(|&row| s.has(row)).count());
            let sizes: Vec<usize> = sizes.collect();
            assert_eq!(sizes.iter().sum::<usize>(), rows);
            assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            for row in 0..rows {
                assert_eq!(shards.iter().filter(|s| s.has(row)).count(), 1);
            }
        }
    }

    #[test]
    fn a_shard_out_of_range_is_told_in_a_sentence() {
        let said = |text: &str| text.parse::<Shard>().unwrap_err();
        assert!(said("0/4").contains("counted from 1"));
        assert!(said("5/4").contains("no shard 5 of 4"));
        assert!(said("1/0").contains("1 shard at least"));
        for text in ["", "3", "a/b", "-1/4", "1/2/3", "1.5/2"] {
            assert!(said(text).contains("such as 1/4"), "{text}");
        }
        assert_eq!("2/5".parse(), Ok(Shard { number: 2, of: 5 }));
    }
}
