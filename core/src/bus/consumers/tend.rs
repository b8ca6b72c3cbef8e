//! How members come to their partitions and keep them.
//!
//! Owns the commits that change leases. Never takes a lease that runs, and never leaves two members
//! with one: each row changes only from the version that was read.

use super::error::is_lost;
use super::group::checkpoint_at;
use super::held::Part;
use super::roster::{self, Lease, Roster};
use super::share::share;
use super::{Consumer, ConsumerError};
use crate::bus::turns::MAX_TRIES;
use crate::id::CommitId;
use crate::store::{AppendError, Checkpoint, CheckpointMove, Commit, EventStore, RowChange};
use crate::time::Timestamp;

impl Consumer {
    /// Renews its leases, gives back what is more than its share, takes what is missing to it, and
    /// moves checkpoints that have fallen behind.
    pub(super) fn tend(&mut self, store: &dyn EventStore) -> Result<(), ConsumerError> {
        let now = self.group.now();
        // Until it has succeeded, it is due.
        self.tended = None;
        for _ in 0..MAX_TRIES {
            let roster = Roster::read(store, &self.group.name)?;
            self.adopt(store, &roster)?;
            let passed = self.passed_over(store)?;
            let mut commit = Commit::new(CommitId::generate());
            commit.rows = self.rows(&roster, now);
            for (partition, to) in &passed {
                commit.checkpoints.push(self.moved(*partition, to.clone())?);
            }
            match store.commit(commit) {
                Ok(_) => {
                    for (partition, to) in passed {
                        if let Some(part) = self.held.parts.get_mut(&partition) {
                            part.moved_to(Some(to));
                        }
                    }
                    self.adopt(store, &Roster::read(store, &self.group.name)?)?;
                    self.held.give_again();
                    self.tended = Some(now);
                    break;
                }
                // What it knows of its checkpoints is not so: it reads all of them again.
                Err(AppendError::CheckpointConflict { .. }) => self.held.parts.clear(),
                Err(error) if is_lost(&error) => {}
                Err(error) => return Err(ConsumerError::Append(error)),
            }
        }
        Ok(())
    }

    /// Gives everything back.
    pub(super) fn resign(&self, store: &dyn EventStore) -> Result<(), ConsumerError> {
        let group = &self.group.name;
        for _ in 0..MAX_TRIES {
            let roster = Roster::read(store, group)?;
            let mut commit = Commit::new(CommitId::generate());
            if let Some(row) = roster.members.get(&self.member) {
                commit.rows.push(roster::put_member(group, self.member, Some(row.version), None));
            }
            for (partition, row) in roster.leases {
                if row.value.owner == Some(self.member) {
                    let free = Lease { owner: None, ..row.value };
                    commit.rows.push(roster::put_lease(group, partition, Some(row.version), free));
                }
            }
            if commit.rows.is_empty() {
                break;
            }
            match store.commit(commit) {
                Ok(_) => break,
                Err(error) if is_lost(&error) => {}
                Err(error) => return Err(ConsumerError::Append(error)),
            }
        }
        Ok(())
    }

    /// Makes what it holds the same as what the rows say.
    fn adopt(&mut self, store: &dyn EventStore, roster: &Roster) -> Result<(), ConsumerError> {
        let mine = roster.leases.iter().filter(|(_, row)| row.value.owner == Some(self.member));
        let mut former = std::mem::take(&mut self.held.parts);
        for (partition, row) in mine {
            let known = former.remove(partition).filter(|part| part.token == row.value.token);
            let part = match known {
                Some(part) => Part { version: row.version, ..part },
                None => {
                    let checkpoint = store.checkpoint(&self.group.checkpoint(*partition)?)?;
                    Part::new(row.value.token, row.version, checkpoint)
                }
            };
            self.held.parts.insert(*partition, part);
        }
        Ok(())
    }

    /// The rows that are to change.
    fn rows(&self, roster: &Roster, now: Timestamp) -> Vec<RowChange> {
        let (group, until) = (&self.group.name, self.group.until(now));
        let me = roster.members.get(&self.member).map(|row| row.version);
        let mut rows = vec![roster::put_member(group, self.member, me, Some(until))];
        let others = roster.members.iter().filter(|(member, _)| **member != self.member);
        let (here, gone): (Vec<_>, Vec<_>) = others.partition(|(_, row)| row.value > now);
        for (member, row) in gone {
            rows.push(roster::put_member(group, *member, Some(row.version), None));
        }
        let members = here.iter().map(|(member, _)| **member).chain([self.member]);
        let share = share(self.group.partitions, members, &self.member);
        for (index, (partition, part)) in self.held.parts.iter().enumerate() {
            let owner = (index < share).then_some(self.member);
            let lease = Lease { owner, until, token: part.token };
            rows.push(roster::put_lease(group, *partition, Some(part.version), lease));
        }
        let missing = share.saturating_sub(self.held.parts.len());
        for partition in self.free(roster, now).take(missing) {
            let row = roster.leases.get(&partition);
            let token = row.map_or(0, |row| row.value.token).saturating_add(1);
            let lease = Lease { owner: Some(self.member), until, token };
            rows.push(roster::put_lease(group, partition, row.map(|row| row.version), lease));
        }
        rows
    }

    /// The partitions that nobody has.
    fn free(&self, roster: &Roster, now: Timestamp) -> impl Iterator<Item = u16> {
        (0..self.group.partitions).filter(move |partition| {
            let lease = roster.leases.get(partition);
            !self.held.parts.contains_key(partition)
                && lease.is_none_or(|row| row.value.owner_at(now).is_none())
        })
    }

    /// Where the checkpoints are to be that have fallen behind for want of events.
    fn passed_over(&self, store: &dyn EventStore) -> Result<Vec<(u16, Checkpoint)>, ConsumerError> {
        let mut passed: Vec<(u16, Checkpoint)> = Vec::new();
        for (partition, part) in &self.held.parts {
            let Some(position) = part.passed_over() else {
                continue;
            };
            // Most of them have come equally far.
            let known = passed.last().filter(|(_, last)| last.position == Some(position));
            let to = match known {
                Some((_, last)) => last.clone(),
                None => checkpoint_at(store, position)?,
            };
            passed.push((*partition, to));
        }
        Ok(passed)
    }

    /// The move of a partition's checkpoint from where it stands.
    pub(super) fn moved(
        &self,
        partition: u16,
        to: Checkpoint,
    ) -> Result<CheckpointMove, ConsumerError> {
        let name = self.group.checkpoint(partition)?;
        let from = self.held.parts.get(&partition).and_then(|part| part.checkpoint.clone());
        Ok(CheckpointMove { name, from, to })
    }
}
