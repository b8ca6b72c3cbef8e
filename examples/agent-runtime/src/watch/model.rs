//! What the terminal shows, and what changes it.
//!
//! Owns what keys mean and what is chosen. Must never read or write anything.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::lives::{Line, lines};
use crate::answering::Said;
use crate::overview::{Life, Moment, Overview, RequestSeen};

/// The longest reason that can be typed, in characters.
const REASON: usize = 500;

/// What there is to see, and what of it is chosen.
#[derive(Debug)]
pub struct Model {
    /// What the log was read from.
    pub name: String,
    /// How everything stands.
    pub overview: Overview,
    /// The last events, the newest first.
    pub moments: Vec<Moment>,
    /// The lives as a tree.
    pub lines: Vec<Line>,
    /// Where keys lead to.
    pub pane: Pane,
    /// The life that was chosen, by lifecycle and id. Else it is the newest workflow.
    life: Option<(&'static str, String)>,
    /// The request that was chosen, by the id of its stream. Only a person chooses one: what waits may
    /// change at any moment, and a key pressed for one request must never answer another.
    request: Option<String>,
    /// How many events of the feed were passed.
    pub passed: usize,
    /// The reason of a denial, while it is typed.
    pub reason: Option<String>,
    /// What became of what was done last.
    pub note: Option<String>,
}

/// A part of the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Pane {
    Lives,
    Feed,
    Requests,
}

/// Something that the model is told.
#[derive(Debug)]
pub enum Message {
    /// The log was read.
    Seen(Box<Overview>, Vec<Moment>),
    /// A key was pressed.
    Key(KeyEvent),
    /// The screen is to be drawn anew.
    Resized,
    /// An answer is on the log.
    Answered,
    /// Something went wrong.
    Failed(String),
}

/// Something that the model wants to be done.
#[derive(PartialEq, Eq, Debug)]
pub enum Act {
    /// End.
    Quit,
    /// Answer a request.
    Answer(Said),
}

impl Model {
    /// A model that has seen nothing yet.
    #[must_use]
    pub fn new(name: String) -> Self {
        Self {
            name,
            overview: Overview::default(),
            moments: Vec::new(),
            lines: Vec::new(),
            pane: Pane::Lives,
            life: None,
            request: None,
            passed: 0,
            reason: None,
            note: None,
        }
    }

    /// Takes a message.
    pub fn update(&mut self, message: Message) -> Option<Act> {
        match message {
            Message::Seen(overview, moments) => self.see(*overview, moments),
            Message::Key(key) if key.kind != KeyEventKind::Release => return self.press(key),
            Message::Key(_) | Message::Resized => {}
            Message::Answered => self.note = Some("answered".to_owned()),
            Message::Failed(why) => self.note = Some(why),
        }
        None
    }

    fn see(&mut self, overview: Overview, moments: Vec<Moment>) {
        (self.lines, self.overview, self.moments) = (lines(&overview), overview, moments);
        self.passed = self.passed.min(self.moments.len().saturating_sub(1));
        if self.chosen_request().is_none() {
            if self.request.take().is_some() && self.reason.take().is_some() {
                self.note = Some("the request does not wait any more".to_owned());
            }
            if self.overview.pending().is_empty() && self.pane == Pane::Requests {
                self.pane = Pane::Lives;
            }
        }
    }

    /// Where the chosen life stands in the tree.
    #[must_use]
    pub fn chosen(&self) -> Option<usize> {
        let (category, id) = match &self.life {
            Some((category, id)) => (*category, Some(id)),
            None => ("workflow", None),
        };
        let is_it = |line: &Line| line.category == category && id.is_none_or(|id| line.id == *id);
        self.lines.iter().rposition(is_it).or(self.lines.len().checked_sub(1))
    }

    /// The request that was chosen, if it still waits.
    #[must_use]
    pub fn chosen_request(&self) -> Option<&Life<RequestSeen>> {
        let id = self.request.as_ref()?;
        self.overview.requests.get(id).filter(|life| !life.over)
    }

    fn press(&mut self, key: KeyEvent) -> Option<Act> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then_some(Act::Quit);
        }
        if let Some(reason) = self.reason.take() {
            return self.type_reason(reason, key.code);
        }
        self.note = None;
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Some(Act::Quit),
            KeyCode::Tab => self.pane = self.next_pane(),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::PageDown => self.step(10),
            KeyCode::PageUp => self.step(-10),
            KeyCode::Char('a') => return self.answer(true, None),
            KeyCode::Char('d') if self.chosen_request().is_some() => {
                self.reason = Some(String::new());
            }
            KeyCode::Char('d') => return self.answer(false, None),
            _ => {}
        }
        None
    }

    fn type_reason(&mut self, mut reason: String, key: KeyCode) -> Option<Act> {
        match key {
            KeyCode::Enter => return self.answer(false, Some(reason)),
            KeyCode::Esc => return None,
            KeyCode::Backspace => drop(reason.pop()),
            KeyCode::Char(char) if reason.chars().count() < REASON => reason.push(char),
            _ => {}
        }
        self.reason = Some(reason);
        None
    }

    fn answer(&mut self, allow: bool, reason: Option<String>) -> Option<Act> {
        let Some(request) = self.chosen_request().map(|life| life.seen.clone()) else {
            self.note = Some("choose a request first: Tab, then ↓".to_owned());
            return None;
        };
        self.request = None;
        let (session, request) = (request.session, request.request);
        Some(Act::Answer(Said { session, request, allow, reason }))
    }

    fn next_pane(&self) -> Pane {
        match self.pane {
            Pane::Lives => Pane::Feed,
            Pane::Feed if !self.overview.pending().is_empty() => Pane::Requests,
            Pane::Feed | Pane::Requests => Pane::Lives,
        }
    }

    fn step(&mut self, by: isize) {
        match self.pane {
            Pane::Lives => {
                let at = self.chosen().map(|at| stepped(at, by, self.lines.len()));
                let line = at.and_then(|at| self.lines.get(at));
                self.life = line.map(|line| (line.category, line.id.clone()));
            }
            Pane::Feed => self.passed = stepped(self.passed, by, self.moments.len()),
            Pane::Requests => {
                let pending = self.overview.pending();
                let at = pending.iter().position(|life| Some(&life.id) == self.request.as_ref());
                let at = at.map_or(0, |at| stepped(at, by, pending.len()));
                self.request = pending.get(at).map(|life| life.id.clone());
            }
        }
    }
}

/// A place in a list, so many on or back, as far as there are any.
fn stepped(at: usize, by: isize, length: usize) -> usize {
    at.saturating_add_signed(by).min(length.saturating_sub(1))
}
