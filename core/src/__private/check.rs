//! What the derives check once every constant is known. A failure is a compile error, so each says
//! in one text what is wrong and what to write.

#![expect(clippy::panic, reason = "a panic while constants are evaluated is a compile error")]

use crate::event::{Event, Predecessor};
use crate::lifecycle::Definition;

/// For each event of the table the one before it with its stored name. Events are compared within
/// buckets of a hash table, so that what it takes grows with the events and not with their pairs.
#[expect(clippy::indexing_slicing, reason = "in a constant, where it is rustc's error")]
pub const fn same_kinds<const EVENTS: usize>(table: &Definition) -> [Option<usize>; EVENTS] {
    let mut same_kinds = [None; EVENTS];
    // The newest event of each bucket, and the one before each event in its bucket.
    let (mut newest, mut before) = ([None::<usize>; EVENTS], [None; EVENTS]);
    let mut index = 0;
    while index < EVENTS {
        let kind = table.events[index].kind;
        let bucket = hash(kind) % EVENTS;
        let mut other = newest[bucket];
        while let Some(event) = other {
            if same(table.events[event].kind, kind) {
                same_kinds[index] = other;
                break;
            }
            other = before[event];
        }
        before[index] = newest[bucket];
        newest[bucket] = Some(index);
        index += 1;
    }
    same_kinds
}

/// No event of the table before this one has its stored name.
#[track_caller]
#[expect(clippy::indexing_slicing, reason = "in a constant, where it is rustc's error")]
pub const fn distinct_kind(table: &Definition, same_kinds: &[Option<usize>], index: usize) {
    let Some(before) = same_kinds[index] else {
        return;
    };
    let (other, event) = (&table.events[before], &table.events[index]);
    let text = Text::new()
        .push("`")
        .push(other.name)
        .push("` and `")
        .push(event.name)
        .push("` are both stored as `")
        .push(event.kind)
        .push(
            "`, so neither could be told from the other when it is read back; give one of them \
               another name, or, if one is an earlier version of the other, name only the newest \
               in the lifecycle",
        );
    panic!("{}", text.as_str());
}

/// In the manner of FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>).
const fn hash(text: &str) -> usize {
    let (mut hash, mut rest) = (0x811c_9dc5_usize, text.as_bytes());
    while let [byte, bytes @ ..] = rest {
        // `From` is not for constants; nothing is lost.
        hash = (hash ^ *byte as usize).wrapping_mul(0x0100_0193);
        rest = bytes;
    }
    hash
}

/// The predecessor of an event has its stored name, and the version before its own.
#[track_caller]
pub const fn upcast_chain<E: Event>() {
    let version = <E as Event>::VERSION;
    let earlier = <E::Predecessor as Predecessor>::PREDECESSOR_VERSION;
    let Some(kind) = <E::Predecessor as Predecessor>::PREDECESSOR_KIND else {
        panic!("an event of version 2 or more needs the version before it: `upcast = …`");
    };
    if !same(kind, E::KIND) {
        let text = Text::new()
            .push("`upcast` names an event that is stored as `")
            .push(kind)
            .push("`, but this one is stored as `")
            .push(E::KIND)
            .push("`; all versions of an event have one name");
        panic!("{}", text.as_str());
    }
    if earlier.saturating_add(1) != version {
        let text = Text::new()
            .push("`upcast` names version ")
            .push_number(earlier)
            .push(" of `")
            .push(kind)
            .push("`, but this is version ")
            .push_number(version)
            .push("; name the version just before it, so that the chain has no gap");
        panic!("{}", text.as_str());
    }
}

const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([first, rest @ ..], [other, others @ ..]) = (a, b) {
        if *first != *other {
            return false;
        }
        (a, b) = (rest, others);
    }
    a.is_empty() && b.is_empty()
}

/// A text put together while constants are evaluated. What does not fit is cut off.
struct Text {
    bytes: [u8; Self::ROOM],
    length: usize,
}

impl Text {
    const ROOM: usize = 2048;

    const fn new() -> Self {
        Self { bytes: [0; Self::ROOM], length: 0 }
    }

    const fn push(mut self, text: &str) -> Self {
        let mut rest = text.as_bytes();
        while let [byte, bytes @ ..] = rest {
            self = self.push_byte(*byte);
            rest = bytes;
        }
        self
    }

    const fn push_number(mut self, number: u32) -> Self {
        if number >= 10 {
            self = self.push_number(number / 10);
        }
        // A digit: it fits into a byte.
        let [digit, ..] = (number % 10).to_le_bytes();
        self.push_byte(b'0' + digit)
    }

    const fn push_byte(mut self, byte: u8) -> Self {
        if let Some((_, [free, ..])) = self.bytes.split_at_mut_checked(self.length) {
            *free = byte;
            self.length += 1;
        }
        self
    }

    const fn as_str(&self) -> &str {
        let written = match self.bytes.split_at_checked(self.length) {
            Some((written, _)) => written,
            None => &[],
        };
        match str::from_utf8(written) {
            Ok(text) => text,
            Err(_) => "a stored name is too long to be shown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifecycle::EventDefinition;

    #[test]
    fn a_text_is_put_together() {
        let text = Text::new().push("version ").push_number(4_294_967_295).push(".");
        assert_eq!(text.as_str(), "version 4294967295.");
        assert_eq!(Text::new().push_number(0).as_str(), "0");
        assert_eq!(Text::new().push(&"x".repeat(5000)).as_str().len(), Text::ROOM);
    }

    #[test]
    fn of_many_events_those_of_one_name_are_found() {
        const fn named(kind: &'static str) -> EventDefinition {
            EventDefinition { name: "", kind, version: 1, schemas: || Ok(Vec::new()) }
        }
        static TABLE: Definition = Definition {
            name: "",
            states: &[],
            events: &[
                named("a"),
                named("b"),
                named("c.a"),
                named("b"),
                named("c.b"),
                named("a"),
                named("b"),
            ],
            edges: &[],
        };
        const SAME: [Option<usize>; 7] = same_kinds(&TABLE);
        assert_eq!(SAME, [None, None, None, Some(1), None, Some(0), Some(3)]);
    }

    #[test]
    fn texts_are_compared_whole() {
        assert!(same("a", "a") && same("", ""));
        assert!(!same("a", "b") && !same("a", "ab") && !same("ab", "a"));
    }
}
