//! The controlling terminal: for the person who sits before it.
//!
//! Owns what is printed, the numbers that requests have there, and what the lines mean that are
//! typed. Never prints what an agent says as it is: it could move the cursor. But all of it, however long:
//! nobody gives leave for what they did not see. Never takes a line for a request that whoever typed it may
//! not have meant.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver};

use super::{Channel, Said};
use crate::projections::pending::PendingRow;
use crate::relay::{Asked, Reply};
use crate::supervisor::SuperviseError;

/// A terminal.
pub struct Terminal<W> {
    out: W,
    lines: Receiver<String>,
    /// What is shown, by the number that it has on the screen.
    shown: BTreeMap<u32, PendingRow>,
    /// Those of them that were answered here, as long as they are shown.
    answered: BTreeSet<u32>,
    /// Whether something went that was answered elsewhere, and nobody was told since what there is: a line
    /// without a number may be meant for that.
    startled: bool,
    numbers: u32,
}

impl Terminal<File> {
    /// The controlling terminal of this process; `None` if it has none.
    ///
    /// # Errors
    /// If it cannot be opened twice, to read and to write.
    pub fn controlling() -> io::Result<Option<Self>> {
        let Ok(out) = File::options().read(true).write(true).open("/dev/tty") else {
            return Ok(None);
        };
        if !out.is_terminal() {
            return Ok(None);
        }
        Ok(Some(Self::over(BufReader::new(out.try_clone()?), out)))
    }
}

impl<W: Write> Terminal<W> {
    /// A terminal out of something that lines come from and something that is printed on.
    ///
    /// The lines are read on a thread that ends with them, or with the process.
    pub fn over(input: impl BufRead + Send + 'static, out: W) -> Self {
        let (typed, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in input.lines().map_while(Result::ok) {
                if typed.send(line).is_err() {
                    break;
                }
            }
        });
        let (shown, answered) = (BTreeMap::new(), BTreeSet::new());
        Self { out, lines, shown, answered, startled: false, numbers: 0 }
    }

    /// The request that a line is about, and what it says to it; `None` if that is not clear. Without a
    /// number it is about the only one.
    fn said<'a>(&self, line: &'a str) -> Option<(&PendingRow, &'a str)> {
        let line = line.trim();
        if let Some((number, rest)) = line.split_once(' ')
            && let Ok(number @ 1..) = number.parse::<u32>()
            && number <= self.numbers
        {
            // It may be over; then it is about no other one.
            return self.shown.get(&number).map(|row| (row, rest.trim()));
        }
        let mut shown = self.shown.values();
        match (shown.next(), shown.next()) {
            (Some(only), None) if !self.startled => Some((only, line)),
            _ => None,
        }
    }

    /// Tells what there is to be answered, by its numbers.
    fn ask_which(&mut self) -> io::Result<()> {
        if self.shown.is_empty() {
            return writeln!(self.out, "nothing waits for an answer");
        }
        writeln!(self.out, "not taken: it is not clear what for. There is")?;
        for (number, row) in &self.shown {
            writeln!(self.out, "    {number} {}", help(row))?;
        }
        Ok(())
    }

    fn number_of(&self, request: &str) -> Option<u32> {
        let mut shown = self.shown.iter();
        shown.find(|(_, row)| row.request == request).map(|(number, _)| *number)
    }
}

impl<W: Write> Channel for Terminal<W> {
    fn name(&self) -> &str {
        "terminal"
    }

    fn shows(&self) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn offer(&mut self, row: &PendingRow) -> io::Result<()> {
        let number = self.numbers.saturating_add(1);
        // Which run it is: a session's own, or one of a branch.
        write!(self.out, "[{number}] {}: ", printable(&row.place.run_stream()))?;
        match &row.asked {
            Asked::Permission { tool } => {
                let (name, input) = (printable(&tool.name), printable(&tool.input));
                writeln!(self.out, "may the agent use {name} {input} ?")?;
            }
            Asked::Question { text, choices } => {
                writeln!(self.out, "{}", printable(text))?;
                for (choice, text) in (1..).zip(choices) {
                    let choice: u32 = choice;
                    writeln!(self.out, "    {choice}: {}", printable(text))?;
                }
            }
        }
        writeln!(self.out, "    {number} {}", help(row))?;
        self.out.flush()?;
        self.numbers = number;
        self.shown.insert(number, row.clone());
        Ok(())
    }

    fn withdraw(&mut self, request: &str, how: &str) -> io::Result<()> {
        let Some(number) = self.number_of(request) else {
            return Ok(());
        };
        writeln!(self.out, "[{number}] is over: {}", printable(how))?;
        self.out.flush()?;
        self.shown.remove(&number);
        self.startled |= !self.answered.remove(&number);
        Ok(())
    }

    fn hear(&mut self) -> io::Result<Vec<Said>> {
        let (mut heard, mut told) = (Vec::new(), false);
        let lines: Vec<String> = self.lines.try_iter().collect();
        for line in lines.iter().filter(|line| !line.trim().is_empty()) {
            let Some((row, text)) = self.said(line) else {
                self.ask_which()?;
                told = true;
                continue;
            };
            match reply_to(&row.asked, text) {
                Some(reply) => heard.push(Said { request: row.request.clone(), reply }),
                None => {
                    let number = self.number_of(&row.request).unwrap_or(0);
                    let help = help(row);
                    writeln!(self.out, "    not understood; {number} {help}")?;
                }
            }
        }
        // Not before: the lines that came with it were typed by somebody who had not read it.
        self.startled &= !told;
        self.out.flush()?;
        Ok(heard)
    }

    fn conclude(&mut self, said: &Said, outcome: Result<(), &SuperviseError>) -> io::Result<()> {
        let Some(number) = self.number_of(&said.request) else {
            return Ok(());
        };
        let Err(error) = outcome else {
            // That it counts is said when it is withdrawn.
            self.answered.insert(number);
            return Ok(());
        };
        writeln!(self.out, "[{number}] not taken: {}", printable(&error.to_string()))?;
        self.out.flush()
    }
}

/// What can be typed.
fn help(row: &PendingRow) -> &'static str {
    match &row.asked {
        Asked::Permission { .. } if row.place.workflow.is_some() => {
            "y(es), n(o) [REASON], or a(lways in this workflow)"
        }
        Asked::Permission { .. } => "y(es) or n(o) [REASON]",
        Asked::Question { choices, .. } if choices.is_empty() => "TEXT",
        Asked::Question { .. } => "and the number of a choice",
    }
}

/// What a line means as an answer.
fn reply_to(asked: &Asked, text: &str) -> Option<Reply> {
    match asked {
        Asked::Permission { .. } => match text.split_once(' ').unwrap_or((text, "")) {
            ("y" | "yes", "") => Some(Reply::Allow),
            ("a" | "always", "") => Some(Reply::Always),
            ("n" | "no", reason) => {
                let reason = Some(reason.trim().to_owned()).filter(|reason| !reason.is_empty());
                Some(Reply::Deny { reason })
            }
            _ => None,
        },
        Asked::Question { .. } if text.is_empty() => None,
        Asked::Question { choices, .. } if choices.is_empty() => {
            Some(Reply::Text { text: text.to_owned() })
        }
        Asked::Question { choices, .. } => {
            let number = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let choice = number.and_then(|at| choices.get(at));
            let choice = choice.or_else(|| choices.iter().find(|choice| *choice == text))?;
            Some(Reply::Text { text: choice.clone() })
        }
    }
}

/// A text without what would move the cursor or turn the line around.
fn printable(text: &str) -> String {
    let harmless = |character: char| match character {
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        character if character.is_control() => ' ',
        character => character,
    };
    text.chars().map(harmless).collect()
}
