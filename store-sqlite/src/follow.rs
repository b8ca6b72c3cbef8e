//! The thread that notices the commits of others: other handles on the file, other processes.
//!
//! Owns when it looks: at a small interval, and only while somebody waits. Never decides what a reader
//! is shown, and has nothing to do with this handle's own commits, which the writer publishes.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use vitae::GlobalPosition;
use vitae::store::Publisher;

use crate::error::Fault;
use crate::options::Options;
use crate::{connect, lookup};

pub(crate) struct Follower {
    publisher: Arc<Publisher>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    pub(crate) fn start(
        path: PathBuf,
        options: Options,
        every: Duration,
        publisher: Arc<Publisher>,
    ) -> std::io::Result<Self> {
        let look = Look { path, options, connection: None, data_version: None };
        let publishes = Arc::clone(&publisher);
        let thread = std::thread::Builder::new()
            .name("vitae-sqlite-follow".to_owned())
            .spawn(move || run(look, every, &publishes))?;
        Ok(Self { publisher, thread: Some(thread) })
    }
}

impl Drop for Follower {
    /// Ends the thread, which only a closed publisher does, and with it its connection.
    fn drop(&mut self) {
        self.publisher.close();
        if let Some(thread) = self.thread.take()
            // A waker may hold the last handle: a thread cannot wait for itself.
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn run(mut look: Look, every: Duration, publisher: &Publisher) {
    while publisher.until_awaited(every) {
        match look.look() {
            Ok(Some(head)) => publisher.publish(GlobalPosition::new(head)),
            // Busy is for the next time.
            Ok(None) | Err(Fault::Busy) => {}
            Err(fault) => {
                look.connection = None;
                publisher.fail(fault.into());
            }
        }
    }
}

/// A connection that only looks how far the log has come.
struct Look {
    path: PathBuf,
    options: Options,
    connection: Option<Connection>,
    data_version: Option<i64>,
}

impl Look {
    /// The position of the last event, `None` if nothing was committed since the last time.
    fn look(&mut self) -> Result<Option<u64>, Fault> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            closed => {
                self.data_version = None;
                closed.insert(connect::reader(&self.path, &self.options)?)
            }
        };
        // Asked first: what is committed in between is noticed the next time.
        let data_version = connection
            .prepare_cached("PRAGMA data_version")?
            .query_row((), |row| row.get::<_, i64>(0))?;
        if self.data_version == Some(data_version) {
            return Ok(None);
        }
        let head = lookup::head(connection)?;
        self.data_version = Some(data_version);
        Ok(Some(head))
    }
}
