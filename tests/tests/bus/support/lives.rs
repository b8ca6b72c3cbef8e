//! Two lifecycles: one that keeps everything it may know, one that counts.

use serde::{Deserialize, Serialize};
use vitae::{
    Bus, CommitId, Context, Event, EventId, Lifecycle, Refusal, StreamId, StreamVersion, Timestamp,
};

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[event(name = "note.write")]
pub struct Wrote {
    pub text: String,
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "note.seal")]
pub struct Sealed;

/// What a body was told of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub text: String,
    pub stream: StreamId,
    pub version: StreamVersion,
    pub event_id: EventId,
    pub correlation: CommitId,
    pub causation: Option<EventId>,
    pub occurred_at: Timestamp,
}

impl Line {
    fn of(text: &str, context: &Context) -> Self {
        Self {
            text: text.to_owned(),
            stream: context.stream().clone(),
            version: context.version(),
            event_id: context.event_id(),
            correlation: context.correlation(),
            causation: context.causation(),
            occurred_at: context.occurred_at(),
        }
    }
}

#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "note")]
pub enum Note {
    #[state(initial)]
    #[on(Wrote => Open)]
    Blank,

    #[on(Wrote if Open::is_polite => Open)]
    #[on(Sealed => Closed)]
    Open(Open),

    #[state(terminal)]
    Closed(Closed),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    pub lines: Vec<Line>,
}

impl Open {
    fn is_polite(&self, event: &Wrote, _: &Context) -> Result<(), Refusal> {
        match event.text.as_str() {
            "rude" => Err(Refusal::new("a note says nothing rude")),
            _ => Ok(()),
        }
    }
}

impl NoteTransitions for Note {
    fn blank_on_wrote(_: Blank, event: &Wrote, context: &Context) -> Open {
        Open { lines: vec![Line::of(&event.text, context)] }
    }

    fn open_on_wrote(mut from: Open, event: &Wrote, context: &Context) -> Open {
        from.lines.push(Line::of(&event.text, context));
        from
    }

    fn open_on_sealed(mut from: Open, _: &Sealed, context: &Context) -> Closed {
        from.lines.push(Line::of("sealed", context));
        Closed { lines: from.lines }
    }
}

impl Note {
    pub(crate) fn lines(&self) -> &[Line] {
        match self {
            Self::Blank => &[],
            Self::Open(Open { lines }) | Self::Closed(Closed { lines }) => lines,
        }
    }

    pub(crate) fn texts(&self) -> Vec<&str> {
        self.lines().iter().map(|line| line.text.as_str()).collect()
    }
}

#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "count.add")]
pub struct Added {
    pub by: u64,
}

/// The end of every other life.
#[derive(Event, Serialize, Deserialize, Clone, Debug)]
#[event(name = "life.end")]
pub struct Ended;

#[derive(Lifecycle, Clone, Debug, PartialEq)]
#[lifecycle(name = "count")]
pub enum Count {
    #[state(initial)]
    #[on(Added => Counting, Ended => Counted)]
    Counting(Counting),

    #[state(terminal)]
    Counted,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counting {
    pub value: u64,
}

impl CountTransitions for Count {
    fn counting_on_added(from: Counting, event: &Added, _: &Context) -> Counting {
        Counting { value: from.value.saturating_add(event.by) }
    }
}

impl Count {
    pub(crate) fn value(&self) -> u64 {
        match self {
            Self::Counting(Counting { value }) => *value,
            Self::Counted => 0,
        }
    }
}

pub(crate) fn wrote(text: impl Into<String>) -> Wrote {
    Wrote { text: text.into() }
}

/// Records in a note and commits.
pub(crate) fn write(bus: &Bus, id: &str, text: &str) {
    let note = bus.load::<Note>(id).unwrap();
    bus.commit(note.record(wrote(text)).unwrap()).unwrap();
}

/// Records in a count and commits.
pub(crate) fn add(bus: &Bus, id: &str, by: u64) {
    let count = bus.load::<Count>(id).unwrap();
    bus.commit(count.record(Added { by }).unwrap()).unwrap();
}

pub(crate) fn note(bus: &Bus, id: &str) -> Note {
    bus.load::<Note>(id).unwrap().state().clone()
}

pub(crate) fn count(bus: &Bus, id: &str) -> u64 {
    bus.load::<Count>(id).unwrap().state().value()
}
