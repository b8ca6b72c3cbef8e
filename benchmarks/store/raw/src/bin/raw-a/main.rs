//! The store jobs in SQLite by hand, as an expert would write them: a row an event, a unique index
//! over streams and versions, a unique id for each commit, statements that are prepared once, group
//! commit, versions of streams held in memory, payloads decoded where they lie.

mod read;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use store_jobs::{Account, Durability, Failure, Grouping, Planned, Rows, Share, System};

use store_raw::{commit, open};

use crate::read::Names;
use crate::write::{Inserting, Known};

fn main() -> Result<(), Failure> {
    store_jobs::run::<Raw>()
}

struct Raw {
    path: PathBuf,
    /// What one connection does; writers side by side have one of their own.
    connection: Connection,
    known: Known,
    streams: Vec<String>,
}

impl System for Raw {
    const NAME: &'static str = "raw-a";

    /// There is no other default than what is set here.
    fn open(folder: &Path, _: Durability) -> Result<Self, Failure> {
        let path = folder.join("events.db");
        let connection = open(&path)?;
        connection.execute_batch(include_str!("format.sql"))?;
        let known = Known::read(&connection)?;
        Ok(Self { path, connection, known, streams: store_jobs::plan::stream_ids() })
    }

    fn fill(&mut self, events: &mut dyn Iterator<Item = Planned>) -> Result<(), Failure> {
        let mut writer = Inserting::new(&self.connection, &mut self.known)?;
        loop {
            let some = events.take(1_000).collect::<Vec<_>>();
            if some.is_empty() {
                return Ok(());
            }
            commit(&mut writer, &self.streams, &some)?;
        }
    }

    fn append(&mut self, shares: Vec<Share>) -> Result<(), Failure> {
        let [_] = shares.as_slice() else {
            let (path, known) = (&self.path, &mut self.known);
            return store_raw::append(&self.streams, shares, |requests| {
                let connection = open(path)?;
                requests.serve(&mut Inserting::new(&connection, known)?)
            });
        };
        // Alone, it needs no other thread.
        let mut writer = Inserting::new(&self.connection, &mut self.known)?;
        for planned in shares.into_iter().flatten() {
            commit(&mut writer, &self.streams, &[planned])?;
        }
        Ok(())
    }

    fn bulk(&mut self, mut events: Share, in_commit: usize) -> Result<(), Failure> {
        let mut writer = Inserting::new(&self.connection, &mut self.known)?;
        while events.left() > 0 {
            let some = events.by_ref().take(in_commit).collect::<Vec<_>>();
            commit(&mut writer, &self.streams, &some)?;
        }
        Ok(())
    }

    fn load(&mut self, stream: u32) -> Result<Account, Failure> {
        read::load(&self.connection, &self.streams[stream as usize])
    }

    fn scan(&mut self) -> Result<Account, Failure> {
        read::scan(&self.connection)
    }

    fn catch_up(&mut self, view: &str, by: Grouping, in_commit: usize) -> Result<(), Failure> {
        let names = Names::load(&self.connection)?;
        store_raw::catch_up(&self.connection, &names, view, by, in_commit)
    }

    fn view(&mut self, view: &str) -> Result<Rows, Failure> {
        store_raw::view(&self.connection, view)
    }

    /// By hand, a view is a table.
    fn catch_up_in_tables(
        &mut self,
        view: &str,
        by: Grouping,
        in_commit: usize,
    ) -> Result<(), Failure> {
        self.catch_up(view, by, in_commit)
    }

    fn table(&mut self, view: &str) -> Result<Rows, Failure> {
        self.view(view)
    }
}
