//! R16: several handles on one log, in one process.

#![allow(missing_docs)]

use std::sync::Arc;

use crate::StreamVersion;
use crate::store::{AppendError, Checkpoint, EventStore, ExpectedVersion};
use crate::testing::store::{Draft, Subject, name, position, read_all, schema};

pub fn r16_two_handles_see_one_log(store: Subject) {
    if !store.persists() {
        return;
    }
    let handles = [store.shared(), store.second().unwrap()];
    let [first, second] = &handles;
    assert_eq!(first.log_id(), second.log_id());
    for number in 0..10_u64 {
        let turn = [first, second][usize::from(number % 2 == 1)];
        let expected = ExpectedVersion::read_at(StreamVersion::new(number));
        let draft = Draft::new().expecting("a/1", expected).event("x", &number.to_be_bytes());
        let receipt = draft.must(&**turn);
        for handle in &handles {
            assert_eq!(handle.head().unwrap(), Some(position(number + 1)));
            assert_eq!(handle.receipt(draft.0.id).unwrap(), Some(receipt.clone()));
            let error = Draft::new().expecting("a/1", expected).event("x", b"");
            let error = error.try_on(&**handle).unwrap_err();
            assert!(matches!(error, AppendError::Conflict { .. }));
            // The same commit again, whichever handle it was taken through.
            assert_eq!(draft.must(&**handle), receipt.clone().repeated());
        }
        assert_eq!(read_all(&**first), read_all(&**second));
    }
    what_is_not_an_event(first, second);
    assert_eq!(second.verify().unwrap(), 11);
}

/// What goes in through one is known to the other: schemas, rows and checkpoints.
fn what_is_not_an_event(first: &Arc<dyn EventStore>, second: &Arc<dyn EventStore>) {
    let to = Checkpoint { position: Some(position(1)), checksum: None, cursor: b"1".to_vec() };
    let draft = Draft::new().on("b/1").event("y", b"").row("v", b"k", None, Some(b"w"));
    let draft = draft.moving("c", None, to.clone());
    draft.must(&**first);
    assert_eq!(second.checkpoint(&name("c")).unwrap(), Some(to.clone()));
    let error = Draft::new().moving("c", None, to).try_on(&**second).unwrap_err();
    assert!(matches!(error, AppendError::CheckpointConflict { .. }));
    assert!(second.row(&name("v"), b"k").unwrap().is_some());
    let error = Draft::new().row("v", b"k", None, None).try_on(&**second).unwrap_err();
    assert!(matches!(error, AppendError::StaleRow { .. }));
    let mut other = Draft::new().on("b/2").event("y", b"");
    other.0.schemas = vec![schema("y", "\"text\"")];
    let error = other.try_on(&**second).unwrap_err();
    assert!(matches!(error, AppendError::SchemaMismatch { .. }));
}
