//! The tool whose use is to ask a person: what a use of it asks.
//!
//! Owns the words of its input. Never answers anything.

use serde::Deserialize;

use crate::run::Tool;

/// The tool, as Claude Code calls it.
const ASKS: &str = "AskUserQuestion";

/// The most questions that are understood; Claude Code asks four at the most.
const MOST: usize = 16;

/// A question of an agent.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct AgentQuestion {
    /// The question; the agent finds the answer by it.
    #[serde(rename = "question")]
    pub text: String,
    /// What can be answered; empty if it is any text.
    #[serde(default)]
    pub options: Vec<AnswerOption>,
    /// Whether several of them can be.
    #[serde(default, rename = "multiSelect")]
    pub several: bool,
}

/// What can be answered.
#[derive(Deserialize, Clone, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the fields say it")]
pub struct AnswerOption {
    pub label: String,
    #[serde(default)]
    pub description: String,
}

/// What a use of a tool asks; nothing if the tool is another one, or its input is not understood: its use
/// is then one that leave is needed for, as of any other.
#[must_use]
pub fn asked_by(tool: &Tool) -> Vec<AgentQuestion> {
    #[derive(Deserialize)]
    struct Input {
        questions: Vec<AgentQuestion>,
    }
    if tool.name != ASKS {
        return Vec::new();
    }
    let questions = serde_json::from_str(&tool.input).map(|Input { questions }| questions);
    questions.ok().filter(|questions| questions.len() <= MOST).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, input: &str) -> Vec<AgentQuestion> {
        asked_by(&Tool { name: name.to_owned(), use_id: None, input: input.to_owned() })
    }

    #[test]
    fn a_use_of_the_tool_asks_and_no_other() {
        let input = r#"{"questions": [
            {"question": "Which?", "header": "It", "multiSelect": true,
             "options": [{"label": "this", "description": "near"}, {"label": "that"}]},
            {"question": "Why?"}
        ]}"#;
        let option = |label: &str, description: &str| AnswerOption {
            label: label.to_owned(),
            description: description.to_owned(),
        };
        let options = vec![option("this", "near"), option("that", "")];
        let which = AgentQuestion { text: "Which?".to_owned(), options, several: true };
        let why = AgentQuestion { text: "Why?".to_owned(), options: Vec::new(), several: false };
        assert_eq!(asked(ASKS, input), [which, why]);
        let many = vec![r#"{"question": "Why?"}"#; MOST + 1].join(",");
        let many = format!(r#"{{"questions": [{many}]}}"#);
        for (name, input) in [("Bash", input), (ASKS, "null"), (ASKS, "{}"), (ASKS, &many)] {
            assert!(asked(name, input).is_empty(), "{name} {input}");
        }
    }
}
