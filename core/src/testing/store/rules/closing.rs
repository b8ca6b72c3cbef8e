//! R20: the end of a handle.

#![allow(missing_docs)]

use std::sync::mpsc::channel;
use std::thread;

use crate::store::{Outcome, Ticket};
use crate::testing::store::{Draft, Subject, read_all};

pub fn r20_closing_answers_every_ticket(mut store: Subject) {
    let patience = store.backend().patience;
    let drafts: Vec<Draft> = (0..200_u64)
        .map(|number| Draft::new().on("a/1").event("x", &number.to_be_bytes()))
        .collect();
    let tickets: Vec<Ticket> = drafts.iter().map(|draft| store.append(draft.0.clone())).collect();
    let (sender, closed) = channel();
    let handle = store.close();
    thread::spawn(move || {
        drop(handle);
        let _ = sender.send(());
    });
    assert!(closed.recv_timeout(patience).is_ok(), "closing does not end");
    let answers = tickets.into_iter().map(|ticket| {
        ticket.wait_timeout(patience).unwrap_or_else(|_| panic!("a ticket hangs after closing"))
    });
    let answers: Vec<_> = answers.collect();
    if !store.persists() {
        return;
    }
    store.reopen();
    for (answer, draft) in answers.iter().zip(&drafts) {
        let found = store.receipt(draft.0.id).unwrap();
        match answer {
            Ok(receipt) => assert_eq!(found.as_ref(), Some(receipt)),
            Err(error) if error.outcome() == Outcome::NotWritten => assert_eq!(found, None),
            Err(_) => {}
        }
    }
    let receipts = drafts.iter().filter_map(|draft| store.receipt(draft.0.id).unwrap());
    assert_eq!(read_all(&*store).len(), receipts.count());
}
