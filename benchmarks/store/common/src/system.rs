//! What a system must be able to do.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::path::Path;

use crate::{Account, Durability, Planned, Share};

pub type Failure = Box<dyn Error + Send + Sync>;

/// An event store that is measured. What it has no notion of, it leaves as it is here.
pub trait System: Sized {
    /// As the table has it.
    const NAME: &'static str;

    /// Opens the store in a folder, or makes it.
    fn open(folder: &Path, durability: Durability) -> Result<Self, Failure>;

    /// Brings events in, as fast as may be: this is not timed, and the one call that need not be
    /// durable.
    fn fill(&mut self, events: &mut dyn Iterator<Item = Planned>) -> Result<(), Failure>;

    /// Appends every event of every share in a commit of its own, the shares side by side, and within
    /// a share one after the other: each waits until the one before is acknowledged.
    fn append(&mut self, shares: Vec<Share>) -> Result<(), Failure>;

    /// Appends events, so many in each commit.
    fn bulk(&mut self, events: Share, in_commit: usize) -> Result<(), Failure> {
        let _ = (events, in_commit);
        Err(Unsupported("has no commit over several streams").into())
    }

    /// Folds a stream's events, from the first to the last, from the log and from nothing else.
    fn load(&mut self, stream: u32) -> Result<Account, Failure>;

    /// Folds all events in the order of the log. Everything that is stored with an event is read.
    fn scan(&mut self) -> Result<Account, Failure>;

    /// Folds all events into the rows of a new view, and commits rows and checkpoint together after
    /// every so many events; rows before the checkpoint where they cannot be one commit.
    fn catch_up(&mut self, view: &str, by: Grouping, in_commit: usize) -> Result<(), Failure> {
        let _ = (view, by, in_commit);
        Err(Unsupported("does not follow the log").into())
    }

    /// Folds all events once more, into rows beside those of a view, and says which view has them then:
    /// the same one where the system switches over, else another.
    fn rebuild(&mut self, view: &str, by: Grouping, in_commit: usize) -> Result<String, Failure> {
        let anew = format!("{view}_anew");
        self.catch_up(&anew, by, in_commit)?;
        Ok(anew)
    }

    /// The rows of a view.
    fn view(&mut self, view: &str) -> Result<Rows, Failure> {
        let _ = view;
        Err(Unsupported("does not follow the log").into())
    }

    /// [`catch_up`](Self::catch_up) into an SQL table of the view, with a column for each number.
    fn catch_up_in_tables(
        &mut self,
        view: &str,
        by: Grouping,
        in_commit: usize,
    ) -> Result<(), Failure> {
        let _ = (view, by, in_commit);
        Err(Unsupported("is not measured into SQL tables").into())
    }

    /// The rows of a view's SQL table.
    fn table(&mut self, view: &str) -> Result<Rows, Failure> {
        let _ = view;
        Err(Unsupported("is not measured into SQL tables").into())
    }

    /// Closes the store: what is in a log beside the file goes home.
    fn close(self) -> Result<(), Failure> {
        Ok(())
    }
}

/// What a row of a view is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// A region, of which there are sixteen.
    Region,
    /// A stream.
    Stream,
}

impl Grouping {
    /// The key of an event's row.
    pub fn key(self, stream: u32, region: u8) -> u32 {
        match self {
            Self::Region => u32::from(region),
            Self::Stream => stream,
        }
    }
}

/// A row of a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub events: u64,
    pub cents: u64,
}

impl Row {
    pub fn add(&mut self, cents: u32) {
        self.events += 1;
        self.cents += u64::from(cents);
    }
}

pub type Rows = BTreeMap<u32, Row>;

/// A job that a system has no notion of, and why.
#[derive(Clone, Copy, Debug)]
pub struct Unsupported(pub &'static str);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Unsupported {}
