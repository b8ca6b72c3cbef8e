//! The rows of a group: who its members are, and which of them has which partition until when.
//!
//! Owns the view `vitae.leases`, its keys and its values. Never decides who gets what.
//!
//! Every key begins with the group's name and a NUL, which no name holds. Nothing behind it: the group
//! itself, with its number of partitions in two bytes. Two bytes, the larger first: a partition's lease,
//! with its end in eight bytes, its token in eight, and its owner in sixteen, zeros if there is none.
//! Sixteen bytes: a member, with the end of its time in eight. Values have the smaller bytes first.

use std::collections::BTreeMap;
use std::fmt;

use uuid::Uuid;

use super::ConsumerError;
use crate::name::Name;
use crate::number::RowVersion;
use crate::store::{EventStore, ReadError, RowChange, ViewRow};
use crate::time::Timestamp;

/// The view of all groups' rows.
pub(super) const VIEW: Name = Name::of_library("vitae.leases");

/// More rows than a group has, so that they are read in one piece.
const ALL: usize = 1 << 16;

/// One that shares the entities of a group: an identity of its own for each
/// [`join`](super::ConsumerGroup::join).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(Uuid);

impl MemberId {
    /// A new one, larger than those before it.
    pub(super) fn generate() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemberId({self})")
    }
}

/// Who has a partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    /// Nobody, after it was given back.
    pub(super) owner: Option<MemberId>,
    /// Until when, exclusive.
    pub(super) until: Timestamp,
    /// How often the partition has been taken: who has it has the largest.
    pub(super) token: u64,
}

impl Lease {
    /// Who has the partition at a time; nobody once the lease has run out.
    pub(super) fn owner_at(&self, now: Timestamp) -> Option<MemberId> {
        self.owner.filter(|_| self.until > now)
    }

    fn encode(&self) -> Vec<u8> {
        let owner = self.owner.map_or(Uuid::nil(), |owner| owner.0);
        let until = self.until.as_micros().to_le_bytes();
        [&until[..], &self.token.to_le_bytes(), owner.as_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (until, bytes) = bytes.split_first_chunk()?;
        let (token, bytes) = bytes.split_first_chunk()?;
        let owner = Uuid::from_bytes(<[u8; 16]>::try_from(bytes).ok()?);
        Some(Self {
            owner: Some(MemberId(owner)).filter(|_| !owner.is_nil()),
            until: Timestamp::from_micros(i64::from_le_bytes(*until)),
            token: u64::from_le_bytes(*token),
        })
    }
}

/// A row of the view, as it stands there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<T> {
    pub(super) version: RowVersion,
    pub(super) value: T,
}

impl<T> Row<T> {
    fn of(row: &ViewRow, decode: impl FnOnce(&[u8]) -> Option<T>) -> Result<Self, ConsumerError> {
        let value = decode(&row.value).ok_or(ConsumerError::Row)?;
        Ok(Self { version: row.version, value })
    }
}

/// The leases and members of a group.
#[derive(Default, Debug)]
pub(super) struct Roster {
    pub(super) leases: BTreeMap<u16, Row<Lease>>,
    /// Each with the time until which it counts, exclusive.
    pub(super) members: BTreeMap<MemberId, Row<Timestamp>>,
}

impl Roster {
    pub(super) fn read(store: &dyn EventStore, group: &Name) -> Result<Self, ConsumerError> {
        let prefix = key(group, &[]);
        let mut roster = Self::default();
        for row in store.rows(&VIEW, &prefix, None, ALL)? {
            let behind = row.key.get(prefix.len()..).unwrap_or_default();
            if let Ok(partition) = <[u8; 2]>::try_from(behind) {
                let lease = Row::of(&row, Lease::decode)?;
                roster.leases.insert(u16::from_be_bytes(partition), lease);
            } else if let Ok(member) = <[u8; 16]>::try_from(behind) {
                let until = Row::of(&row, |bytes| {
                    let micros = i64::from_le_bytes(bytes.try_into().ok()?);
                    Some(Timestamp::from_micros(micros))
                })?;
                roster.members.insert(MemberId(Uuid::from_bytes(member)), until);
            }
        }
        Ok(roster)
    }
}

/// The lease of one partition.
pub(super) fn lease(
    store: &dyn EventStore,
    group: &Name,
    partition: u16,
) -> Result<Option<Row<Lease>>, ConsumerError> {
    let row = store.row(&VIEW, &key(group, &partition.to_be_bytes()))?;
    row.map(|row| Row::of(&row, Lease::decode)).transpose()
}

/// All groups, in bytewise order of their names.
pub(super) fn groups(store: &dyn EventStore) -> Result<Vec<Name>, ReadError> {
    let mut groups = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    while let Some(row) = store.rows(&VIEW, &[], after.as_deref(), 1)?.pop() {
        let mut key = row.key;
        if let Some(end) = key.iter().position(|byte| *byte == 0) {
            key.truncate(end);
            groups.extend(str::from_utf8(&key).ok().and_then(|name| Name::new(name).ok()));
            // Past every key of the group, and before those of a longer name.
            key.push(1);
        }
        after = Some(key);
    }
    Ok(groups)
}

/// The number of partitions of a group, `None` if it never started.
pub(super) fn partitions(
    store: &dyn EventStore,
    group: &Name,
) -> Result<Option<u16>, ConsumerError> {
    let row = store.row(&VIEW, &key(group, &[]))?;
    let decode = |bytes: &[u8]| Some(u16::from_le_bytes(bytes.try_into().ok()?));
    Ok(row.map(|row| Row::of(&row, decode)).transpose()?.map(|row| row.value))
}

/// A group that begins.
pub(super) fn put_group(group: &Name, partitions: u16) -> RowChange {
    change(key(group, &[]), None, Some(partitions.to_le_bytes().to_vec()))
}

pub(super) fn put_lease(
    group: &Name,
    partition: u16,
    expected: Option<RowVersion>,
    lease: Lease,
) -> RowChange {
    change(key(group, &partition.to_be_bytes()), expected, Some(lease.encode()))
}

/// A member that counts until a time; without one, it is a member no more.
pub(super) fn put_member(
    group: &Name,
    member: MemberId,
    expected: Option<RowVersion>,
    until: Option<Timestamp>,
) -> RowChange {
    let until = until.map(|until| until.as_micros().to_le_bytes().to_vec());
    change(key(group, member.0.as_bytes()), expected, until)
}

fn key(group: &Name, behind: &[u8]) -> Vec<u8> {
    [group.as_str().as_bytes(), &[0], behind].concat()
}

fn change(key: Vec<u8>, expected: Option<RowVersion>, value: Option<Vec<u8>>) -> RowChange {
    RowChange { view: VIEW, key, expected, value }
}
