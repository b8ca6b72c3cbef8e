//! What is erased in an export is erased where it is imported.

use vitae::store::{EventStore, PayloadDigest};
use vitae::transfer::ImportReason;
use vitae::{Bus, MemoryStore};
use vitae_tests::{Subject, position};

use super::{body, everything, export, import};
use crate::support::*;

on_every_store! {
    an_erasure_follows_into_a_log_that_was_imported_before
    what_was_erased_here_does_not_come_back
    without_a_new_commit_nothing_is_erased
}

/// A log with two guests, and its export.
fn guests() -> (std::sync::Arc<MemoryStore>, String) {
    let source = std::sync::Arc::new(MemoryStore::new());
    let bus = Bus::open(source.clone()).unwrap();
    call(&bus, "1", "ada");
    call(&bus, "2", "bob");
    let lines = export(&*source);
    (source, lines)
}

fn an_erasure_follows_into_a_log_that_was_imported_before(log: Subject) {
    let (source, before) = guests();
    import(&before, &*log).unwrap();
    let bus = Bus::open(source.clone()).unwrap();
    bus.erase([position(1)], "", "").unwrap();
    call(&bus, "2", "eve");
    let after = export(&*source);
    assert!(!after.contains("\"ada\""));
    import(&after, &*log).unwrap();
    assert!(log_of(&*log)[0].ends_with("erased"));
    assert_eq!(everything(&*log), everything(&*source));
    assert_eq!(body(&export(&*log)), body(&after));
    assert_eq!(import(&after, &*log).unwrap().commits, 0);
    assert_eq!(log.verify().unwrap(), 4);
}

fn what_was_erased_here_does_not_come_back(log: Subject) {
    let (source, before) = guests();
    import(&before, &*log).unwrap();
    let bus = Bus::open(log.shared()).unwrap();
    bus.erase([position(1)], "", "").unwrap();
    assert_eq!(import(&before, &*log).unwrap().known, 2);
    assert!(log_of(&*log)[0].ends_with("erased"));
    assert!(everything(&*source)[0].contains("Ok"));
}

fn without_a_new_commit_nothing_is_erased(log: Subject) {
    let (source, before) = guests();
    import(&before, &*log).unwrap();
    let mut page = vitae::store::Page::new();
    let all = vitae::store::Read::log(vitae::store::Query::all());
    source.read(&all, &mut page).unwrap();
    let payload = page.iter().next().unwrap().payload().unwrap();
    let digest = PayloadDigest::of(payload).0;
    let (with, rest) =
        before.split_once("\"payload\":\"A2FkYQ==\",\"shown\":{\"name\":\"ada\"}").unwrap();
    let error = import(&format!("{with}\"erased\":\"{digest:016x}\"{rest}"), &*log).unwrap_err();
    let ImportReason::NotErased { position: unerased } = error.reason else { panic!("{error:?}") };
    assert_eq!(unerased, position(1));
    assert_eq!(everything(&*log), everything(&*source));
}
