//! Enumerations of the wire: closed where we send, open where we receive.

use std::fmt;

use serde::{Deserializer, Serializer, de};

use super::Cell;

/// An enumeration whose values are words of the wire.
pub trait Word: Copy + Sized + 'static {
    /// Every value.
    const ALL: &'static [Self];

    /// The word on the wire.
    fn text(self) -> &'static str;

    /// The value whose word this is, in capitals or not.
    #[must_use]
    fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::ALL.iter().copied().find(|word| word.text().eq_ignore_ascii_case(text))
    }
}

/// Writes an enumeration with its words once: `Name = "WORD"`.
macro_rules! words {
    ($(#[$about:meta])* $reach:vis enum $Name:ident { $($(#[$note:meta])* $Value:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(test, derive(proptest_derive::Arbitrary))]
        $reach enum $Name {
            $($(#[$note])* $Value,)+
        }

        impl $crate::wire::Word for $Name {
            const ALL: &'static [Self] = &[$(Self::$Value,)+];

            fn text(self) -> &'static str {
                match self {
                    $(Self::$Value => $text,)+
                }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::wire::Word::text(*self))
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str($crate::wire::Word::text(*self))
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::wire::closed(from)
            }
        }
    };
}
pub(crate) use words;

/// Reads a word that must be one of the known ones.
pub(crate) fn closed<'de, W: Word, D: Deserializer<'de>>(from: D) -> Result<W, D::Error> {
    from.deserialize_str(Reader(std::marker::PhantomData))
}

struct Reader<W>(std::marker::PhantomData<W>);

impl<W: Word> de::Visitor<'_> for Reader<W> {
    type Value = W;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<&str> = W::ALL.iter().map(|word| word.text()).collect();
        write!(f, "one of {}", known.join(", "))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<W, E> {
        W::of(text).ok_or_else(|| E::invalid_value(de::Unexpected::Other("another word"), &self))
    }
}

/// A word that the broker sends: a known one, or whatever else it may come up with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Open<W> {
    /// One of ours.
    Known(W),
    /// Anything else, as it was written; empty where the broker left it out.
    Other(String),
}

impl<W> Default for Open<W> {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl<W> From<W> for Open<W> {
    fn from(word: W) -> Self {
        Self::Known(word)
    }
}

impl<W: Word> Open<W> {
    /// The value, if it is one of ours.
    #[must_use]
    pub fn known(&self) -> Option<W> {
        match self {
            Self::Known(word) => Some(*word),
            Self::Other(_) => None,
        }
    }

    /// The word as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(word) => word.text(),
            Self::Other(text) => text,
        }
    }
}

impl<W: Word> fmt::Display for Open<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<W: Word> Cell for Open<W> {
    const WANTED: &'static str = "a word";

    fn read(text: &str) -> Option<Self> {
        Some(W::of(text).map_or_else(|| Self::Other(text.to_owned()), Self::Known))
    }

    fn text(&self) -> String {
        self.as_str().to_owned()
    }

    fn number<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
