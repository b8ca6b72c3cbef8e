//! The store jobs in SQLite by hand, as an expert would write them: a row an event, a unique index
//! over streams and versions, a unique id for each commit, statements that are prepared once, group
//! commit, versions of streams held in memory, payloads decoded where they lie.

mod catch_up;
mod group;
mod read;
mod write;

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use store_jobs::{Account, Durability, Failure, Grouping, Planned, Rows, Share, System};

use crate::write::{Known, New, Writer};

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
        let mut writer = Writer::new(&self.connection, &mut self.known)?;
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
            return group::append(&self.path, &mut self.known, &self.streams, shares);
        };
        // Alone, it needs no other thread.
        let mut writer = Writer::new(&self.connection, &mut self.known)?;
        for planned in shares.into_iter().flatten() {
            commit(&mut writer, &self.streams, &[planned])?;
        }
        Ok(())
    }

    fn bulk(&mut self, mut events: Share, in_commit: usize) -> Result<(), Failure> {
        let mut writer = Writer::new(&self.connection, &mut self.known)?;
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
        catch_up::catch_up(&self.connection, view, by, in_commit)
    }

    fn view(&mut self, view: &str) -> Result<Rows, Failure> {
        catch_up::view(&self.connection, view)
    }
}

/// As vitae opens its connections, the log brought home after 1,000 pages included.
fn open(path: &Path) -> Result<Connection, Failure> {
    let connection = Connection::open(path)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(format!("the journal mode is `{mode}`").into());
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", 1_000)?;
    // Without it, a cached statement is prepared anew at every use.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// One commit, durable when this returns.
fn commit(writer: &mut Writer<'_>, streams: &[String], events: &[Planned]) -> Result<(), Failure> {
    writer.begin()?;
    let mut commit_id = Some(uuid::Uuid::now_v7().into_bytes());
    for planned in events {
        let new = New::of(&streams[planned.stream as usize], planned, commit_id.take())?;
        writer.append(&new)?;
    }
    writer.commit()
}
