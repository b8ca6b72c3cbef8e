//! Group commit: callers hand their commits to one thread, which writes all that have come while it
//! was writing in one transaction, and answers them after its COMMIT.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use store_jobs::{Failure, Planned, Share, in_tasks, in_threads, runtime};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{New, Writer};

/// The most commits in one transaction.
const IN_TRANSACTION: usize = 1_024;

/// One commit of several events, durable when this returns.
pub fn commit(
    writer: &mut impl Writer,
    streams: &[String],
    events: &[Planned],
) -> Result<(), Failure> {
    writer.begin()?;
    let mut commit_id = Some(Uuid::now_v7().into_bytes());
    for planned in events {
        let new = New::of(&streams[planned.stream as usize], planned, commit_id.take())?;
        writer.append(&new)?;
    }
    writer.commit()
}

/// Appends the events of all shares, each in a commit of its own. The function is run on the thread
/// that writes.
pub fn append(
    streams: &[String],
    shares: Vec<Share>,
    write: impl FnOnce(Requests) -> Result<(), Failure> + Send,
) -> Result<(), Failure> {
    // Callers are tasks of their own, so the names must live as long as the program.
    let streams: &'static [String] = streams.to_vec().leak();
    let (queue, requests) = channel();
    thread::scope(|scope| {
        let writer = scope.spawn(move || write(Requests(requests)));
        let appended = callers(shares, streams, queue);
        // The queue is closed, so the writer has come to its end; what stopped it comes first.
        writer.join().map_err(|_| "the writer panicked")??;
        appended
    })
}

struct Request {
    new: New<'static>,
    answer: oneshot::Sender<()>,
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
    in_tasks(&runtime()?, shares, |share| {
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
    planned: &Planned,
) -> Result<oneshot::Receiver<()>, Failure> {
    let (answer, answered) = oneshot::channel();
    let new = New::of(stream, planned, Some(Uuid::now_v7().into_bytes()))?;
    queue.send(Request { new, answer }).map_err(|_| "the writer has stopped")?;
    Ok(answered)
}

/// The commits of all callers.
pub struct Requests(Receiver<Request>);

impl Requests {
    /// Writes until the last caller has gone.
    pub fn serve(self, writer: &mut impl Writer) -> Result<(), Failure> {
        let mut answers = Vec::with_capacity(IN_TRANSACTION);
        while let Ok(first) = self.0.recv() {
            writer.begin()?;
            let waiting = std::iter::once(first).chain(self.0.try_iter());
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
}
