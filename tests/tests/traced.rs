//! What is traced: spans that carry the correlation, and warnings.
//!
//! A binary of its own, in which every test begins with [`hear`]. `tracing` asks once, when a span
//! or an event is first met, whether anybody wants it, and may ask the thread that met it alone. A
//! test that has nothing to hear would answer "nobody", and be believed for the others as well.

#![allow(unreachable_pub, reason = "a derive wants what it is put on to be as visible as its enum")]

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::Once;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use vitae::{Bus, Policy, Projection, Start};

#[path = "bus/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the support of the bus's tests, used in part"
)]
mod support;
use support::*;

#[test]
fn handlers_work_in_spans_with_the_correlation() {
    for store in [memory, sqlite] {
        let (commit, heard) = hear(|| {
            let projection =
                |view| Projection::new(view).on(|event: &Ended, _, rows| rows.put("a", event));
            let note_it = Policy::new("note it").on(|_: &Added, _, then| {
                then.record::<Note>("log", wrote("x"))?;
                Ok(())
            });
            let read_it = Policy::new("read it").on(|_: &Wrote, _, _| Ok(()));
            let bus = Bus::builder(store().shared())
                .policy(note_it)
                .policy(read_it.durable(Start::Beginning))
                .projection(projection("inline"))
                .projection(projection("behind").catch_up(1))
                .open()
                .unwrap();
            let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
            let count = count.record(Ended).unwrap();
            let commit = count.commit_id();
            bus.commit(count).unwrap();
            bus.catch_up().unwrap();
            commit
        });
        let handled = [
            "policy name=note it kind=count.add stream=count/n event={commit}/0",
            "projection name=inline kind=life.end stream=count/n event={commit}/1",
            "policy name=read it kind=note.write stream=note/log event={commit}/2",
            "projection name=behind kind=life.end stream=count/n event={commit}/1",
        ];
        let expected = handled
            .map(|handled| format!("handle part={handled} correlation={{commit}}"))
            .map(|line| line.replace("{commit}", &commit.to_string()));
        assert_eq!(heard.spans, [&["commit".to_owned()], &expected[..]].concat());
    }
}

#[test]
fn a_passed_over_snapshot_is_warned_of() {
    for store in [memory, sqlite] {
        let ((), heard) = hear(|| {
            let log = store();
            let bus = keeping(log.shared(), 0);
            tally(&bus, "a", [1, 2]);
            bus.take_snapshot::<Tally>("a").unwrap();
            plant(&*log, "a", |snapshot| snapshot.revision = 7);
            assert_eq!(keeping(log.shared(), 0).load::<Tally>("a").unwrap().state().total(), 3);
        });
        let warnings: Vec<_> =
            heard.events.iter().filter(|line| line.starts_with("WARN")).collect();
        let [line] = warnings[..] else { panic!("not one warning: {:#?}", heard.events) };
        for part in ["passed over", "tally/a", "revision 7"] {
            assert!(line.contains(part), "{line}");
        }
    }
}

/// What was traced on a thread: every span that was made and every event, each as a line.
#[derive(Default)]
struct Heard {
    spans: Vec<String>,
    events: Vec<String>,
}

thread_local! {
    static HEARD: RefCell<Heard> = RefCell::default();
}

/// Does something, and tells what is traced meanwhile on this thread.
fn hear<T>(what: impl FnOnce() -> T) -> (T, Heard) {
    static LISTENER: Once = Once::new();
    LISTENER.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
    HEARD.take();
    let done = what();
    (done, HEARD.take())
}

struct Listener;

impl tracing::Subscriber for Listener {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(span.metadata().name().to_owned());
        span.record(&mut line);
        HEARD.with_borrow_mut(|heard| heard.spans.push(line.0));
        Id::from_u64(1)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        HEARD.with_borrow_mut(|heard| heard.events.push(line.0));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}
