//! Names that reach a store: categories, stream ids, kinds, tags, views, checkpoints.
//!
//! Owns the one rule for all of them (1 to 512 bytes, no NUL, compared bytewise). Never looks at
//! what a name means.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The longest name in bytes, inclusive.
pub const MAX_NAME_BYTES: usize = 512;

/// What the names of the library's own views, categories and kinds begin with.
pub(crate) const OF_LIBRARY: &str = "vitae.";

/// A name that a store can hold: 1 to 512 bytes of UTF-8 without NUL.
///
/// Categories, stream ids, event kinds, tags, view names and checkpoint names are all of this type.
/// Names are compared and ordered bytewise. Cloning is cheap: the text is shared.
#[derive(Clone)]
pub struct Name(Text);

#[derive(Clone)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// [`InvalidName`] if it is empty, longer than [`MAX_NAME_BYTES`] or holds a NUL.
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidName> {
        let text = text.as_ref();
        InvalidName::check(text)?;
        Ok(Self(Text::Shared(Arc::from(text))))
    }

    /// Checks a name that lives as long as the program, without copying it.
    ///
    /// # Errors
    /// As [`Name::new`].
    pub const fn from_static(text: &'static str) -> Result<Self, InvalidName> {
        match InvalidName::check(text) {
            Ok(()) => Ok(Self(Text::Static(text))),
            Err(error) => Err(error),
        }
    }

    /// A name that the library gives, which is known to be one.
    pub(crate) const fn of_library(text: &'static str) -> Self {
        Self(Text::Static(text))
    }

    /// Whether it is the library's own.
    pub(crate) fn is_of_library(&self) -> bool {
        self.as_str().starts_with(OF_LIBRARY)
    }

    /// The text of the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Static(text) => text,
            Text::Shared(text) => text,
        }
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Why a text cannot be a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// It has no bytes.
    #[error("a name is empty; give it 1 to {MAX_NAME_BYTES} bytes")]
    Empty,
    /// It has more than [`MAX_NAME_BYTES`] bytes.
    #[error("a name has {bytes} bytes; the most is {MAX_NAME_BYTES}")]
    TooLong {
        /// The bytes it has.
        bytes: usize,
    },
    /// It holds a NUL.
    #[error("a name holds a NUL at byte {at}; take it out")]
    Nul {
        /// Where the first one stands, counted in bytes from 0.
        at: usize,
    },
}

impl InvalidName {
    /// Checks a text against the rule, also at compile time.
    ///
    /// # Errors
    /// What is wrong with it.
    pub const fn check(text: &str) -> Result<(), Self> {
        let mut rest = text.as_bytes();
        if rest.is_empty() {
            return Err(Self::Empty);
        }
        if rest.len() > MAX_NAME_BYTES {
            return Err(Self::TooLong { bytes: rest.len() });
        }
        let mut at = 0;
        while let Some((first, tail)) = rest.split_first() {
            if *first == 0 {
                return Err(Self::Nul { at });
            }
            at += 1;
            rest = tail;
        }
        Ok(())
    }
}

/// The identity of a stream: its category and its id within the category.
///
/// The bus sets the category to the lifecycle's name, so that `workflow` / `fix-tests-42` is one life.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StreamId {
    category: Name,
    id: Name,
}

impl StreamId {
    /// Checks both names.
    ///
    /// # Errors
    /// [`InvalidName`] if one of them breaks the rule for names.
    pub fn new(category: impl AsRef<str>, id: impl AsRef<str>) -> Result<Self, InvalidName> {
        Ok(Self::from_names(Name::new(category)?, Name::new(id)?))
    }

    /// A stream's identity from names that were checked before.
    #[must_use]
    pub const fn from_names(category: Name, id: Name) -> Self {
        Self { category, id }
    }

    /// The category alone.
    pub(crate) fn into_category(self) -> Name {
        self.category
    }

    /// The category: for a lifecycle's stream, the lifecycle's name.
    #[must_use]
    pub const fn category(&self) -> &Name {
        &self.category
    }

    /// The id within the category.
    #[must_use]
    pub const fn id(&self) -> &Name {
        &self.id
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_1_to_512_bytes_and_no_nul() {
        assert_eq!(Name::new(""), Err(InvalidName::Empty));
        assert_eq!(Name::new("é".repeat(257)), Err(InvalidName::TooLong { bytes: 514 }));
        assert_eq!(Name::new("ab\0c"), Err(InvalidName::Nul { at: 2 }));
        assert_eq!(Name::new("é".repeat(256)).unwrap().as_str().len(), 512);
    }

    #[test]
    fn static_and_shared_names_are_equal() {
        assert_eq!(Name::from_static("a").unwrap(), Name::new("a").unwrap());
    }
}
