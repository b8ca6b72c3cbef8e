//! The way from one format to the next.
//!
//! Owns the steps between formats, and the transaction in which a file takes those that it lacks.
//! Never leaves a file between two formats, never changes one whose format it does not know, and never
//! touches tables whose names begin with `sql:`, which are projections' own.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};
use vitae::GlobalPosition;
use vitae::store::Damage;

use crate::block::format_1;
use crate::error::{Fault, OpenError};
use crate::inspect::check_format;
use crate::{connect, seal, sql};

/// What makes a file of the format before one of this.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    to: u32,
    /// Does what a transaction can hold, and neither ends nor nests it.
    make: fn(&Connection) -> Result<(), Fault>,
}

/// One for each format, in their order; the first makes a file out of nothing. A step that was
/// released never changes.
pub(crate) const STEPS: &[Step] = &[
    Step { to: 1, make: |file| Ok(file.execute_batch(sql::FORMAT_1)?) },
    Step { to: 2, make: to_format_2 },
];

/// Rewrites each row of events, and seals what had no seal. Where an event stands, and so every index, stays
/// as it is.
fn to_format_2(file: &Connection) -> Result<(), Fault> {
    file.execute_batch(sql::FORMAT_2)?;
    rewrite_events(file)?;
    seal_identity(file)?;
    seal_kinds(file)?;
    seal_bare_commits(file)
}

fn rewrite_events(file: &Connection) -> Result<(), Fault> {
    let mut next = file.prepare(sql::NEXT_BLOCK)?;
    let mut put = file.prepare(sql::PUT_BLOCK)?;
    let mut last = 0_i64;
    let mut block = |after: i64| {
        let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        next.query_row((after,), columns).optional()
    };
    while let Some((position, row)) = block(last)? {
        let row: Vec<u8> = row;
        let first = u64::try_from(position).unwrap_or_default();
        let rewritten = format_1::rewritten(first, &row).ok_or_else(|| {
            let reason = "its row is not well formed".to_owned();
            Damage { position: GlobalPosition::new(first), reason }
        })?;
        // Where the tree is damaged, one row may come again and again, and not be found to be changed.
        if position <= last || put.execute((position, rewritten))? != 1 {
            let reason = "its row does not stand where it belongs".to_owned();
            return Err(Damage { position: GlobalPosition::new(first), reason }.into());
        }
        last = position;
    }
    Ok(())
}

fn seal_identity(file: &Connection) -> Result<(), Fault> {
    let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found: Option<([u8; 16], i64)> = file.query_row(sql::LOG_ID, (), columns).optional()?;
    if let Some((log_id, created_at)) = found {
        file.execute(sql::SEAL_META, (seal::identity(&log_id, created_at),))?;
    }
    Ok(())
}

fn seal_kinds(file: &Connection) -> Result<(), Fault> {
    let mut kinds = file.prepare(sql::KINDS)?;
    let seal = |row: &Row<'_>| {
        let (number, kind, schema): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        Ok((number, seal::kind(&kind, row.get(2)?, &schema)))
    };
    let seals = kinds.query_map((), seal)?.collect::<Result<Vec<_>, _>>()?;
    let mut put = file.prepare(sql::SEAL_KIND)?;
    for seal in seals {
        put.execute(seal)?;
    }
    Ok(())
}

fn seal_bare_commits(file: &Connection) -> Result<(), Fault> {
    let mut next = file.prepare(sql::NEXT_BARE_COMMIT)?;
    let mut put = file.prepare(sql::SEAL_BARE_COMMIT)?;
    let mut last = Vec::new();
    let mut commit = |after: &[u8]| {
        let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        next.query_row((after,), columns).optional()
    };
    while let Some((id, recorded_at, digest)) = commit(&last)? {
        let id: Vec<u8> = id;
        let sealed = (&id, seal::bare_commit(&id, recorded_at, digest));
        if id <= last || put.execute(sealed)? != 1 {
            let reason = "a commit without events does not stand where it belongs";
            return Err(Damage::elsewhere(reason).into());
        }
        last = id;
    }
    Ok(())
}

/// A step that failed. What was made of the file has to be undone.
#[derive(Debug)]
pub(crate) struct Failed {
    to: u32,
    pub(crate) fault: Fault,
}

/// Takes a file to the format of the last step, if it has an older one. With `Ok` it has that format. With
/// `Err` it has the one that it had, or, if it was the end of the transaction that failed, that of the last
/// step; never one in between.
pub(crate) fn migrate(
    path: &Path,
    connection: &mut Connection,
    steps: &[Step],
) -> Result<(), OpenError> {
    let fail = |fault: Fault| fault.on_open(path.to_owned());
    let newest = steps.last().map_or(0, |step| step.to);
    // Nobody waits for a writer because a file might have been old.
    if connect::format(connection).map_err(fail)? == newest {
        return Ok(());
    }
    let file = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| fail(error.into()))?;
    // Others have been at it until now, perhaps with the same in mind, or with more.
    let found = connect::format(&file).map_err(fail)?;
    check_format(path, found, newest)?;
    climb(&file, found, steps).map_err(|failed| failed.on_open(path, found))?;
    file.commit().map_err(|error| fail(error.into()))
}

/// Takes the steps that a format lacks, in a transaction that the caller ends.
pub(crate) fn climb(file: &Transaction<'_>, from: u32, steps: &[Step]) -> Result<(), Failed> {
    for step in steps.iter().filter(|step| step.to > from) {
        (step.make)(file)
            .and_then(|()| Ok(file.pragma_update(None, "user_version", step.to)?))
            .map_err(|fault| Failed { to: step.to, fault })?;
    }
    Ok(())
}

impl Failed {
    fn on_open(self, path: &Path, found: u32) -> OpenError {
        let path = path.to_owned();
        match self.fault {
            // Says what to do whatever room was needed for.
            Fault::Full => OpenError::StorageFull { path },
            fault => {
                let (step, source) = (self.to, fault.into_source());
                OpenError::MigrationFailed { path, found, step, source }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::SqliteStore;
    use crate::inspect::{FORMAT, beside};

    /// More than SQLite keeps in memory: a part of it is in the log before the transaction ends.
    const MUCH: &str =
        "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n LIMIT 2000)
        INSERT INTO first SELECT randomblob(4000) FROM n";

    const FIRST: Step = Step {
        to: FORMAT + 1,
        make: |file| Ok(file.execute_batch(&format!("CREATE TABLE first (a); {MUCH}"))?),
    };
    const SECOND: Step = Step {
        to: FORMAT + 2,
        make: |file| Ok(file.execute_batch("ALTER TABLE first RENAME TO second")?),
    };
    const FAILING: Step = Step {
        to: FORMAT + 2,
        make: |file| Ok(file.execute_batch("DROP TABLE first; DROP TABLE missing")?),
    };

    fn steps(later: &[Step]) -> Vec<Step> {
        [STEPS, later].concat()
    }

    /// A closed store, and where it is.
    fn store() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        drop(SqliteStore::open(&path).unwrap());
        (folder, path)
    }

    fn open(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection
    }

    fn format(path: &Path) -> u32 {
        connect::format(&open(path)).unwrap()
    }

    fn has(file: &Connection, table: &str) -> bool {
        file.table_exists(None, table).unwrap()
    }

    #[test]
    fn each_format_has_its_step() {
        assert!(STEPS.iter().map(|step| step.to).eq(1..=FORMAT));
    }

    #[test]
    fn r18_a_file_takes_the_steps_that_it_lacks_in_their_order() {
        let (_folder, path) = store();
        let mut file = open(&path);
        // One by one, and then the two at once.
        migrate(&path, &mut file, &steps(&[FIRST])).unwrap();
        assert_eq!(connect::format(&file).unwrap(), FORMAT + 1);
        migrate(&path, &mut file, &steps(&[FIRST, SECOND])).unwrap();
        let (_folder, path) = store();
        let mut other = open(&path);
        migrate(&path, &mut other, &steps(&[FIRST, SECOND])).unwrap();
        for file in [file, other] {
            assert!(has(&file, "second") && !has(&file, "first"));
            assert_eq!(connect::format(&file).unwrap(), FORMAT + 2);
        }
    }

    #[test]
    fn r18_a_step_that_fails_leaves_the_file_as_it_was() {
        let (_folder, path) = store();
        let before = fs::read(&path).unwrap();
        let mut file = open(&path);
        let error = migrate(&path, &mut file, &steps(&[FIRST, FAILING])).unwrap_err();
        let OpenError::MigrationFailed { found: FORMAT, step, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*step, FORMAT + 2);
        let said = error.to_string();
        assert!(said.contains("events.db") && said.contains(&format!("format {step}")), "{said}");
        assert!(said.ends_with("open it again"), "{said}");
        assert!(!has(&file, "first") && file.is_autocommit());
        drop(file);
        assert!(before == fs::read(&path).unwrap());

        let mut file = open(&path);
        file.pragma_update_and_check(None, "max_page_count", 100, |_| Ok(())).unwrap();
        let error = migrate(&path, &mut file, &steps(&[FIRST])).unwrap_err();
        assert!(matches!(error, OpenError::StorageFull { .. }), "{error:?}");
        drop(file);
        assert!(before == fs::read(&path).unwrap());
        // Once the step is mended, or there is room.
        migrate(&path, &mut open(&path), &steps(&[FIRST, SECOND])).unwrap();
        assert_eq!(format(&path), FORMAT + 2);
    }

    /// What a crash leaves at this moment.
    fn crash(path: &Path) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("events.db");
        for suffix in ["", "-wal"] {
            fs::copy(beside(path, suffix), beside(&left, suffix)).unwrap();
        }
        (folder, left)
    }

    #[test]
    fn r18_a_crash_leaves_the_one_format_or_the_other() {
        let (_folder, path) = store();
        let before = fs::read(&path).unwrap();
        let mut file = open(&path);
        let transaction = file.transaction().unwrap();
        climb(&transaction, FORMAT, &steps(&[FIRST, SECOND])).unwrap();
        let (_under_way, old) = crash(&path);
        assert!(fs::metadata(beside(&old, "-wal")).unwrap().len() > 1_000_000);
        assert!(before == fs::read(&old).unwrap());
        assert_eq!(format(&old), FORMAT);
        assert!(before == fs::read(&old).unwrap());
        drop(SqliteStore::open(&old).unwrap());

        transaction.commit().unwrap();
        let (_done, new) = crash(&path);
        let found = open(&new);
        assert_eq!(connect::format(&found).unwrap(), FORMAT + 2);
        assert!(has(&found, "second"));
    }

    #[test]
    fn r16_of_many_that_open_an_old_file_at_once_one_migrates_it() {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        const COUNTED: Step = Step {
            to: FORMAT + 1,
            make: |file| {
                TAKEN.fetch_add(1, Ordering::Relaxed);
                (FIRST.make)(file)
            },
        };
        let (_folder, path) = store();
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut file = open(&path);
                    barrier.wait();
                    migrate(&path, &mut file, &steps(&[COUNTED])).unwrap();
                    assert!(has(&file, "first"));
                });
            }
        });
        assert_eq!(TAKEN.load(Ordering::Relaxed), 1);
        assert_eq!(format(&path), FORMAT + 1);
    }

    #[test]
    fn r18_what_is_of_no_known_format_is_refused_and_left_as_it_was() {
        for found in [0, FORMAT + 1] {
            let (_folder, path) = store();
            open(&path).pragma_update(None, "user_version", found).unwrap();
            let before = fs::read(&path).unwrap();
            let error = migrate(&path, &mut open(&path), STEPS).unwrap_err();
            let expected = match found {
                0 => matches!(error, OpenError::Damaged { .. }),
                _ => matches!(error, OpenError::NewerFormat { known: FORMAT, .. }),
            };
            assert!(expected, "{error:?}");
            assert!(before == fs::read(&path).unwrap());
        }
    }
}
