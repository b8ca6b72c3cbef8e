//! Flaws that need files and processes: over SQLite.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vitae::GlobalPosition;
use vitae::Timestamp;
use vitae::store::{Commit, EventStore, Page, Read, ReadError, Receipt, Ticket};
use vitae_sqlite::{OpenError, SqliteStore};
use vitae_tests::Backend;

use crate::flaw::{Broken, Flaw, Sound};
use crate::matrix::{CAUGHT_ON_FILES, failing};

fn open<F: Flaw + Default>(path: &Path) -> Result<Broken<F>, OpenError> {
    Ok(Broken::new(Arc::new(SqliteStore::open(path)?)))
}

/// R11: what does not fit its checksum is passed over.
#[derive(Default)]
struct DamageIsPassedOver;

impl Flaw for DamageIsPassedOver {
    fn read(&self, log: &dyn EventStore, read: &Read, page: &mut Page) -> Result<(), ReadError> {
        match log.read(read, page) {
            Err(ReadError::Damaged(_)) => Ok(()),
            result => result,
        }
    }
}

/// R11: `verify` does not look.
#[derive(Default)]
struct VerifySeesNoDamage;

impl Flaw for VerifySeesNoDamage {
    fn verify(&self, log: &dyn EventStore) -> Result<u64, ReadError> {
        Ok(log.head()?.map_or(0, GlobalPosition::get))
    }
}

/// R2: a commit is acknowledged when it comes, and written when the one after the next does. Whenever the
/// process is killed, there is one that it has told of and not begun to write.
#[derive(Default)]
struct AcknowledgedBeforeWritten(Mutex<VecDeque<Commit>>);

impl Flaw for AcknowledgedBeforeWritten {
    fn append(&self, log: &dyn EventStore, commit: Commit) -> Ticket {
        let mut waiting = self.0.lock().unwrap();
        if waiting.len() == 2
            && let Some(oldest) = waiting.pop_front()
        {
            log.append(oldest).wait().unwrap();
        }
        let before = u64::try_from(waiting.len()).unwrap();
        let number = log.head().unwrap().map_or(0, GlobalPosition::get) + before;
        let position = GlobalPosition::new(number + 1).unwrap();
        let digest = commit.digest();
        let time = Timestamp::from_micros(0);
        let receipt = Receipt::new(commit.id, Some((position, position)), time, digest);
        waiting.push_back(commit);
        Ticket::ready(Ok(receipt))
    }
}

/// The tests of the kit about files that a backend does not pass.
fn failing_on_files(backend: fn() -> Backend) -> Vec<&'static str> {
    failing(backend, |rule| {
        ["r02", "r11", "r14", "r16_two", "r18", "r20"].iter().any(|prefix| rule.starts_with(prefix))
    })
}

#[test]
fn without_a_flaw_none_fails() {
    let none: [&str; 0] = [];
    assert_eq!(failing_on_files(|| Backend::at_path(open::<Sound>)), none);
}

#[test]
fn r11_damage_is_passed_over() {
    let failing = failing_on_files(|| Backend::at_path(open::<DamageIsPassedOver>));
    assert_eq!(failing, ["r11_damage_is_never_shown"]);
}

#[test]
fn r11_verify_sees_no_damage() {
    let failing = failing_on_files(|| Backend::at_path(open::<VerifySeesNoDamage>));
    assert_eq!(failing, ["r11_damage_is_never_shown"]);
}

#[test]
fn r14_what_is_cut_short_is_begun_anew() {
    let failing = failing_on_files(|| {
        Backend::at_path(|path| match SqliteStore::open(path) {
            Err(OpenError::Truncated { .. }) => SqliteStore::open(path.with_extension("new")),
            opened => opened,
        })
    });
    // A flipped bit can make a file look cut short.
    let caught = ["r11_damage_is_never_shown", "r14_a_file_cut_short_is_refused_and_left_alone"];
    assert_eq!(failing, caught);
}

/// Runs a rule of the kit in a test that may be started again in another process.
fn caught(rule: &str, backend: Backend, test: &'static str) -> String {
    assert!(CAUGHT_ON_FILES.contains(&rule));
    let test = concat!(module_path!(), "::").to_owned() + test;
    let run = AssertUnwindSafe(|| vitae::testing::store::run(rule, backend, test.leak()));
    match catch_unwind(run) {
        Ok(()) => String::new(),
        Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_default(),
    }
}

/// Whether the kit has started this process: then the test is the rule, and nothing else.
fn is_started() -> bool {
    std::env::var_os("VITAE_STORE_TEST_ROLE").is_some()
}

#[test]
fn r02_a_commit_is_acknowledged_before_it_is_written() {
    const RULE: &str = "r02_a_killed_process_loses_nothing_that_was_acknowledged";
    let backend = Backend::at_path(open::<AcknowledgedBeforeWritten>);
    let said = caught(RULE, backend, "r02_a_commit_is_acknowledged_before_it_is_written");
    assert!(is_started() || said.contains("were acknowledged"), "{said}");
}

#[test]
fn r16_each_process_has_its_own_log() {
    const RULE: &str = "r16_several_processes_see_one_log";
    let backend = Backend::at_path(|path| {
        let own = if is_started() { format!("log-{}", std::process::id()) } else { "log".into() };
        SqliteStore::open(path.with_file_name(own))
    });
    let backend = backend.patience(Duration::from_secs(3));
    let said = caught(RULE, backend, "r16_each_process_has_its_own_log");
    assert!(is_started() || said.contains("tell nothing any more"), "{said}");
}
