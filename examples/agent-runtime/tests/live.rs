//! Recorded sessions, played live: a real agent process, real hooks, a real socket. What comes out
//! is what a replay gives.

#![cfg(test)]

mod support;

use support::live::Live;

#[test]
fn every_recording_played_live_gives_what_its_replay_gives() {
    for recording in support::all() {
        let folder = tempfile::tempdir().unwrap();
        let live = Live::new(&recording, folder.path());
        live.play_all();
        live.check();
    }
}
