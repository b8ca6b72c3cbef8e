//! The terminal, and the threads that tell the model what happens.
//!
//! Owns that the terminal is given back as it was, whatever ends the watching: an end, an error, a panic,
//! or a signal. Must never decide what a key means.

use std::error::Error;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event};
use vitae::store::{EventStore, ReadError};

use super::model::{Act, Message, Model};
use super::view::draw;
use crate::answering::Desk;
use crate::overview::{History, Scope, SightError, moments, whole};
use crate::signals::{SignalKind, Signals};

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

/// Something that happened.
enum Told {
    /// It is for the model.
    Message(Message),
    /// Nobody watches any more: a signal has come, or keys cannot be read.
    End(io::Result<()>),
}

/// Shows a log on the terminal until a person has seen enough, or the process is told to end. Its threads
/// end with the process.
///
/// # Errors
/// [`WatchError`]; the terminal is as it was before.
pub fn watch(
    name: String,
    store: Arc<dyn EventStore>,
    scope: Scope,
    desk: Desk,
) -> Result<(), WatchError> {
    if !(io::stdout().is_terminal() && io::stdin().is_terminal()) {
        return Err(WatchError::NoTerminal);
    }
    let mut history = History::new(Arc::clone(&store), scope);
    // What cannot be read is said where it can be scrolled back to.
    history.newest()?;
    let ends = [SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
    let signals = Signals::caught(ends)?;
    let restored = Restored;
    // It also makes sure that a panic gives the terminal back before it is told.
    let terminal = ratatui::try_init()?;
    let (tell, told) = sync_channel(MESSAGES);
    let (keys, ends, looks) = (tell.clone(), tell.clone(), tell.clone());
    thread::spawn(move || read_keys(&keys));
    thread::spawn(move || {
        let _ = signals.wait();
        let _ = ends.send(Told::End(Ok(())));
    });
    let looked_at = Arc::clone(&store);
    thread::spawn(move || look(looked_at.as_ref(), &mut history, &looks));
    let ended = run(terminal, Model::new(name), &store, &Arc::new(desk), &tell, &told);
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
    store: &Arc<dyn EventStore>,
    desk: &Arc<Desk>,
    tell: &SyncSender<Told>,
    told: &Receiver<Told>,
) -> Result<(), WatchError> {
    loop {
        terminal.draw(|frame| draw(frame, &model))?;
        let message = match told.recv() {
            Ok(Told::Message(message)) => message,
            Ok(Told::End(ended)) => return Ok(ended?),
            // It cannot be while `tell` is there.
            Err(_) => return Ok(()),
        };
        match model.update(message) {
            None => {}
            Some(Act::Quit) => return Ok(()),
            Some(Act::Show(id)) => {
                let (store, tell) = (Arc::clone(store), tell.clone());
                thread::spawn(move || {
                    let _ = tell.send(Told::Message(match whole(store.as_ref(), &id) {
                        Ok(Some(text)) => Message::Whole(id, text),
                        Ok(None) => Message::Failed("the log does not say what is asked".into()),
                        Err(error) => Message::Failed(story(&error)),
                    }));
                });
            }
            Some(Act::Answer(said)) => {
                let (desk, tell) = (Arc::clone(desk), tell.clone());
                thread::spawn(move || {
                    let _ = tell.send(Told::Message(match desk.take(&said) {
                        Ok(()) => Message::Answered,
                        Err(error) => Message::Failed(story(&error)),
                    }));
                });
            }
        }
    }
}

fn read_keys(tell: &SyncSender<Told>) {
    loop {
        let told = match event::read() {
            Ok(Event::Key(key)) => Told::Message(Message::Key(key)),
            Ok(_) => Told::Message(Message::Resized),
            // Without keys there is no way to leave.
            Err(error) => Told::End(Err(error)),
        };
        let last = matches!(told, Told::End(_));
        if tell.send(told).is_err() || last {
            return;
        }
    }
}

/// Tells what is to be seen, now and whenever the log has gone on, and why it is not to be seen.
fn look(store: &dyn EventStore, history: &mut History, tell: &SyncSender<Told>) {
    let changes = store.changes();
    loop {
        // Asked before the log is read: what comes in between is looked at once more.
        let head = changes.head();
        let message = seen(store, history).unwrap_or_else(|error| Message::Blind(story(&error)));
        if tell.send(Told::Message(message)).is_err() {
            return;
        }
        if let Err(ReadError::Closed) = changes.wait_past(head) {
            return;
        }
    }
}

fn seen(store: &dyn EventStore, history: &mut History) -> Result<Message, SightError> {
    let overview = Box::new(history.newest()?.clone());
    let moments = moments(store, &history.scope().query(), overview.position, MOMENTS)?;
    Ok(Message::Seen(overview, moments))
}

/// An error with everything that caused it.
fn story(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
