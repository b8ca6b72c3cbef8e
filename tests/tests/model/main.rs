//! Every rule at once: random commands on the SQLite store and on the memory store, step by step.
//!
//! The memory store is the reference ([`world`]): each command is made concrete against what it
//! holds ([`plan`]), done on both, and both must answer alike ([`act`]), errors and times included.
//! After each step the heads are compared, after each that appends or reopens every payload and every
//! snapshot too, at the end everything: over every handle, and at the end once more after reopening.
//! Several handles are open on one file, and appends are handed over in bursts without waiting, so that
//! what a store does with many at once is compared too.
//!
//! `PROPTEST_CASES=5000 cargo test -p vitae-tests --test model` looks longer. A failing case is
//! shrunk and printed; its seed is added to `tests/proptest-regressions/model.txt`, which is
//! committed and tried first from then on. A seed is worth only as long as the commands are made in
//! the same way: write down what it has found as a test of its own too.
//!
//! Where more joins: what a commit gains is a field of [`plan::Plan`] with a line in its `resolve`, and
//! what no store takes of it one of the [`flaw`]s; what can be asked anew is a variant of [`act::Act`],
//! in [`command::questions`] for random arguments and in [`act::everything`] for the end.

mod act;
mod alphabet;
mod command;
mod flaw;
mod plan;
mod versions;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::{Config, FileFailurePersistence};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tempfile::TempDir;
use vitae::store::EventStore;
use vitae::{ManualClock, Timestamp};
use vitae_sqlite::{Durability, Options, SqliteStore};

use act::{Act, everything, kept, rows};
use command::{Command, Step};
use versions::Versions;
use world::{World, limits};

/// The handles on one file that write; one more only reads.
const HANDLES: usize = 3;

impl ReferenceStateMachine for World {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        proptest::strategy::LazyJust::new(Self::new).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        command::steps().boxed()
    }

    fn apply(world: Self, step: &Step) -> Self {
        world.after(&step.command)
    }
}

/// A store's file, and the handles on it.
struct File {
    handles: Vec<SqliteStore>,
    versions: Versions,
    clock: Arc<ManualClock>,
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(0)));
        let folder = folder();
        let versions = Versions::Learnt(BTreeMap::new());
        let mut file = Self { handles: Vec::new(), versions, clock, folder };
        file.open();
        file
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("events.db")
    }

    fn options(&self, handle: usize) -> Options {
        SqliteStore::options()
            .limits(limits())
            .clock(self.clock.clone())
            // No power fails here; what reaches the disk is tested elsewhere.
            .durability(Durability::LostOnPowerFailure)
            // One handle writes the index to the file early: what the others have of it in memory goes.
            .index_every(if handle == 0 { 5 } else { u64::MAX })
            .bundles([3, 4, 6][handle % HANDLES], 2)
    }

    fn open(&mut self) {
        let path = self.path();
        self.handles =
            (0..HANDLES).map(|handle| self.options(handle).open(&path).unwrap()).collect();
        self.handles.push(self.options(HANDLES).open_read_only(path).unwrap());
    }

    fn reopen(&mut self, handle: usize) {
        drop(self.handles.remove(handle));
        self.handles.insert(handle, self.options(handle).open_existing(self.path()).unwrap());
    }

    /// Holds what every handle answers against the reference.
    fn compare_all(&mut self, answered: &[(Act, String)]) {
        for handle in &self.handles {
            for (act, answer) in answered {
                compare(act, answer, handle, &mut self.versions);
            }
        }
    }
}

/// In memory where the system has a folder there: most of the time would be the disk's.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

struct SqliteAgainstMemory;

impl StateMachineTest for SqliteAgainstMemory {
    type SystemUnderTest = File;
    type Reference = World;

    fn init_test(_: &World) -> File {
        File::new()
    }

    fn apply(mut file: File, world: &World, step: Step) -> File {
        file.clock.set(world.now);
        if let Command::Reopen = step.command {
            file.reopen(step.handle % HANDLES);
        }
        if let Some((act, answer)) = &world.last {
            let handles = if matches!(act, Act::Append(_)) { HANDLES } else { HANDLES + 1 };
            let handle = &file.handles[step.handle % handles];
            compare(act, answer, handle, &mut file.versions);
            for (view, row) in rows(&world.store) {
                let own = handle.row(&view, &row.key).unwrap();
                let own = own.unwrap_or_else(|| panic!("a row of {view:?} is missing: {row:?}"));
                file.versions.learn(&view, &row.key, row.version, own.version);
            }
        }
        if matches!(step.command, Command::Append(_) | Command::Reopen) {
            file.compare_all(&world.answers(kept()));
        }
        file
    }

    fn check_invariants(file: &File, world: &World) {
        let head = Act::Head.perform(&world.store, &mut Versions::Same);
        for handle in &file.handles {
            compare(&Act::Head, &head, handle, &mut Versions::Same);
        }
    }

    fn teardown(mut file: File, world: World) {
        let all = world.answers(everything(&world));
        for _ in ["as it is", "reopened"] {
            file.compare_all(&all);
            file.handles.clear();
            file.open();
        }
    }
}

/// Does on a store what was done on the reference.
#[track_caller]
fn compare(act: &Act, expected: &str, store: &dyn EventStore, versions: &mut Versions) {
    let answer = act.perform(store, versions);
    assert!(
        answer == expected,
        "the stores differ on {act:#?}\n\nthe reference says: {expected}\n\nthis store: {answer}"
    );
}

/// As many cases as take some seconds, unless the environment says more.
fn config() -> Config {
    let default = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 48 };
    Config {
        cases,
        max_shrink_iters: 2_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "proptest-regressions/model.txt",
        ))),
        ..default
    }
}

prop_state_machine! {
    #![proptest_config(config())]

    #[test]
    fn the_sqlite_store_answers_as_the_memory_store(sequential 1..40 => SqliteAgainstMemory);
}
