//! R15: more commits than a store can take.

#![allow(missing_docs)]

use std::sync::mpsc::channel;
use std::thread;

use crate::store::{AppendError, Ticket};
use crate::testing::store::{Draft, Subject, read_all};

pub fn r15_a_full_queue_answers_busy_and_writes_nothing(mut store: Subject) {
    // The hook opens the log itself.
    drop(store.close());
    let Some(jammed) = &store.backend().jammed else {
        return store.skip("the backend has no hook `jammed`");
    };
    let jammed = jammed(&store.place().path());
    let patience = store.backend().patience;
    let drafts: Vec<Draft> = (0..jammed.queue as u64 * 3 + 10)
        .map(|number| Draft::new().on("a/1").event("x", &number.to_be_bytes()))
        .collect();
    let (sender, appended) = channel::<Vec<Ticket>>();
    let (log, commits) = (jammed.store.clone(), drafts.clone());
    thread::spawn(move || {
        let tickets = commits.into_iter().map(|draft| log.append(draft.0)).collect();
        let _ = sender.send(tickets);
    });
    // The jam is still on: an `append` that waits for the disk does not come back.
    let tickets = appended.recv_timeout(patience);
    let tickets = tickets.unwrap_or_else(|_| panic!("`append` blocks its caller"));
    let mut tickets = tickets.into_iter().zip(&drafts);
    // Those behind the queue's end are answered while the jam is on.
    let busy = tickets.by_ref().rev().take(jammed.queue + 9);
    for (ticket, _) in busy {
        let answer = ticket.wait_timeout(patience).unwrap_or_else(|_| panic!("a ticket hangs"));
        assert!(matches!(answer, Err(AppendError::Busy)), "{answer:?}");
    }
    drop(jammed.jam);
    let mut taken = Vec::new();
    for (ticket, draft) in tickets {
        let answer = ticket.wait_timeout(patience).unwrap_or_else(|_| panic!("a ticket hangs"));
        match answer {
            Ok(_) => taken.push(draft.0.events[0].payload.bytes().unwrap().to_vec()),
            Err(AppendError::Busy) => {}
            Err(error) => panic!("{error}"),
        }
    }
    // What is behind a commit that is taken now was answered before, for good.
    Draft::new().on("a/1").event("x", b"last").must(&*jammed.store);
    taken.push(b"last".to_vec());
    let written: Vec<_> = read_all(&*jammed.store).into_iter().map(|seen| seen.payload).collect();
    assert_eq!(written, taken);
}

pub fn r15_a_dropped_ticket_cancels_nothing(mut store: Subject) {
    let dropped: Vec<Draft> = (0..10_u64)
        .map(|number| Draft::new().on("a/1").event("x", &number.to_be_bytes()))
        .collect();
    for draft in &dropped {
        drop(store.append(draft.0.clone()));
    }
    Draft::new().on("a/1").event("x", b"last").must(&*store);
    store.reopen();
    let mut wanted: Vec<_> = (0..10_u64).map(|number| number.to_be_bytes().to_vec()).collect();
    wanted.push(b"last".to_vec());
    let written: Vec<_> = read_all(&*store).into_iter().map(|seen| seen.payload).collect();
    assert_eq!(written, wanted);
}
