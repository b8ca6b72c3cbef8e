//! An import that was cut short goes on where it stopped, and one that comes twice does nothing.

use vitae::MemoryStore;
use vitae::store::{EventStore, Receipt};
use vitae::transfer::{ImportReason, Imported};
use vitae_tests::{Draft, Subject};

use super::{body, everything, export, import, of_specimen};
use crate::support::*;

on_every_store! {
    a_second_import_changes_nothing
    a_cut_anywhere_is_noticed_and_gone_on_after
    an_import_brings_a_backup_up_to_date
    a_commit_is_recognised_in_an_imported_log
    two_may_import_the_same_at_once
}

fn a_second_import_changes_nothing(log: Subject) {
    let (source, lines) = of_specimen();
    assert_eq!(import(&lines, &*log).unwrap(), Imported { commits: 4, known: 0 });
    assert_eq!(everything(&*log), everything(&source));
    assert_eq!(log.verify().unwrap(), 6);
    // Here, and in the log that it came from.
    for store in [&*log, &source as &dyn EventStore] {
        assert_eq!(import(&lines, store).unwrap(), Imported { commits: 0, known: 4 });
    }
    assert_eq!(body(&export(&*log)), body(&lines));
    // Rows are not exported.
    assert_eq!(log.row(&vitae_tests::name("v"), b"k").unwrap(), None);
}

fn a_cut_anywhere_is_noticed_and_gone_on_after(log: Subject) {
    let (source, lines) = of_specimen();
    let mut imported = 0;
    for cut in 0..lines.len() {
        let Some(part) = lines.get(..cut) else { continue };
        let error = import(part, &*log).unwrap_err();
        let line = part.lines().count().max(1);
        let reason = match cut {
            0 => matches!(error.reason, ImportReason::NotAnExport),
            _ => matches!(error.reason, ImportReason::Cut),
        };
        assert!(reason, "{cut}: {error:?}");
        let at_line_end = part.ends_with('\n');
        assert_eq!(error.line, (line + usize::from(at_line_end)) as u64, "{cut}");
        let now = everything(&*log).len();
        assert!(now >= imported, "what was imported stays");
        imported = now;
    }
    // Without its line feed a line may be the beginning of another.
    assert_eq!(imported, 5);
    assert_eq!(import(&lines, &*log).unwrap(), Imported { commits: 1, known: 3 });
    assert_eq!(everything(&*log), everything(&source));
}

fn an_import_brings_a_backup_up_to_date(log: Subject) {
    let (source, early) = of_specimen();
    import(&early, &*log).unwrap();
    Draft::new().on("a/1").event("x", b"later").must(&source);
    let done = import(&export(&source), &*log).unwrap();
    assert_eq!(done, Imported { commits: 1, known: 4 });
    assert_eq!(everything(&*log), everything(&source));
}

#[test]
fn a_commit_that_was_imported_is_known_by_its_id() {
    let (source, lines) = of_specimen();
    let target = MemoryStore::new();
    import(&lines, &target).unwrap();
    let receipts = |store: &dyn EventStore| -> Vec<Receipt> {
        let mut page = vitae::store::Page::new();
        let all = vitae::store::Read::log(vitae::store::Query::all());
        store.read(&all, &mut page).unwrap();
        page.iter().map(|event| store.receipt(event.id().commit).unwrap().unwrap()).collect()
    };
    for (one, other) in receipts(&source).into_iter().zip(receipts(&target)) {
        assert_eq!(one, other);
    }
}

/// A commit whose outcome was not known may be tried again where its log was moved to.
fn a_commit_is_recognised_in_an_imported_log(log: Subject) {
    let source = MemoryStore::new();
    let draft = Draft::new().on("a/1").event("x", b"1").row("v", b"k", None, Some(b"row"));
    let receipt = draft.must(&source);
    import(&export(&source), &*log).unwrap();
    assert_eq!(draft.must(&*log), receipt.repeated());
    let mut other = draft.clone();
    other.0.rows.clear();
    other.try_on(&*log).unwrap_err();
    assert_eq!(everything(&*log), everything(&source));
}

fn two_may_import_the_same_at_once(log: Subject) {
    let (source, lines) = of_specimen();
    let done = std::thread::scope(|threads| {
        let shared = [log.shared(), log.shared()];
        let imports = shared.map(|store| {
            let lines = &lines;
            threads.spawn(move || import(lines, &*store).unwrap())
        });
        imports.map(|import| import.join().unwrap())
    });
    assert_eq!(done[0].commits + done[1].commits, 4);
    assert_eq!(done[0].known + done[1].known, 4);
    assert_eq!(everything(&*log), everything(&source));
}
