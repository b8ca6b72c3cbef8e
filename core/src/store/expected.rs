//! What is expected of a stream that is appended to.

use std::fmt;

use crate::number::StreamVersion;

/// What an append expects of its stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExpectedVersion {
    /// Nothing.
    Any,
    /// That it does not exist.
    NoStream,
    /// That it exists, at whatever version.
    StreamExists,
    /// That its last event has this version.
    Exact(StreamVersion),
}

impl ExpectedVersion {
    /// The expectation of someone who read the stream up to a version, `None` if there was none.
    #[must_use]
    pub const fn read_at(version: Option<StreamVersion>) -> Self {
        match version {
            Some(version) => Self::Exact(version),
            None => Self::NoStream,
        }
    }

    /// Whether a stream at this version (`None`: it does not exist) is as expected.
    #[must_use]
    pub fn accepts(self, actual: Option<StreamVersion>) -> bool {
        match self {
            Self::Any => true,
            Self::NoStream => actual.is_none(),
            Self::StreamExists => actual.is_some(),
            Self::Exact(version) => actual == Some(version),
        }
    }
}

impl fmt::Display for ExpectedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any version"),
            Self::NoStream => f.write_str("no stream"),
            Self::StreamExists => f.write_str("an existing stream"),
            Self::Exact(version) => write!(f, "version {version}"),
        }
    }
}
