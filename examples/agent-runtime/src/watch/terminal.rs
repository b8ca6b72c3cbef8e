//! The terminal, and the threads that tell the model what happens.
//!
//! Owns that the terminal is given back as it was, whatever ends the watching: an end, an error, or a
//! panic. Must never decide what a key means.

use std::error::Error;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use vitae::store::{EventStore, Query};

use super::model::{Act, Message, Model};
use super::view::draw;
use crate::answering::Desk;
use crate::overview::{History, SightError, moments};

/// How many messages wait at the most. Whoever reads the log then waits too, and reads more at once.
const MESSAGES: usize = 8;

/// How many events are shown.
const MOMENTS: usize = 500;

/// Why there was nothing to watch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// There is no terminal to draw on.
    #[error("`watch` draws on a terminal, and this is none; `serve` needs only a browser")]
    NoTerminal,
    /// The terminal failed.
    #[error("the terminal cannot be used")]
    Terminal(#[from] io::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Sight(#[from] SightError),
}

/// Shows a log on the terminal until a person has seen enough. Its threads end with the process.
///
/// # Errors
/// [`WatchError`]; the terminal is as it was before.
pub fn watch(
    name: String,
    store: Arc<dyn EventStore>,
    query: Query,
    desk: Desk,
) -> Result<(), WatchError> {
    if !(io::stdout().is_terminal() && io::stdin().is_terminal()) {
        return Err(WatchError::NoTerminal);
    }
    let mut history = History::new(Arc::clone(&store), query.clone());
    // What cannot be read is said where it can be scrolled back to.
    history.newest()?;
    let restored = Restored;
    // It also makes sure that a panic gives the terminal back before it is told.
    let terminal = ratatui::try_init()?;
    let (tell, told) = sync_channel(MESSAGES);
    let keys = tell.clone();
    thread::spawn(move || read_keys(&keys));
    let looks = tell.clone();
    thread::spawn(move || {
        if let Err(error) = look(store.as_ref(), &query, &mut history, &looks) {
            let _ = looks.send(Message::Failed(story(&error)));
        }
    });
    let ended = run(terminal, Model::new(name), &Arc::new(desk), &tell, &told);
    drop(restored);
    ended
}

/// Gives the terminal back.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

fn run(
    mut terminal: DefaultTerminal,
    mut model: Model,
    desk: &Arc<Desk>,
    tell: &SyncSender<Message>,
    told: &Receiver<Message>,
) -> Result<(), WatchError> {
    loop {
        terminal.draw(|frame| draw(frame, &model))?;
        // It cannot fail while `tell` is there.
        let Ok(message) = told.recv() else { return Ok(()) };
        match model.update(message) {
            None => {}
            Some(Act::Quit) => return Ok(()),
            Some(Act::Answer(said)) => {
                let (desk, tell) = (Arc::clone(desk), tell.clone());
                thread::spawn(move || {
                    let taken = desk.take(said);
                    let _ = tell.send(match taken {
                        Ok(()) => Message::Answered,
                        Err(error) => Message::Failed(story(&error)),
                    });
                });
            }
        }
    }
}

fn read_keys(tell: &SyncSender<Message>) {
    loop {
        let message = match event::read() {
            Ok(Event::Key(key)) => Message::Key(key),
            Ok(_) => Message::Resized,
            Err(error) => Message::Failed(story(&error)),
        };
        let failed = matches!(message, Message::Failed(_));
        if tell.send(message).is_err() || failed {
            return;
        }
    }
}

/// Tells what is to be seen, now and whenever the log has gone on.
fn look(
    store: &dyn EventStore,
    query: &Query,
    history: &mut History,
    tell: &SyncSender<Message>,
) -> Result<(), SightError> {
    let changes = store.changes();
    loop {
        // Asked before the log is read: what comes in between is looked at once more.
        let head = store.head()?;
        let overview = Box::new(history.newest()?.clone());
        let moments = moments(store, query, overview.position, MOMENTS)?;
        if tell.send(Message::Seen(overview, moments)).is_err() {
            return Ok(());
        }
        changes.wait_past(head)?;
    }
}

/// An error with everything that caused it.
fn story(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
