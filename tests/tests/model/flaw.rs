//! What is wrong with a commit on purpose.
//!
//! Owns how a commit is spoilt. Never looks at a log.

use proptest::sample::select;
use proptest::strategy::Strategy;
use vitae::GlobalPosition;
use vitae::store::{Commit, MAX_TAGS, NameList, NewEvent};

use crate::world::limits;

/// What every store must refuse before it looks at its log, or as soon as it does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flaw {
    RepeatedStream,
    RepeatedCheckpoint,
    RepeatedRow,
    RepeatedSnapshot,
    StrayEvent,
    NoSchema,
    OtherShape,
    LargePayload,
    LargeCursor,
    TooManyEvents,
    TooManyTags,
    TooManyErasures,
}

pub(crate) fn flaws() -> impl Strategy<Value = Flaw> {
    select(vec![
        Flaw::RepeatedStream,
        Flaw::RepeatedCheckpoint,
        Flaw::RepeatedRow,
        Flaw::RepeatedSnapshot,
        Flaw::StrayEvent,
        Flaw::NoSchema,
        Flaw::OtherShape,
        Flaw::LargePayload,
        Flaw::LargeCursor,
        Flaw::TooManyEvents,
        Flaw::TooManyTags,
        Flaw::TooManyErasures,
    ])
}

impl Flaw {
    pub(crate) fn spoil(self, commit: &mut Commit) {
        let limits = limits();
        match self {
            Self::RepeatedStream => commit.streams.extend(commit.streams.first().cloned()),
            Self::RepeatedCheckpoint => {
                commit.checkpoints.extend(commit.checkpoints.first().cloned())
            }
            Self::RepeatedRow => commit.rows.extend(commit.rows.first().cloned()),
            Self::RepeatedSnapshot => commit.snapshots.extend(commit.snapshots.first().cloned()),
            Self::NoSchema => drop(commit.schemas.pop()),
            Self::OtherShape => {
                commit.schemas.iter_mut().for_each(|schema| schema.schema = "\"bool\"".into());
            }
            Self::LargeCursor => commit
                .checkpoints
                .iter_mut()
                .for_each(|moved| moved.to.cursor = vec![0; limits.max_cursor_bytes + 1]),
            Self::TooManyErasures => {
                let many = (1..).take(limits.max_events + 1).map(GlobalPosition::new);
                commit.erasures = many.map(Option::unwrap).collect();
            }
            Self::TooManyEvents => {
                let more = commit.events.first().cloned();
                commit.events.extend(more.into_iter().cycle().take(limits.max_events));
            }
            Self::StrayEvent | Self::LargePayload | Self::TooManyTags => {
                commit.events.last_mut().into_iter().for_each(|event| self.spoil_event(event));
            }
        }
    }

    fn spoil_event(self, event: &mut NewEvent) {
        match self {
            Self::StrayEvent => event.stream = 99,
            Self::LargePayload => event.payload = vec![0; limits().max_payload_bytes + 1].into(),
            _ => {
                let many = (0..=MAX_TAGS).map(|number| number.to_string()).collect::<Vec<_>>();
                event.tags = NameList::try_from(many).unwrap();
            }
        }
    }
}
