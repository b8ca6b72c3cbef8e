//! What the terminal shows, and what changes it.
//!
//! Owns what keys mean and what is chosen. Must never read or write anything.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::answering::Said;
use crate::overview::{Asks, Line, Moment, Overview, Waiting, tree, waiting};
use crate::relay::Reply;

/// The longest text that can be typed, in characters.
const TYPED: usize = 500;

/// The longest text that surely stands on one line where it waits, in characters.
const LINE: usize = 60;

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
    /// What waits for an answer, the oldest first.
    pub waiting: Vec<Waiting>,
    /// Where keys lead to.
    pub pane: Pane,
    /// The life that was chosen, by lifecycle and id. Else it is the newest workflow.
    life: Option<(&'static str, String)>,
    /// What was chosen of what waits, by the id of its stream. Only a person chooses: what waits may
    /// change at any moment, and a key pressed for one request must never answer another.
    request: Option<String>,
    /// All of what was chosen, once somebody wanted to see it.
    pub whole: Option<Whole>,
    /// How many events of the feed were passed.
    pub passed: usize,
    /// What is being typed, if anything is.
    pub typed: Option<Typed>,
    /// What became of what was done last.
    pub note: Option<String>,
    /// Why the log is no longer seen, while it is not: what is shown is how it was before.
    pub blind: Option<String>,
}

/// A part of the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Pane {
    Lives,
    Feed,
    Requests,
}

/// All of what somebody is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Whole {
    /// The id of its stream.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// How many lines of it were passed.
    pub passed: u16,
}

/// A text that is being typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// Why the agent may not.
    Reason(String),
    /// The answer to a question.
    Answer(String),
}

/// Something that the model is told.
#[derive(Debug)]
pub enum Message {
    /// The log was read.
    Seen(Box<Overview>, Vec<Moment>),
    /// The log could not be read; it is tried again when it goes on.
    Blind(String),
    /// All of what waits under this id was read.
    Whole(String, String),
    /// A key was pressed.
    Key(KeyEvent),
    /// The screen is to be drawn anew.
    Resized,
    /// An answer is on the log.
    Answered,
    /// An answer was not taken.
    Failed(String),
}

/// Something that the model wants to be done.
#[derive(PartialEq, Eq, Debug)]
pub enum Act {
    /// End.
    Quit,
    /// Read all of what waits under this id.
    Show(String),
    /// Answer what waits.
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
            waiting: Vec::new(),
            pane: Pane::Lives,
            life: None,
            request: None,
            whole: None,
            passed: 0,
            typed: None,
            note: None,
            blind: None,
        }
    }

    /// Takes a message.
    pub fn update(&mut self, message: Message) -> Option<Act> {
        match message {
            Message::Seen(overview, moments) => self.see(*overview, moments),
            Message::Blind(why) => self.blind = Some(why),
            Message::Whole(id, text) if self.request.as_ref() == Some(&id) => {
                self.whole = Some(Whole { id, text, passed: 0 });
            }
            // Another one was chosen meanwhile.
            Message::Whole(..) => {}
            Message::Key(key) if key.kind != KeyEventKind::Release => return self.press(key),
            Message::Key(_) | Message::Resized => {}
            Message::Answered => self.note = Some("answered".to_owned()),
            Message::Failed(why) => self.note = Some(why),
        }
        None
    }

    fn see(&mut self, overview: Overview, moments: Vec<Moment>) {
        (self.lines, self.waiting) = (tree(&overview), waiting(&overview));
        (self.overview, self.moments, self.blind) = (overview, moments, None);
        self.passed = self.passed.min(self.moments.len().saturating_sub(1));
        if self.chosen_request().is_none() {
            self.whole = None;
            if self.request.take().is_some() && self.typed.take().is_some() {
                self.note = Some("the request does not wait any more".to_owned());
            }
            if self.waiting.is_empty() && self.pane == Pane::Requests {
                self.pane = Pane::Lives;
            }
        }
    }

    /// Where the chosen life stands in the tree.
    #[must_use]
    pub fn chosen(&self) -> Option<usize> {
        let lines = || self.lines.iter().enumerate();
        let found = match &self.life {
            Some((category, id)) => {
                lines().find(|(_, line)| line.category == *category && line.id == *id)
            }
            None => {
                let workflows = lines().filter(|(_, line)| line.category == "workflow");
                workflows.max_by_key(|(_, line)| line.began)
            }
        };
        found.map(|(at, _)| at).or(self.lines.len().checked_sub(1))
    }

    /// What was chosen of what waits, if it still does.
    #[must_use]
    pub fn chosen_request(&self) -> Option<&Waiting> {
        let id = self.request.as_ref()?;
        self.waiting.iter().find(|it| it.id == *id)
    }

    fn press(&mut self, key: KeyEvent) -> Option<Act> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return (key.code == KeyCode::Char('c')).then_some(Act::Quit);
        }
        if let Some(typed) = self.typed.take() {
            return self.write(typed, key.code);
        }
        self.note = None;
        if self.whole.is_some() && self.read_on(key.code) {
            return None;
        }
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Some(Act::Quit),
            KeyCode::Tab => (self.pane, self.whole) = (self.next_pane(), None),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::PageDown => self.step(10),
            KeyCode::PageUp => self.step(-10),
            KeyCode::Char(char) if matches!(char, 's' | 'a' | 'd' | 'w' | 't' | '1'..='9') => {
                return self.press_for_request(char);
            }
            _ => {}
        }
        None
    }

    /// A key that answers, or begins to.
    fn press_for_request(&mut self, key: char) -> Option<Act> {
        let Some(request) = self.chosen_request() else {
            self.note = Some("choose a request first: Tab, then ↓".to_owned());
            return None;
        };
        match (request.asks, key) {
            (_, 's') => return Some(Act::Show(request.id.clone())),
            (Asks::Text, 't') => self.typed = Some(Typed::Answer(String::new())),
            (Asks::Text, number) => {
                let number = number.to_digit(10).and_then(|number| usize::try_from(number).ok());
                let at = number.and_then(|number| number.checked_sub(1));
                match at.and_then(|at| request.choices.get(at)).cloned() {
                    Some(text) => return self.answer(Reply::Text { text }),
                    None => self.note = Some("it is a question: t, or a choice's number".into()),
                }
            }
            (Asks::Leave | Asks::LeaveInWorkflow, 'a') => return self.allow(Reply::Allow),
            (Asks::LeaveInWorkflow, 'w') => return self.allow(Reply::Always),
            (_, 'w') => self.note = Some("only leave in a workflow can be given for good".into()),
            (_, 'd') => self.typed = Some(Typed::Reason(String::new())),
            _ => self.note = Some("it asks for leave: a or d".to_owned()),
        }
        None
    }

    /// A key that leads through all of what was chosen, or back from it. Whether it was one.
    fn read_on(&mut self, key: KeyCode) -> bool {
        let Some(whole) = &mut self.whole else { return false };
        let by = match key {
            KeyCode::Down | KeyCode::Char('j') => 1,
            KeyCode::Up | KeyCode::Char('k') => -1,
            KeyCode::PageDown => 10,
            KeyCode::PageUp => -10,
            KeyCode::Esc | KeyCode::Char('s') => {
                self.whole = None;
                return true;
            }
            _ => return false,
        };
        whole.passed = whole.passed.saturating_add_signed(by);
        true
    }

    /// Gives leave for what was shown. What may not have been is shown now: the key means no leave yet.
    fn allow(&mut self, reply: Reply) -> Option<Act> {
        let request = self.chosen_request()?;
        let short = |text: &str| text.chars().count() <= LINE;
        let shown = self.whole.as_ref().is_some_and(|whole| whole.id == request.id)
            || (!request.cut && short(&request.what) && short(&request.detail));
        if shown {
            return self.answer(reply);
        }
        let id = request.id.clone();
        self.note = Some("this is all of it: press the key again if it is meant".to_owned());
        Some(Act::Show(id))
    }

    fn write(&mut self, mut typed: Typed, key: KeyCode) -> Option<Act> {
        let (Typed::Reason(text) | Typed::Answer(text)) = &mut typed;
        match key {
            KeyCode::Enter => {
                return self.answer(match typed {
                    Typed::Reason(reason) => Reply::Deny { reason: Some(reason) },
                    Typed::Answer(text) => Reply::Text { text },
                });
            }
            KeyCode::Esc => return None,
            KeyCode::Backspace => drop(text.pop()),
            KeyCode::Char(char) if text.chars().count() < TYPED => text.push(char),
            _ => {}
        }
        self.typed = Some(typed);
        None
    }

    fn answer(&mut self, reply: Reply) -> Option<Act> {
        let request = self.chosen_request()?;
        let (session, request) = (request.session.clone(), request.request.clone());
        (self.request, self.whole) = (None, None);
        Some(Act::Answer(Said { session, request, reply }))
    }

    const fn next_pane(&self) -> Pane {
        match self.pane {
            Pane::Lives => Pane::Feed,
            Pane::Feed if !self.waiting.is_empty() => Pane::Requests,
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
            Pane::Requests => self.step_to_request(by),
        }
    }

    /// What is chosen to be answered is the life that is shown as well, so that all of it can be read.
    fn step_to_request(&mut self, by: isize) {
        let at = self.waiting.iter().position(|it| Some(&it.id) == self.request.as_ref());
        let at = at.map_or(0, |at| stepped(at, by, self.waiting.len()));
        self.request = self.waiting.get(at).map(|it| it.id.clone());
        let asks = |line: &&Line| {
            ["request", "relay"].contains(&line.category) && Some(&line.id) == self.request.as_ref()
        };
        let line = self.lines.iter().find(asks);
        self.life = line.map(|line| (line.category, line.id.clone()));
    }
}

/// A place in a list, so many on or back, as far as there are any.
fn stepped(at: usize, by: isize, length: usize) -> usize {
    at.saturating_add_signed(by).min(length.saturating_sub(1))
}
