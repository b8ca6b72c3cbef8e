//! The recording's own words: an agent that gives an account of its turn as a recording has it.

use super::{Account, Listener, SaidHook};
use crate::recording::{Input, Line};
use crate::workflow::Exit;

/// Listens for a `turn_end` line. How the process ends is seen, whatever the line says of it.
#[derive(Default)]
pub(super) struct Recording {
    account: Account,
}

impl Listener for Recording {
    fn line(&mut self, line: &str) -> Vec<SaidHook> {
        if let Ok(Line { input: Input::TurnEnd { exit, tokens }, .. }) =
            Line::parse(line.as_bytes())
        {
            let Exit { error, transport, .. } = exit;
            self.account = Account { tokens, error, tool_uses: None, transport };
        }
        Vec::new()
    }

    fn account(&self) -> Account {
        self.account.clone()
    }
}
