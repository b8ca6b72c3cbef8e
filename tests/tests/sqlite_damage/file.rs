//! Each byte of a closed file another one, and each length that it can be cut to.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::Connection;
use vitae::store::{EventStore, ReadError};
use vitae_sqlite::{OpenError, SqliteStore};
use vitae_tests::Draft;

use crate::observe::{Answer, EVENTS, Verdict, judge, observe};
use crate::specimen::{MARK, checkpointed};
use crate::{folder, stride};

/// What a byte is changed by: one bit of it, or all.
fn masks(offset: usize) -> [u8; 2] {
    [1 << (offset % 8), 0xff]
}

/// What came of the flips: where, what was asked, how the answer was, whether `verify` noticed.
#[derive(Default, Debug)]
struct Report {
    trials: usize,
    refused: usize,
    without_effect: usize,
    noticed: usize,
    placed: usize,
    /// Flips of a payload's byte, and how many of them SQLite's own check lets pass.
    payload_bytes: usize,
    passed_by_sqlite: usize,
    effects: BTreeMap<(String, &'static str, Verdict, bool), (usize, usize)>,
    /// What must not be.
    faults: Vec<String>,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.trials += other.trials;
        self.refused += other.refused;
        self.without_effect += other.without_effect;
        self.noticed += other.noticed;
        self.placed += other.placed;
        self.payload_bytes += other.payload_bytes;
        self.passed_by_sqlite += other.passed_by_sqlite;
        self.faults.extend(other.faults);
        for (effect, (times, first)) in other.effects {
            let sum = self.effects.entry(effect).or_insert((0, first));
            *sum = (sum.0 + times, sum.1.min(first));
        }
    }

    fn print(&self) {
        let Self { trials, refused, without_effect, noticed, placed, .. } = self;
        println!("{trials} flips: {refused} refused when opened, {without_effect} without effect;");
        println!("verify noticed {noticed}, {placed} of them with a position;");
        println!(
            "{} changed a payload, of which SQLite's integrity_check passes {}",
            self.payload_bytes, self.passed_by_sqlite
        );
        for ((page, what, verdict, noticed), (times, first)) in &self.effects {
            let noticed = if *noticed { "verify notices" } else { "SILENT" };
            println!("  {verdict:?} {what}, {noticed}: {times} in {page}, first at {first}");
        }
    }
}

#[test]
fn r11_a_flipped_byte_is_refused_reported_or_without_effect() {
    let folder = folder();
    let path = folder.path().join("events.db");
    let bytes = checkpointed(&path);
    let right = observe(&SqliteStore::open_read_only(&path).unwrap());
    assert!(right.iter().all(|(_, answer)| answer.as_ref().is_ok_and(|shown| !shown.is_empty())));
    let pages = pages(&path);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let part = |first| {
            let (bytes, right, pages) = (&bytes, &right, &pages);
            scope.spawn(move || flips(bytes, right, pages, (first, threads)))
        };
        let parts: Vec<_> = (0..threads).map(part).collect();
        parts.into_iter().for_each(|part| report.add(part.join().unwrap()));
    });
    report.print();
    assert!(report.passed_by_sqlite > 0, "no payload was found in the file");
    assert!(report.placed > 0, "no damage has a position");
    assert!(report.faults.is_empty(), "{:#?}", report.faults);
}

/// Whether a byte is tried: each in its turn, those of free space more seldom.
fn sampled(bytes: &[u8], offset: usize) -> bool {
    let around = &bytes[offset.saturating_sub(1)..bytes.len().min(offset + 2)];
    let free = around.iter().all(|byte| *byte == 0);
    offset.is_multiple_of(stride(if free { 499 } else { 17 }))
}

/// The flips of one thread.
fn flips(
    bytes: &[u8],
    right: &[Answer],
    pages: &[String],
    (first, threads): (usize, usize),
) -> Report {
    let folder = folder();
    let path = folder.path().join("events.db");
    fs::write(&path, bytes).unwrap();
    let payloads = payload_bytes(bytes);
    let mut report = Report::default();
    let offsets = (0..bytes.len()).filter(|offset| sampled(bytes, *offset));
    for offset in offsets.skip(first).step_by(threads) {
        for mask in masks(offset) {
            let patch = |byte: u8| {
                let file = OpenOptions::new().write(true).open(&path).unwrap();
                file.write_all_at(&[byte], offset as u64).unwrap();
            };
            patch(bytes[offset] ^ mask);
            let page = &pages[offset / 4_096];
            let trial = Trial { path: &path, offset, page, payload: payloads[offset] };
            trial.run(right, &mut report);
            patch(bytes[offset]);
            forget_log(&path);
        }
    }
    report
}

struct Trial<'a> {
    path: &'a Path,
    offset: usize,
    page: &'a str,
    payload: bool,
}

impl Trial<'_> {
    fn run(&self, right: &[Answer], report: &mut Report) {
        report.trials += 1;
        let passed = self.payload && sqlite_passes(self.path);
        let Ok(store) = SqliteStore::open_read_only(self.path) else {
            report.refused += 1;
            return;
        };
        let verified = store.verify();
        let damage = match &verified {
            Err(ReadError::Damaged(damage)) => Some(damage),
            _ => None,
        };
        let noticed = verified.is_err();
        report.noticed += usize::from(noticed);
        let placed = damage.is_some_and(|damage| damage.position.is_some());
        report.placed += usize::from(placed);
        report.payload_bytes += usize::from(self.payload);
        report.passed_by_sqlite += usize::from(passed);
        if self.payload && !placed {
            report.faults.push(format!("byte {}: a payload that verify passes", self.offset));
        }
        let mut effects = false;
        for (answer, right) in observe(&store).iter().zip(right) {
            let (what, verdict) = (answer.0, judge(answer, right));
            if verdict == Verdict::Same {
                continue;
            }
            effects = true;
            let shows_wrong_events = verdict == Verdict::Wrong && EVENTS.contains(&what);
            if shows_wrong_events || !noticed {
                let (offset, page) = (self.offset, self.page);
                let noticed = if noticed { "verify notices" } else { "verify does not notice" };
                let fault = format!("byte {offset}, {page}: {verdict:?}, {noticed}: {answer:?}");
                report.faults.push(fault);
            }
            let effect = (self.page.to_owned(), what, verdict, noticed);
            report.effects.entry(effect).or_insert((0, self.offset)).0 += 1;
        }
        report.without_effect += usize::from(!effects);
    }
}

/// Which bytes of the file are those of a payload.
fn payload_bytes(bytes: &[u8]) -> Vec<bool> {
    let mut found = vec![false; bytes.len()];
    for start in 0..bytes.len() - MARK.len() {
        if bytes[start..].starts_with(MARK) {
            found[start..=start + MARK.len()].fill(true);
        }
    }
    found
}

fn sqlite_passes(path: &Path) -> bool {
    let connection = Connection::open(path).unwrap();
    let check = connection.query_row("PRAGMA integrity_check", (), |row| row.get::<_, String>(0));
    check.is_ok_and(|found| found == "ok")
}

/// What each page of the file belongs to, as SQLite says, for the report.
fn pages(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT name FROM dbstat ORDER BY pageno").unwrap();
    let names = statement.query_map((), |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

fn forget_log(path: &Path) {
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(path.with_extension(format!("db{suffix}")));
    }
}

#[test]
fn r19_a_flipped_byte_does_a_writer_no_harm() {
    let folder = folder();
    let path = folder.path().join("events.db");
    let bytes = checkpointed(&path);
    // The header byte by byte, then a sample of everything.
    for offset in (0..100).chain((100..bytes.len()).step_by(stride(499))) {
        let mut damaged = bytes.clone();
        damaged[offset] ^= masks(offset)[0];
        forget_log(&path);
        fs::write(&path, &damaged).unwrap();
        let Ok(store) = SqliteStore::open(&path) else {
            continue;
        };
        let _ = Draft::new().on("a/1").event("x", b"").tag("t").try_on(&store);
        let _ = (observe(&store), store.verify());
    }
}

#[test]
fn r14_a_file_cut_to_any_length_is_refused() {
    let folder = folder();
    let path = folder.path().join("events.db");
    let whole = checkpointed(&path).len();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let at_a_page = |length: &usize| [0, 1, 4_095].contains(&(length % 4_096));
    let sampled = |length: &usize| length.is_multiple_of(stride(61)) || at_a_page(length);
    for length in (0..whole).rev().filter(sampled) {
        file.set_len(length as u64).unwrap();
        for opened in [SqliteStore::open(&path), SqliteStore::open_read_only(&path)] {
            let error = opened.expect_err("it was opened");
            assert!(
                matches!(error, OpenError::Truncated { .. } | OpenError::NotAStore { .. }),
                "{length} of {whole} bytes: {error:?}"
            );
        }
        assert_eq!(fs::metadata(&path).unwrap().len(), length as u64);
    }
}
