//! What can be seen of a bus: its numbers.

use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use vitae::{Bus, Policy, Projection, Start};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    commits_and_steps_are_counted
}

/// An atomic policy, a durable one, and a projection of each kind.
fn open(log: &Subject) -> Bus {
    let atomic = Policy::new("atomic").on(|_: &Added, _, then| {
        then.record::<Note>("log", wrote("x"))?;
        Ok(())
    });
    let durable = Policy::new("durable").on(|event: &Wrote, _, _| match event.text.as_str() {
        "bad" => Err("no".into()),
        _ => Ok(()),
    });
    let rows = |view: &str| Projection::new(view).on(|event: &Ended, _, rows| rows.put("a", event));
    Bus::builder(log.shared())
        .policy(atomic)
        .policy(durable.durable(Start::Beginning))
        .projection(rows("inline"))
        .projection(rows("behind").catch_up(1))
        .open()
        .unwrap()
}

fn commits_and_steps_are_counted(log: Subject) {
    let bus = open(&log);
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        write(&bus, "n", "good");
        write(&bus, "n", "bad");
        let other = bus.load::<Note>("m").unwrap().record(wrote("good")).unwrap();
        bus.submit(other).wait().unwrap();
        let stale = bus.load::<Note>("n").unwrap();
        write(&bus, "n", "later");
        bus.commit(stale.record(wrote("too late")).unwrap()).unwrap_err();
        bus.catch_up().unwrap_err();
        bus.status().unwrap();
    });
    let mut numbers = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let labels = key.key().labels().map(|label| format!("{}={}", label.key(), label.value()));
        let name = [vec![key.key().name().to_owned()], labels.collect()].concat().join(" ");
        numbers.push(match value {
            DebugValue::Counter(count) => format!("{name}: {count}"),
            DebugValue::Gauge(gauge) => format!("{name}: {gauge}"),
            DebugValue::Histogram(times) => format!("{name}: {} times", times.len()),
        });
    }
    for expected in [
        // One of them is what the policy has made of the first event.
        "vitae_commits_total outcome=committed: 5",
        "vitae_commits_total outcome=rejected: 1",
        "vitae_commit_seconds: 5 times",
        "vitae_part_failures_total kind=policy name=durable: 1",
    ] {
        assert!(numbers.contains(&expected.to_owned()), "{expected} in {numbers:#?}");
    }
    let lag = "vitae_part_lag_events kind=policy name=durable: ";
    let lag = numbers.iter().find_map(|number| number.strip_prefix(lag)).unwrap();
    // What came before the bad one was dealt with.
    assert_eq!(lag, "3");
}
