//! Identities of commits and of the events in them.

use std::fmt;

use uuid::Uuid;

use crate::name::Name;

/// The namespace of the ids that commands with a key have. It is for good, as is the form of what is
/// named in it: with another, commands of the past would be carried out again.
const COMMANDS: Uuid = Uuid::from_u128(0x346b_7d25_6a4a_4693_aca8_a08b_855d_b4cc);

/// The identity of a commit: a UUIDv7, or a UUIDv5 for [a command with a key](crate::Decide::key). The
/// same commit tried again keeps its id, so a store can tell a retry from a new commit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(Uuid);

impl CommitId {
    /// A new id, unique without asking anyone.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id of a command: always the same for a life of a lifecycle and a key.
    pub(crate) fn of_command(lifecycle: &str, id: &str, key: &Name) -> Self {
        // No name has a NUL in it: what differs in any part differs as a whole.
        let name = [lifecycle, id, key.as_str()].join("\0");
        Self(Uuid::new_v5(&COMMANDS, name.as_bytes()))
    }

    /// An id from its 16 bytes, of any UUID version.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// The identity of a log: a UUIDv7 that a store gives it when it is created.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId(Uuid);

impl LogId {
    /// A new id, unique without asking anyone.
    #[must_use]
    pub fn generate() -> Self {
        Self(Uuid::now_v7())
    }

    /// An id from its 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

/// The identity of an event: that of its commit, and its place in the commit counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// The commit that holds the event.
    pub commit: CommitId,
    /// The event's place in the commit, counted from 0.
    pub index: u32,
}

/// What ties everything together that came of one cause: the id of the first commit of the chain.
///
/// A commit that was caused by nothing on the log is its own correlation.
pub type CorrelationId = CommitId;

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({self})")
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommitId({self})")
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.commit, self.index)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These are in the logs of others: `uuid5(namespace, "order\07\0request-17")` of any language.
    #[test]
    fn the_id_of_a_command_is_for_good() {
        let key = Name::from_static("request-17").unwrap();
        let id = CommitId::of_command("order", "7", &key);
        assert_eq!(id.to_string(), "2ae7f88a-8d45-5764-9040-4e500072f874");
    }
}
