//! An event's fields as a store may find them: taken into a page only with their checksum, then read,
//! decoded and folded, or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};
use vitae::store::{Checksum, EventHeader, Page, PayloadDigest, ReadError};
use vitae::{CommitId, Context, Event, EventId, Fold, Lifecycle, StreamId};

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed", version = 1)]
pub struct PlacedOnce {
    pub items: Vec<(String, u16)>,
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.placed", version = 2, upcast = PlacedOnce)]
pub struct Placed {
    pub items: Vec<(String, u16)>,
    pub note: Option<String>,
}

impl From<PlacedOnce> for Placed {
    fn from(earlier: PlacedOnce) -> Self {
        Self { items: earlier.items, note: None }
    }
}

#[derive(Event, Serialize, Deserialize)]
#[event(name = "order.paid")]
pub struct Paid {
    pub cents: u64,
}

#[derive(Lifecycle, Clone)]
#[lifecycle(name = "order")]
pub enum Order {
    #[state(initial)]
    #[on(Placed => Open)]
    Draft,
    #[on(Placed => Open, Paid => Done)]
    Open(Open),
    #[state(terminal)]
    Done,
}

#[derive(Clone)]
pub struct Open {
    pub items: usize,
}

impl OrderTransitions for Order {
    fn draft_on_placed(_: Draft, event: &Placed, _: &Context) -> Open {
        Open { items: event.items.len() }
    }

    fn open_on_placed(_: Open, event: &Placed, _: &Context) -> Open {
        Open { items: event.items.len() }
    }
}

/// Names as they are, or what stands in their place.
type Names<'a> = (&'a str, &'a str, &'a str);
type Bytes<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fuzz_target!(|input: (u8, [u32; 3], Names<'_>, Bytes<'_>)| {
    let (choice, [position, version, kind_version], names, (tags, metadata, payload)) = input;
    // Half of them with the names that are known here.
    let (category, stream, kind) = match choice % 4 {
        0 => names,
        1 => ("order", "7", "order.paid"),
        _ => ("order", "7", "order.placed"),
    };
    let commit = CommitId::from_bytes([choice; 16]);
    let header = EventHeader {
        position: position.into(),
        category,
        stream,
        version: version.into(),
        kind,
        kind_version,
        id: EventId { commit, index: 0 },
        occurred_at: version.into(),
        recorded_at: i64::MIN,
        correlation: commit.as_bytes(),
        causation: None,
        tags,
        metadata,
    };
    let sum = header.checksum(PayloadDigest::of(payload));
    let mut page = Page::new();
    let refused = page.push(&header, Ok(payload), Checksum(sum.0 ^ 1));
    assert!(matches!(refused, Err(ReadError::Damaged(_))) && page.is_empty());
    if page.push(&header, Ok(payload), sum).is_err() {
        assert!(position == 0 || version == 0 || kind_version == 0);
        return;
    }
    read(&page, payload);
    let mut kept = Page::new();
    page.iter().for_each(|event| kept.keep(&event));
    read(&kept, payload);
});

fn read(page: &Page, payload: &[u8]) {
    let Some(event) = page.iter().next() else { panic!("the event is not there") };
    assert_eq!(event.payload(), Ok(payload));
    let _ = (event.tags().count(), event.metadata().count());
    let _ = (event.decode::<Placed>().is_ok(), event.decode::<Paid>().is_ok());
    if let Ok(stream) = StreamId::new(event.category(), event.stream()) {
        let mut fold = Fold::<Order>::new(stream);
        // The first succeeds only as the first event of an order; then the version is not next.
        let first = fold.push(&event).is_ok();
        assert!(fold.push(&event).is_err() && fold.version().is_some() == first);
    }
}
