//! Reads: pages, listings and the walk over everything.
//!
//! Owns what a read finds and in which order. Never changes the state.

use std::ops::Bound;

use super::state::{Row, State, Stored};
use crate::name::{Name, StreamId};
use crate::number::{GlobalPosition, StreamVersion};
use crate::store::{
    Damage, Direction, Page, Query, Read, ReadError, RegisteredSchema, Selection, ViewRow,
};

impl State {
    pub(super) fn read(&self, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        match &read.selection {
            Selection::Stream { id, from } => {
                let indices = self.stream(id).map_or(&[][..], |stream| &stream.events);
                let from = from.map(StreamVersion::get);
                let events = part(indices, from, read.direction)
                    .iter()
                    .filter_map(|index| self.events.get(*index));
                self.fill(page, read, events)
            }
            Selection::Log { query, from } => {
                let from = from.map(GlobalPosition::get);
                let events = part(&self.events, from, read.direction)
                    .iter()
                    .filter(|event| self.matches(event, query));
                self.fill(page, read, events)
            }
        }
    }

    pub(super) fn matches(&self, stored: &Stored, query: &Query) -> bool {
        let event = &stored.event;
        self.streams.get(event.stream).is_some_and(|stream| {
            let category = stream.id.category().as_str();
            query.matches(category, event.kind.as_str(), event.tags.iter())
        })
    }

    fn fill<'a>(
        &self,
        page: &mut Page,
        read: &Read,
        events: impl DoubleEndedIterator<Item = &'a Stored>,
    ) -> Result<(), ReadError> {
        match read.direction {
            Direction::Forwards => self.fill_in_order(page, read, events),
            Direction::Backwards => self.fill_in_order(page, read, events.rev()),
        }
    }

    fn fill_in_order<'a>(
        &self,
        page: &mut Page,
        read: &Read,
        events: impl Iterator<Item = &'a Stored>,
    ) -> Result<(), ReadError> {
        for event in events {
            if page.is_full(read) {
                page.set_more();
                break;
            }
            self.push(page, event)?;
        }
        Ok(())
    }

    fn push(&self, page: &mut Page, event: &Stored) -> Result<(), ReadError> {
        let Some(stream) = self.streams.get(event.event.stream) else {
            return Err(damaged(event.position, "the event has no stream"));
        };
        let header = event.header(&stream.id);
        page.push(&header, event.event.payload.as_stored(), event.checksum)
    }

    pub(super) fn streams(
        &self,
        category: &Name,
        after: Option<&Name>,
        limit: usize,
    ) -> Vec<StreamId> {
        // No name is empty, so the first bound of a category is the shortest name there is.
        let start = match after {
            Some(after) => Bound::Excluded(StreamId::from_names(category.clone(), after.clone())),
            None => match Name::from_static("\u{1}") {
                Ok(first) => Bound::Included(StreamId::from_names(category.clone(), first)),
                Err(_) => Bound::Unbounded,
            },
        };
        self.stream_numbers
            .range((start, Bound::Unbounded))
            .map(|(id, _)| id)
            .take_while(|id| id.category() == category)
            .take(limit)
            .cloned()
            .collect()
    }

    pub(super) fn schemas(&self) -> Vec<RegisteredSchema> {
        self.schemas
            .iter()
            .map(|((kind, version), schema)| RegisteredSchema {
                kind: kind.clone(),
                version: *version,
                schema: schema.clone(),
            })
            .collect()
    }

    pub(super) fn row(&self, view: &Name, key: &[u8]) -> Option<ViewRow> {
        Some(view_row(key, self.views.get(view)?.get(key)?))
    }

    pub(super) fn rows(
        &self,
        view: &Name,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Vec<ViewRow> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let Some(rows) = self.views.get(view) else {
            return Vec::new();
        };
        rows.range::<[u8], _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, row)| view_row(key, row))
            .collect()
    }

    pub(super) fn verify(&self) -> Result<u64, ReadError> {
        let mut page = Page::new();
        let mut count = 0;
        for event in &self.events {
            page.clear();
            self.push(&mut page, event)?;
            count += 1;
            if event.position.get() != count {
                return Err(damaged(event.position, "a position before it is missing"));
            }
        }
        for stream in &self.streams {
            for (version, index) in (1..).zip(&stream.events) {
                let event = self.events.get(*index);
                if event.is_none_or(|event| event.version.get() != version) {
                    let reason = format!("stream `{}` has no version {version}", stream.id);
                    return Err(ReadError::Damaged(Damage::elsewhere(reason)));
                }
            }
        }
        Ok(count)
    }
}

/// The part of a sequence that is counted from 1 that a read looks at.
fn part<T>(all: &[T], from: Option<u64>, direction: Direction) -> &[T] {
    let Some(from) = from else { return all };
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let part = match direction {
        Direction::Forwards => all.get(from.saturating_sub(1)..),
        Direction::Backwards => all.get(..from.min(all.len())),
    };
    part.unwrap_or_default()
}

fn view_row(key: &[u8], row: &Row) -> ViewRow {
    ViewRow { key: key.to_vec(), version: row.version, value: row.value.clone() }
}

fn damaged(position: GlobalPosition, reason: &str) -> ReadError {
    ReadError::Damaged(Damage::at(position, reason))
}
