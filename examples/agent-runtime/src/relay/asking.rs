//! What a request asks of people: leave, or the answers to the agent's questions.
//!
//! Owns the ids of what is relayed for a request. Leave has the request's own; each question has that
//! with its number, so that it is offered, answered and counted like anything else.

use std::fmt::Write;

use super::Asked;
use crate::hook::question::{AgentQuestion, asked_by};
use crate::run::Tool;

/// What is relayed for a request to use a tool, each with the id that it has then.
#[must_use]
pub fn asked_for(request: &str, tool: &Tool) -> Vec<(String, Asked)> {
    let questions = asked_by(tool);
    if questions.is_empty() {
        return vec![(request.to_owned(), Asked::Permission { tool: tool.clone() })];
    }
    let numbered = (1..).zip(&questions);
    numbered.map(|(number, question)| (question_id(request, number), asked(question))).collect()
}

/// The id of a request's question, by its number, counted from 1. That of a request's stream makes that of
/// the question's.
#[must_use]
pub fn question_id(request: &str, number: usize) -> String {
    format!("{request}.{number}")
}

/// What [`question_id`] made an id from, if it did.
#[must_use]
pub fn question_of(id: &str) -> Option<(&str, usize)> {
    let (request, number) = id.rsplit_once('.')?;
    let number = number.parse().ok()?;
    (number > 0 && question_id(request, number) == id).then_some((request, number))
}

/// A question as a person reads it. Where several options may be chosen the answer is a text, for nobody
/// could say two of them otherwise.
fn asked(question: &AgentQuestion) -> Asked {
    let labels = question.options.iter().map(|option| option.label.clone());
    let mut text = question.text.clone();
    let mut choices = labels.collect::<Vec<_>>();
    // Writing to a `String` cannot fail.
    if question.several && !choices.is_empty() {
        let _ = write!(text, " (one or more of: {})", choices.join(", "));
        choices.clear();
    }
    for option in question.options.iter().filter(|option| !option.description.is_empty()) {
        let _ = write!(text, "\n{}: {}", option.label, option.description);
    }
    Asked::Question { text, choices }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_known_by_its_id() {
        assert_eq!(question_of(&question_id("s/r.1", 12)), Some(("s/r.1", 12)));
        for id in ["r", "r.", "r.0", "r.01", "r.+1", "r.-1", "r.x", "r.99999999999999999999"] {
            assert_eq!(question_of(id), None, "{id}");
        }
    }
}
