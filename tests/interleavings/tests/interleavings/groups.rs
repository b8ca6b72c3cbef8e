//! The commits of many callers, and the one writer that takes them in groups (R15, R20).
//!
//! The writer is the store's, as far as the queue can see: it takes what is there while it holds the
//! desk, and answers after.

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, passing};

use crate::queue::{Answer, Bounds, Queue};
use crate::store::{RowChange, Ticket};
use crate::{
    A_WHILE, AppendError, Commit, CommitId, Digest, Name, check, check_all, is_unknown, receipt,
};

/// More than is ever queued here.
const ROOM: usize = 100;

/// What was written, in its order.
type Log = Arc<Mutex<Vec<CommitId>>>;

fn queue(commits: usize) -> Arc<Queue> {
    Queue::new(Bounds { commits, bytes: usize::MAX, timeout: A_WHILE })
}

fn submit(queue: &Arc<Queue>) -> (CommitId, Ticket) {
    let commit = Commit::new(CommitId::generate());
    (commit.id, queue.submit(Digest(1), commit))
}

/// Hands so many commits in, and waits for none of them in between.
fn submit_some(queue: &Arc<Queue>, some: usize) -> Vec<(CommitId, Ticket)> {
    (0..some).map(|_| submit(queue)).collect()
}

/// A caller that hands commits in, then waits for each: its commits with their answers.
fn caller(queue: &Arc<Queue>, some: usize) -> JoinHandle<Vec<(CommitId, Answer)>> {
    let queue = Arc::clone(queue);
    thread::spawn(move || wait_for(submit_some(&queue, some)))
}

fn wait_for(tickets: Vec<(CommitId, Ticket)>) -> Vec<(CommitId, Answer)> {
    tickets.into_iter().map(|(id, ticket)| (id, ticket.wait())).collect()
}

/// The writer's thread; `most` is what the queue may hold.
fn writer(queue: &Arc<Queue>, log: &Log, most: usize) -> JoinHandle<()> {
    let (queue, log) = (Arc::clone(queue), Arc::clone(log));
    thread::spawn(move || {
        while queue.wait() {
            let mut log = log.lock().unwrap();
            let mut tasks = Vec::new();
            // Then those that come while it writes the first.
            for _ in 0..2 {
                let before = tasks.len();
                let more = queue.take(&mut tasks);
                assert_eq!(more, tasks.len() > before);
                assert!(tasks.len() - before <= most, "{} were queued", tasks.len() - before);
            }
            log.extend(tasks.iter().map(|task| task.commit.id));
            let answers = tasks.iter().map(|task| Ok(receipt(task.commit.id))).collect();
            drop(log);
            queue.answer(tasks, answers);
        }
        queue.writer_ended();
    })
}

/// Closes in no time: the clock may pass, and the writer has nothing left to do.
fn close(queue: &Queue, writes: JoinHandle<()>) {
    queue.close(Duration::MAX);
    writes.join().unwrap();
}

/// Each was written once or not at all, as its answer says, and those of a caller in their order.
fn assert_answered(log: &Log, answers: &[(CommitId, Answer)]) {
    let log = log.lock().unwrap();
    let places = answers.iter().filter_map(|(id, answer)| {
        let places: Vec<_> = (0..log.len()).filter(|place| log[*place] == *id).collect();
        match answer {
            Ok(told) => {
                assert_eq!((told.commit, places.len()), (*id, 1));
                places.first().copied()
            }
            Err(AppendError::Busy | AppendError::Closed) => {
                assert!(places.is_empty(), "{answer:?}, and it was written");
                None
            }
            Err(error) => panic!("{error:?}"),
        }
    });
    assert!(places.collect::<Vec<_>>().is_sorted(), "the order of a caller was lost");
}

/// One caller and the writer: all interleavings there are.
#[test]
fn a_commit_wakes_the_writer() {
    check_all(|| {
        let (queue, log) = (queue(ROOM), Log::default());
        writer_of_one_group(&queue, &log, Some(&Arc::default()));
        let (id, ticket) = submit(&queue);
        assert_answered(&log, &[(id, ticket.wait())]);
    });
}

/// With room, and with so little that most have to wait for it.
#[test]
fn each_commit_is_answered_once_and_in_order() {
    for most in [ROOM, 2, 1] {
        check(move || {
            let (queue, log) = (queue(most), Log::default());
            let writes = writer(&queue, &log, most);
            let callers = [3, 2, 2].map(|some| caller(&queue, some));
            for caller in callers {
                let answers = caller.join().unwrap();
                assert!(answers.iter().all(|(_, answer)| answer.is_ok()));
                assert_answered(&log, &answers);
            }
            assert!(!queue.is_busy());
            close(&queue, writes);
            assert_eq!(log.lock().unwrap().len(), 7);
        });
    }
}

/// A large commit that finds no room is not overtaken by a small one that would.
#[test]
fn a_large_commit_is_not_overtaken() {
    check(|| {
        let bounds = Bounds { commits: ROOM, bytes: 10_000, timeout: A_WHILE };
        let (queue, log) = (Queue::new(bounds), Log::default());
        let writes = writer(&queue, &log, ROOM);
        let tickets = [1, 20_000, 1].map(|bytes| {
            let mut commit = Commit::new(CommitId::generate());
            let (view, value) = (Name::new("view").unwrap(), Some(vec![0; bytes]));
            commit.rows.push(RowChange { view, key: Vec::new(), expected: None, value });
            (commit.id, queue.submit(Digest(1), commit))
        });
        let answers = wait_for(tickets.into());
        assert!(answers.iter().all(|(_, answer)| answer.is_ok()));
        assert_answered(&log, &answers);
        close(&queue, writes);
    });
}

/// A caller that serves itself, as [`commit`] does in the store, overtakes nothing that it queued.
#[test]
fn who_commits_alone_overtakes_nothing() {
    fn commit(queue: &Arc<Queue>, log: &Log) -> (CommitId, Answer) {
        if !queue.is_busy()
            && let Ok(mut log) = log.try_lock()
        {
            let id = CommitId::generate();
            log.push(id);
            return (id, Ok(receipt(id)));
        }
        let (id, ticket) = submit(queue);
        (id, ticket.wait())
    }
    check(|| {
        let (queue, log) = (queue(ROOM), Log::default());
        let writes = writer(&queue, &log, ROOM);
        let other = caller(&queue, 1);
        let (first, ticket) = submit(&queue);
        let second = commit(&queue, &log);
        let first = (first, ticket.wait());
        assert_answered(&log, &[first, second]);
        assert_answered(&log, &other.join().unwrap());
        close(&queue, writes);
    });
}

/// What finds no room in time is turned away, not before, and not written. The thread that turns away
/// comes and goes.
#[test]
fn what_finds_no_room_in_time_is_busy() {
    check(|| {
        passing(|| {
            let (queue, log) = (queue(1), Log::default());
            let writes = writer(&queue, &log, 1);
            let callers = [2, 2].map(|some| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    let begun = Instant::now();
                    let hear = |(id, ticket): (_, Ticket)| {
                        let answer = ticket.wait();
                        let late = Instant::now().duration_since(begun) >= A_WHILE;
                        assert!(answer.is_ok() || late, "{answer:?}");
                        (id, answer)
                    };
                    let mut answers: Vec<_> =
                        submit_some(&queue, some).into_iter().map(hear).collect();
                    answers.push(hear(submit(&queue)));
                    answers
                })
            });
            for caller in callers {
                assert_answered(&log, &caller.join().unwrap());
            }
            close(&queue, writes);
        });
    });
}

/// Though the writer does nothing at all.
#[test]
fn what_finds_no_room_waits_for_no_writer() {
    check(|| {
        passing(|| {
            let (queue, log) = (queue(1), Log::default());
            let (first, ticket) = submit(&queue);
            for caller in [1, 2].map(|some| caller(&queue, some)) {
                let answers = caller.join().unwrap();
                let busy = |answer: &Answer| matches!(answer, Err(AppendError::Busy));
                assert!(answers.iter().all(|(_, answer)| busy(answer)), "{answers:?}");
                assert_answered(&log, &answers);
            }
            let writes = writer(&queue, &log, 1);
            assert_answered(&log, &[(first, ticket.wait())]);
            close(&queue, writes);
        });
    });
}

/// Closing waits for what was handed in before, room or no room, and refuses what comes after.
#[test]
fn closing_answers_all() {
    check(|| {
        let (queue, log) = (queue(1), Log::default());
        let writes = writer(&queue, &log, 1);
        let before = submit_some(&queue, 3);
        let beside = caller(&queue, 2);
        // The clock stands still: only the end of the writer ends this.
        queue.close(A_WHILE);
        let (late, ticket) = submit(&queue);
        let late = (late, ticket.wait());
        assert!(matches!(late.1, Err(AppendError::Closed)));
        writes.join().unwrap();
        let before = wait_for(before);
        assert!(before.iter().all(|(_, answer)| answer.is_ok()));
        for answers in [before, beside.join().unwrap(), vec![late]] {
            assert_answered(&log, &answers);
        }
    });
}

/// Takes one group and is gone: answers it when the disk lets it, or never if it has none.
fn writer_of_one_group(
    queue: &Arc<Queue>,
    taken: &Log,
    disk: Option<&Arc<Mutex<()>>>,
) -> JoinHandle<()> {
    let (queue, taken, disk) = (Arc::clone(queue), Arc::clone(taken), disk.cloned());
    thread::spawn(move || {
        if queue.wait() {
            let mut tasks = Vec::new();
            queue.take(&mut tasks);
            taken.lock().unwrap().extend(tasks.iter().map(|task| task.commit.id));
            if let Some(disk) = disk {
                let answers = tasks.iter().map(|task| Ok(receipt(task.commit.id))).collect();
                drop(disk.lock());
                queue.answer(tasks, answers);
            }
        }
        queue.writer_ended();
    })
}

/// Of what the writer took nothing is known, and what it did not take was not written.
fn assert_given_up(taken: &Log, answers: &[(CommitId, Answer)]) {
    let taken = taken.lock().unwrap();
    for (id, answer) in answers {
        if taken.contains(id) {
            assert!(is_unknown(answer, *id), "{answer:?}");
        } else {
            assert!(matches!(answer, Err(AppendError::Closed | AppendError::Busy)), "{answer:?}");
        }
    }
}

/// Closing does not wait for ever, and what the writer says after that is heard by nobody.
#[test]
fn closing_ends_though_the_writer_hangs() {
    check(|| {
        passing(|| {
            let (queue, taken) = (queue(2), Log::default());
            let disk = Arc::new(Mutex::new(()));
            let held = disk.lock();
            let writes = writer_of_one_group(&queue, &taken, Some(&disk));
            let tickets = submit_some(&queue, 4);
            queue.close(A_WHILE);
            let answers = wait_for(tickets);
            drop(held);
            writes.join().unwrap();
            assert_given_up(&taken, &answers);
        });
    });
}

/// Nor for a writer that is gone.
#[test]
fn closing_answers_all_though_the_writer_is_gone() {
    check(|| {
        let (queue, taken) = (queue(2), Log::default());
        let writes = writer_of_one_group(&queue, &taken, None);
        let tickets = submit_some(&queue, 4);
        queue.close(A_WHILE);
        let answers = wait_for(tickets);
        writes.join().unwrap();
        assert_given_up(&taken, &answers);
    });
}
