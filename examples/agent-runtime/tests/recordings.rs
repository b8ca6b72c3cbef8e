//! Recorded sessions: what comes out is what the recorded program made of them.

#![cfg(test)]

mod support;

use std::io::Write;
use std::sync::Arc;

use agent_runtime::bus;
use agent_runtime::projections::{feed, runs, workflow_runs};
use vitae::MemoryStore;

#[test]
fn every_recording_gives_what_the_recorded_program_made_of_it() {
    let (mut lines, mut snapshots) = (0, 0);
    let recordings = support::all();
    for recording in &recordings {
        let bus = bus(Arc::new(MemoryStore::new())).unwrap();
        let mut replay = recording.replay(&bus, 0);
        for (index, line) in recording.lines.iter().enumerate() {
            replay.line(line).unwrap_or_else(|error| {
                panic!("{}:{}: {error:?}", recording.name, index + 1);
            });
            for snapshot in recording.snapshots_after(index + 1) {
                recording.check_snapshot(&bus, snapshot);
                snapshots += 1;
            }
        }
        replay.end().unwrap();
        recording.check_end(&bus);
        for view in [feed::VIEW, runs::VIEW, workflow_runs::VIEW] {
            let rebuilt = bus.rebuild(view).unwrap();
            assert_eq!(rebuilt.changed, 0, "{}: {view}", recording.name);
        }
        lines += recording.lines.len();
    }
    // Past the test runner's capture: the CI script looks for this line.
    let (own, all) = (support::own().len(), recordings.len());
    writeln!(
        std::io::stderr(),
        "recordings: checked {all} ({own} own, {} shared), {lines} lines, {snapshots} snapshots",
        all - own
    )
    .unwrap();
}

#[test]
fn half_a_character_stops_no_replay() {
    let mut recording = support::named("demo");
    let mut cut = 0;
    for line in &mut recording.lines {
        let mut text = String::from_utf8(line.clone()).unwrap();
        for field in ["prompt", "last_assistant_message", "message", "error", "reason", "stderr"] {
            text = text.replace(&format!("\"{field}\":\""), &format!("\"{field}\":\"\\ud83d "));
        }
        cut += usize::from(text.as_bytes() != &line[..]);
        *line = text.into_bytes();
    }
    assert!(cut > 10, "{cut}");
    recording.check_end(&recording.unstopped());
}
