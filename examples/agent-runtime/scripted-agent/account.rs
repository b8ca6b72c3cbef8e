//! What the agent says of its turn at the end, and how it ends.

use std::io::{self, Write};
use std::process::ExitCode;

use agent_runtime::live::output::Speaks;
use agent_runtime::workflow::Tokens;
use serde_json::{Map, Value, json};

use super::Failure;
use super::script::TurnEnd;

/// Gives the account on standard output, and the last words on standard error.
pub(crate) fn give(speaks: Speaks, end: &TurnEnd, tool_uses: u64) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match speaks {
        Speaks::Recording => writeln!(out, "{}", end.line)?,
        Speaks::Claude => {
            let said = end.exit.transport.map(|transport| transport.stream_tool_uses);
            for line in claude(end, said.unwrap_or(tool_uses)) {
                writeln!(out, "{line}")?;
            }
        }
        Speaks::Plain | Speaks::Codex => {}
    }
    if let Some(stderr) = &end.exit.stderr {
        eprintln!("{stderr}");
    }
    Ok(())
}

/// How the process ends. One that has neither an exit code nor an error has not failed.
pub(crate) fn end(end: &TurnEnd) -> ExitCode {
    match (end.exit.code, &end.exit.error) {
        (Some(code), _) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, Some(_)) => ExitCode::FAILURE,
        (None, None) => ExitCode::SUCCESS,
    }
}

/// In Claude Code's words.
fn claude(end: &TurnEnd, tool_uses: u64) -> Vec<Value> {
    let tokens = end.tokens;
    let mut lines = Vec::new();
    for _ in 0..tool_uses {
        let content = [json!({ "type": "tool_use", "name": "Bash" })];
        lines.push(json!({ "type": "assistant", "message": { "content": content } }));
    }
    if let Some(size) = tokens.context_size {
        let message = json!({ "content": [], "usage": { "input_tokens": size } });
        lines.push(json!({ "type": "assistant", "message": message }));
    }
    let window = tokens.context_window_size;
    let models = window
        .map_or_else(|| json!({}), |window| json!({ "model-small": { "contextWindow": window } }));
    lines.push(json!({
        "type": "result",
        "is_error": end.exit.error.is_some(),
        "result": end.exit.error.as_deref().unwrap_or("done"),
        "usage": usage(&tokens),
        "modelUsage": models,
    }));
    lines
}

/// What is known of the tokens.
fn usage(tokens: &Tokens) -> Map<String, Value> {
    let all = [
        ("input_tokens", tokens.input),
        ("output_tokens", tokens.output),
        ("cache_read_input_tokens", tokens.cache_read),
        ("cache_creation_input_tokens", tokens.cache_write),
    ];
    let known = all.into_iter().filter_map(|(name, count)| Some((name.to_owned(), count?.into())));
    known.collect()
}
