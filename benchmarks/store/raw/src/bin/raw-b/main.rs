//! The store jobs in SQLite by hand, in the layout that vitae has: a row holds as many events as fill a
//! page, and no other index than its position. Which events a stream has and which commits there were is
//! kept in memory for the newest part of the log, and written for all of it together, sorted, as posting
//! lists; the events of long streams are then written once more, one behind the other. What is in memory can
//! be read again from the rows. This is the limit of the layout: nothing here checks what a store must.

mod block;
mod body;
mod bundle;
mod flush;
mod index;
mod number;
mod read;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use store_jobs::{Account, Durability, Failure, Grouping, Planned, Rows, Share, System};
use store_raw::{commit, open};

use crate::index::Index;
use crate::read::Names;
use crate::write::Inserting;

fn main() -> Result<(), Failure> {
    store_jobs::run::<Raw>()
}

struct Raw {
    path: PathBuf,
    connection: Connection,
    index: Index,
    streams: Vec<String>,
}

impl System for Raw {
    const NAME: &'static str = "raw-b";

    /// There is no other default than what is set here.
    fn open(folder: &Path, _: Durability) -> Result<Self, Failure> {
        let path = folder.join("events.db");
        let connection = open(&path)?;
        connection.execute_batch(include_str!("format.sql"))?;
        let index = Index::read(&connection)?;
        Ok(Self { path, connection, index, streams: store_jobs::plan::stream_ids() })
    }

    fn fill(&mut self, events: &mut dyn Iterator<Item = Planned>) -> Result<(), Failure> {
        let mut writer = Inserting::new(&self.connection, &mut self.index)?;
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
            let (path, index) = (&self.path, &mut self.index);
            return store_raw::append(&self.streams, shares, |requests| {
                let connection = open(path)?;
                requests.serve(&mut Inserting::new(&connection, index)?)
            });
        };
        let mut writer = Inserting::new(&self.connection, &mut self.index)?;
        for planned in shares.into_iter().flatten() {
            commit(&mut writer, &self.streams, &[planned])?;
        }
        Ok(())
    }

    fn bulk(&mut self, mut events: Share, in_commit: usize) -> Result<(), Failure> {
        let mut writer = Inserting::new(&self.connection, &mut self.index)?;
        while events.left() > 0 {
            let some = events.by_ref().take(in_commit).collect::<Vec<_>>();
            commit(&mut writer, &self.streams, &some)?;
        }
        Ok(())
    }

    fn load(&mut self, stream: u32) -> Result<Account, Failure> {
        read::load(&self.connection, &self.index, &self.streams[stream as usize])
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
