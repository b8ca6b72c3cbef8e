//! How often the edges of a log were taken.

use vitae::{Aggregate, LoadError};
use vitae_tests::Subject;

use crate::support::*;

on_every_store! {
    every_stream_of_a_lifecycle_is_counted
    an_event_that_cannot_be_taken_is_an_error
}

fn every_stream_of_a_lifecycle_is_counted(log: Subject) {
    let bus = bus(&log);
    assert_eq!(bus.edges_taken::<Note>().unwrap().as_slice(), [0, 0, 0]);
    // More streams than are listed at a time, and interleaved.
    let mut notes: Vec<Aggregate<Note>> =
        (0..300).map(|id| bus.load(format!("{id}")).unwrap()).collect();
    for text in ["a", "b", "c"] {
        let recorded = notes.into_iter().map(|note| note.record(wrote(text)).unwrap());
        (notes, _) = bus.commit(recorded.collect::<Vec<_>>()).unwrap();
    }
    bus.commit(notes.pop().unwrap().record(Sealed).unwrap()).unwrap();
    add(&bus, "n", 1);
    let counts = bus.edges_taken::<Note>().unwrap();
    assert_eq!(counts.as_slice(), [300, 600, 1]);
    assert_eq!(counts.definition().name, "note");
    assert_eq!(bus.edges_taken::<Count>().unwrap().as_slice(), [1, 0]);
}

fn an_event_that_cannot_be_taken_is_an_error(log: Subject) {
    let bus = bus(&log);
    write(&bus, "n", "a");
    // Nothing can be sealed that is sealed.
    smuggle::<Note>(&*log, "n", ("note.seal", 1), &[]);
    smuggle::<Note>(&*log, "n", ("note.seal", 1), &[]);
    let error = bus.edges_taken::<Note>().unwrap_err();
    assert!(matches!(error, LoadError::Fold(_)), "{error:?}");
}
