//! Group commit: callers hand their commits to one thread, which writes all that have come while it
//! was writing in one transaction, and answers them after its COMMIT.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use store_jobs::{Failure, Share, in_tasks, in_threads};
use tokio::sync::oneshot;

use crate::open;
use crate::write::{Known, New, Writer};

/// The most commits in one transaction.
const IN_TRANSACTION: usize = 1_024;

struct Request {
    new: New<'static>,
    answer: oneshot::Sender<()>,
}

pub fn append(
    path: &Path,
    known: &mut Known,
    streams: &[String],
    shares: Vec<Share>,
) -> Result<(), Failure> {
    // Callers are tasks of their own, so the names must live as long as the program.
    let streams: &'static [String] = streams.to_vec().leak();
    let (queue, requests) = channel();
    thread::scope(|scope| {
        let writer = scope.spawn(move || write(path, known, requests));
        let appended = callers(shares, streams, queue);
        // The queue is closed, so the writer has come to its end; what stopped it comes first.
        writer.join().map_err(|_| "the writer panicked")??;
        appended
    })
}

fn callers(
    shares: Vec<Share>,
    streams: &'static [String],
    queue: Sender<Request>,
) -> Result<(), Failure> {
    if shares.len() <= 8 {
        return in_threads(shares, |share| {
            for planned in share {
                request(&queue, &streams[planned.stream as usize], &planned)?.blocking_recv()?;
            }
            Ok(())
        });
    }
    in_tasks(shares, |share| {
        let queue = queue.clone();
        async move {
            for planned in share {
                request(&queue, &streams[planned.stream as usize], &planned)?.await?;
            }
            Ok(())
        }
    })
}

fn request(
    queue: &Sender<Request>,
    stream: &'static str,
    planned: &store_jobs::Planned,
) -> Result<oneshot::Receiver<()>, Failure> {
    let (answer, answered) = oneshot::channel();
    let new = New::of(stream, planned, Some(uuid::Uuid::now_v7().into_bytes()))?;
    queue.send(Request { new, answer }).map_err(|_| "the writer has stopped")?;
    Ok(answered)
}

fn write(path: &Path, known: &mut Known, requests: Receiver<Request>) -> Result<(), Failure> {
    let connection = open(path)?;
    let mut writer = Writer::new(&connection, known)?;
    let mut answers = Vec::with_capacity(IN_TRANSACTION);
    while let Ok(first) = requests.recv() {
        writer.begin()?;
        let waiting = std::iter::once(first).chain(requests.try_iter());
        for Request { new, answer } in waiting.take(IN_TRANSACTION) {
            writer.append(&new)?;
            answers.push(answer);
        }
        writer.commit()?;
        for answer in answers.drain(..) {
            // Whoever no longer waits has its event nevertheless.
            let _ = answer.send(());
        }
    }
    Ok(())
}
