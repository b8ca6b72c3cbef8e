//! What is traced: spans that carry the correlation, and warnings.
//!
//! A binary of its own, in which every test begins with [`hear`]. `tracing` asks once, when a span
//! or an event is first met, whether anybody wants it, and may ask the thread that met it alone. A
//! test that has nothing to hear would answer "nobody", and be believed for the others as well.

#![allow(unreachable_pub, reason = "a derive wants what it is put on to be as visible as its enum")]

use std::cell::RefCell;
use std::fmt::{Debug, Display};
use std::future::IntoFuture;
use std::sync::Once;
use std::task::{Context, Waker};
use std::time::Duration;

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
        assert_eq!(heard.spans, [&[spanned(commit, commit)], &expected[..]].concat());
    }
}

fn spanned(commit: impl Display, correlation: impl Display) -> String {
    format!("commit commit={commit} correlation={correlation}")
}

#[test]
fn however_it_is_waited_for_a_commit_is_in_a_span() {
    for store in [memory, sqlite] {
        let (commits, heard) = hear(|| {
            let bus = Bus::open(store().shared()).unwrap();
            let note = |id: &str| bus.load::<Note>(id).unwrap().record(wrote("x")).unwrap();
            let notes = ["a", "b"].map(note);
            let commits = notes.each_ref().map(|note| note.commit_id().to_string());
            let [one, other] = notes;
            bus.submit(one).wait().unwrap();
            let mut answer = bus.submit(other).into_future();
            let mut context = Context::from_waker(Waker::noop());
            while answer.as_mut().poll(&mut context).is_pending() {
                std::thread::yield_now();
            }
            commits
        });
        assert_eq!(heard.spans, commits.map(|commit| spanned(&commit, &commit)));
    }
}

#[test]
fn a_timer_fires_in_a_span_with_the_correlation() {
    for store in [memory, sqlite] {
        let (commit, heard) = hear(|| {
            let later = Policy::new("later").on(|_: &Added, _, then| {
                Ok(then.record_after::<Note>("log", wrote("late"), Duration::ZERO)?)
            });
            let builder = Bus::builder(store().shared()).register::<Note>();
            let bus = builder.policy(later).open().unwrap();
            let count = bus.load::<Count>("n").unwrap().record(Added { by: 1 }).unwrap();
            let commit = count.commit_id();
            bus.commit(count).unwrap();
            bus.catch_up().unwrap();
            commit
        });
        let [.., handle, fired] = &heard.spans[..] else { panic!("{:?}", heard.spans) };
        let timer = "part=timers name=vitae.timers kind=note.write stream=note/log";
        assert_eq!(*handle, format!("handle {timer} event={commit}/0 correlation={commit}"));
        assert!(fired.starts_with("commit ") && fired.ends_with(&format!(" correlation={commit}")));
    }
}

#[test]
fn a_timer_that_does_not_fire_here_is_warned_of_once() {
    for store in [memory, sqlite] {
        let ((), heard) = hear(|| {
            let later = Policy::new("later").on(|_: &Added, count, then| {
                then.record_after::<Note>("log", wrote("late"), Duration::ZERO)?;
                Ok(then.record_after::<Count>(count.stream().id(), Ended, Duration::ZERO)?)
            });
            let builder = Bus::builder(store().shared()).register::<Count>();
            let bus = builder.policy(later).open().unwrap();
            (0..3).for_each(|by| add(&bus, "n", by));
        });
        let warnings: Vec<_> =
            heard.events.iter().filter(|line| line.starts_with("WARN")).collect();
        let [line] = warnings[..] else { panic!("not one warning: {:#?}", heard.events) };
        assert!(line.contains("lifecycle=note") && line.contains("BusBuilder::register"), "{line}");
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

    /// What is said of a span later is said of the last one here: there is none in between.
    fn record(&self, _: &Id, said: &Record<'_>) {
        HEARD.with_borrow_mut(|heard| {
            let mut line = Line(heard.spans.pop().unwrap());
            said.record(&mut line);
            heard.spans.push(line.0);
        });
    }

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
