//! A ticket and the end that answers it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Instant, passing};

use crate::store::Ticket;
use crate::{A_WHILE, AppendError, Commit, CommitId, check, check_all, is_unknown, receipt};

/// A thread that waits has the answer, whenever it is given.
#[test]
fn a_thread_hears_the_answer() {
    check_all(|| {
        let commit = CommitId::generate();
        let (ticket, completer) = Ticket::pending(commit);
        thread::spawn(move || completer.complete(Ok(receipt(commit))));
        assert_eq!(ticket.wait().unwrap(), receipt(commit));
    });
}

/// Whoever holds the other end and lets go of it has said that the outcome is unknown.
#[test]
fn nobody_waits_for_an_answer_that_cannot_come() {
    check_all(|| {
        let commit = CommitId::generate();
        let (ticket, completer) = Ticket::pending(commit);
        thread::spawn(move || drop(completer));
        assert!(is_unknown(&ticket.wait(), commit));
    });
}

/// A task is woken, whenever its waker came to be known, and the last waker is the one that counts.
#[test]
fn a_task_hears_the_answer() {
    check_all(|| {
        let commit = CommitId::generate();
        let (mut ticket, completer) = Ticket::pending(commit);
        thread::spawn(move || completer.complete_with(Ok(receipt(commit)), Commit::new(commit)));
        // As when a task moves from one executor to another.
        let first = Pin::new(&mut ticket).poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(answer) = first {
            assert_eq!(answer.unwrap(), receipt(commit));
        }
        let answer = shuttle::future::block_on(ticket);
        assert_eq!(answer.unwrap(), receipt(commit));
    });
}

/// When a waker is called the answer can be had, by that very call: nothing is locked.
#[test]
fn what_wakes_a_task_is_there() {
    struct Hears(Mutex<(Option<Ticket>, Vec<bool>)>);
    impl Wake for Hears {
        fn wake(self: Arc<Self>) {
            let mut state = self.0.lock().unwrap();
            let Some(mut ticket) = state.0.take() else { return };
            let polled = Pin::new(&mut ticket).poll(&mut Context::from_waker(Waker::noop()));
            state.1.push(matches!(polled, Poll::Ready(Ok(_))));
        }
    }
    check_all(|| {
        let commit = CommitId::generate();
        let (mut ticket, completer) = Ticket::pending(commit);
        let hears = Arc::new(Hears(Mutex::default()));
        let waker = Waker::from(Arc::clone(&hears));
        assert!(Pin::new(&mut ticket).poll(&mut Context::from_waker(&waker)).is_pending());
        hears.0.lock().unwrap().0 = Some(ticket);
        let answers = thread::spawn(move || completer.complete(Ok(receipt(commit))));
        answers.join().unwrap();
        assert_eq!(hears.0.lock().unwrap().1, [true]);
    });
}

/// A wait that ends before there is an answer gives the ticket back, and no sooner than it may.
#[test]
fn a_wait_with_an_end_gives_the_ticket_back() {
    check(|| {
        passing(|| {
            let commit = CommitId::generate();
            let (ticket, completer) = Ticket::pending(commit);
            let answers = thread::spawn(move || completer.complete(Ok(receipt(commit))));
            let begun = Instant::now();
            let answer = ticket.wait_timeout(A_WHILE).unwrap_or_else(|ticket| {
                assert!(Instant::now().duration_since(begun) >= A_WHILE);
                ticket.wait()
            });
            assert_eq!(answer.unwrap(), receipt(commit));
            answers.join().unwrap();
        });
    });
}

/// Whoever drops a ticket is in nobody's way.
#[test]
fn a_dropped_ticket_is_answered_too() {
    check_all(|| {
        let commit = CommitId::generate();
        let (mut ticket, completer) = Ticket::pending(commit);
        let answers = thread::spawn(move || {
            completer.complete_with(Err(AppendError::Closed), Commit::new(commit));
        });
        let _ = Pin::new(&mut ticket).poll(&mut Context::from_waker(Waker::noop()));
        drop(ticket);
        answers.join().unwrap();
    });
}
