//! How a value is written: in an option, in a file, in a text.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::images::ImageSize;

/// One of the names that a setting may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As it is written in files and options.
    pub name: &'static str,
    /// What it means, in a sentence without its full stop.
    pub help: &'static str,
}

/// A line of documentation without the space before it and the full stop at its end.
pub(super) const fn sentence(line: &str) -> &str {
    let line = line.trim_ascii();
    match line.as_bytes().split_last() {
        Some((b'.', _)) => line.split_at(line.len() - 1).0,
        _ => line,
    }
}

/// A type that a setting may have.
pub(super) trait Spelling: Sized + Serialize + DeserializeOwned {
    /// What it is made of, as far as that has a range.
    type Number: PartialOrd + Display;

    /// What stands for a value where an option is explained.
    const PLACEHOLDER: &'static str;

    /// The names that it may have; empty where it is no name.
    const CHOICES: &'static [Choice] = &[];

    /// The numbers that a range holds for; none where it has none.
    fn numbers(&self) -> Vec<Self::Number> {
        Vec::new()
    }

    /// As an option has it.
    fn spell(&self) -> String;

    /// What [`Self::spell`] has written.
    ///
    /// # Errors
    /// What is wrong with the text.
    fn read(text: &str) -> Result<Self, String>;

    /// As a file of settings has it.
    fn toml(&self) -> String {
        // Only maps without text for keys have no TOML, and no setting is one.
        toml::Value::try_from(self).map_or_else(|_| self.spell(), |value| value.to_string())
    }
}

macro_rules! number {
    ($($Type:ty, $placeholder:literal, $name:literal;)+) => {$(
        impl Spelling for $Type {
            type Number = Self;
            const PLACEHOLDER: &'static str = $placeholder;

            fn numbers(&self) -> Vec<Self> {
                vec![*self]
            }

            fn spell(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Result<Self, String> {
                (text.trim().parse()).map_err(|_| format!("'{text}' is not a {}", $name))
            }
        }
    )+};
}

number! {
    usize, "N", "whole number of 0 or more";
    u64, "N", "whole number of 0 or more";
    f64, "X", "number";
}

impl<T, const N: usize> Spelling for [T; N]
where
    T: Spelling<Number = T> + PartialOrd + Display + Copy,
    Self: Serialize + DeserializeOwned,
{
    type Number = T;
    const PLACEHOLDER: &'static str = "LIST";

    fn numbers(&self) -> Vec<T> {
        self.to_vec()
    }

    fn spell(&self) -> String {
        let items: Vec<String> = self.iter().map(Spelling::spell).collect();
        items.join(",")
    }

    fn read(text: &str) -> Result<Self, String> {
        let items: Vec<T> = text.split(',').map(T::read).collect::<Result<_, _>>()?;
        Self::try_from(items.as_slice())
            .map_err(|_| format!("'{text}' must be {N} numbers with commas between them"))
    }
}

impl Spelling for String {
    type Number = u8;
    const PLACEHOLDER: &'static str = "TEXT";

    fn spell(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Spelling for ImageSize {
    type Number = usize;
    const PLACEHOLDER: &'static str = "SIDE|WIDTHxHEIGHT";

    fn numbers(&self) -> Vec<usize> {
        vec![self.width, self.height]
    }

    fn spell(&self) -> String {
        match self.width == self.height {
            true => self.width.to_string(),
            false => self.to_string(),
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|e: crate::Error| e.reason().to_owned())
    }

    fn toml(&self) -> String {
        match self.width == self.height {
            true => self.spell(),
            false => format!("\"{}\"", self.spell()),
        }
    }
}
