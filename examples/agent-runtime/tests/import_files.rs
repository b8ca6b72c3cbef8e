//! Files of the reference system: read without being touched, whatever is the matter with them.

#![cfg(test)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use agent_runtime::import::{Import, ImportError, Legacy, LegacyError, check};
use rusqlite::Connection;
use support::legacy::{self, change, files, imported, memory};
use support::run;

/// A file as a program leaves it that was killed: most of it stands in the `-wal`, with a `-shm`.
fn with_a_wal(file: &Path, folder: &Path) -> std::path::PathBuf {
    let (source, target) = (folder.join("at-work.db"), folder.join("killed/legacy.db"));
    fs::copy(file, &source).unwrap();
    fs::create_dir(target.parent().unwrap()).unwrap();
    let db = Connection::open(&source).unwrap();
    let settings = "PRAGMA foreign_keys = OFF; PRAGMA journal_mode = WAL; \
                    PRAGMA wal_autocheckpoint = 0;";
    db.execute_batch(settings).unwrap();
    // All rows go and come back, all of it in the `-wal`.
    db.execute_batch(
        "CREATE TEMP TABLE rest AS SELECT * FROM runtime_events WHERE seq > 3; \
         DELETE FROM runtime_events WHERE seq > 3;",
    )
    .unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    db.execute_batch("INSERT INTO runtime_events SELECT * FROM rest").unwrap();
    for part in ["", "-wal", "-shm"] {
        let (from, to) =
            (source.with_file_name(format!("at-work.db{part}")), format!("legacy.db{part}"));
        fs::copy(from, target.with_file_name(to)).unwrap();
    }
    target
}

#[test]
fn what_stands_in_the_wal_is_read_and_no_byte_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let file = with_a_wal(&session.file, folder.path());
    let beside = file.parent().unwrap();
    let before = files(beside);
    assert_eq!(before.len(), 3);
    assert!(before.iter().all(|(_, bytes)| !bytes.is_empty()));
    let output =
        run(["import".as_ref(), file.as_path(), "--db".as_ref(), &folder.path().join("log")]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(files(beside), before);
    // Without the `-wal`, it would have been another session.
    fs::remove_file(beside.join("legacy.db-wal")).unwrap();
    assert!(!check(&imported(&file).0, &Legacy::read(&session.file).unwrap()).unwrap().is_empty());
}

#[test]
fn a_file_that_is_only_read_can_be_imported_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let file = with_a_wal(&session.file, folder.path());
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for (path, _) in files(file.parent().unwrap()) {
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
    }
    let (bus, legacy) = imported(&link);
    assert_eq!(check(&bus, &legacy).unwrap(), []);
}

#[test]
fn a_file_that_is_no_session_is_refused_and_leaves_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let bytes = fs::read(&session.file).unwrap();
    let file = folder.path().join("refused");
    let db = folder.path().join("log");
    let refused = |write: &dyn Fn(), why: &str| {
        let _ = fs::remove_file(&file);
        write();
        let before = files(folder.path());
        let output = run(["import".as_ref(), file.as_path(), "--db".as_ref(), db.as_path()]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(error.contains(why), "{why}: {error}");
        assert_eq!(files(folder.path()), before, "{why}");
    };
    let sql = |sql: &'static str| {
        let (bytes, file) = (bytes.clone(), file.clone());
        move || {
            fs::write(&file, &bytes).unwrap();
            change(&file, sql);
        }
    };
    refused(&|| (), "cannot read");
    refused(&|| fs::write(&file, "").unwrap(), "is no SQLite file; name the session file");
    refused(&|| fs::write(&file, "SQLite format 3").unwrap(), "is no SQLite file");
    refused(&|| fs::write(&file, &bytes[..8_192]).unwrap(), "is damaged or cut short");
    refused(&|| fs::write(&file, &bytes[..100]).unwrap(), "is damaged or cut short");
    refused(
        &sql("UPDATE schema_version SET version = 5"),
        "has schema version 5, and only version 6",
    );
    refused(
        &sql("UPDATE schema_version SET version = 7"),
        "has schema version 7, and only version 6",
    );
    refused(&sql("UPDATE schema_version SET version = 'six'"), "has schema version 'six', and");
    refused(&sql("INSERT INTO schema_version VALUES (6)"), "has schema version 6,6, and");
    refused(&sql("DELETE FROM schema_version"), "has schema version none, and");
    refused(&sql("DROP TABLE schema_version"), "it has no table `schema_version`");
    refused(&sql("DROP TABLE adapter_sessions"), "it has no table `adapter_sessions`");
    refused(&sql("DELETE FROM session"), "it has 0 rows in `session`, and must have one");
    refused(&sql("UPDATE session SET id = ''"), "its row in `session` is not understood");
}

#[test]
fn a_directory_or_a_store_is_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let db = folder.path().join("log");
    let to = |legacy: &Path, db: &Path| {
        let output = run(["import".as_ref(), legacy, "--db".as_ref(), db]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(to(folder.path(), &db).contains("is no SQLite file"));
    support::replay(&session.recording.path, &db, &[]);
    let before = files(folder.path());
    assert!(to(&db, &db).contains("it has no table `schema_version`"));
    // Nor is a session a store, not even its own.
    to(&session.file, &session.file);
    let there = to(&session.file, &db);
    assert!(there.contains("is in this log already, and not by an import"), "{there}");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn no_damage_panics() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("subagents", folder.path());
    let bytes = fs::read(&session.file).unwrap();
    let file = folder.path().join("damaged");
    let mut answers = BTreeSet::new();
    let mut attempt = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        let answer = match Legacy::read(&file) {
            Ok(legacy) => {
                let bus = memory();
                let mut import = Import::open(bus.clone(), &legacy).unwrap();
                let went_through = (|| -> Result<_, ImportError> {
                    while import.step()? {}
                    Ok(())
                })();
                let _ = check(&bus, &legacy).unwrap();
                format!("import {}", went_through.is_ok())
            }
            Err(error) => format!("{error:?}").split(['{', '(']).next().unwrap().to_owned(),
        };
        answers.insert(answer);
    };
    for part in 0..12 {
        attempt(&bytes[..bytes.len() * part / 12]);
    }
    let mut random = fastrand::Rng::with_seed(6);
    for _ in 0..80 {
        let mut damaged = bytes.clone();
        for _ in 0..random.usize(1..4) {
            let place = random.usize(..damaged.len());
            damaged[place] ^= random.u8(1..);
        }
        attempt(&damaged);
    }
    assert!(answers.len() > 2, "{answers:?}");
}

#[test]
fn a_file_that_is_being_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let session = legacy::named("demo", folder.path());
    let wal = folder.path().join("demo.legacy.db-wal");
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                for length in 1..64 {
                    fs::write(&wal, vec![0; length]).unwrap();
                }
            }
        });
        let refused = (0..1_000)
            .any(|_| matches!(Legacy::read(&session.file), Err(LegacyError::InUse { .. })));
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(refused);
    });
}
