//! What the README's lifecycle becomes, kept as a file to be read: `docs/expansion.rs`.

#![expect(clippy::unwrap_used, reason = "it is how a test fails")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::Errors;

const WRITE: &str = "VITAE_DOCS";

#[test]
fn the_readme_s_lifecycle_expands_as_the_documentation_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let program = std::fs::read_to_string(root.join("examples/first-steps/src/main.rs")).unwrap();
    let begin = program.find("#[derive(Lifecycle").unwrap();
    let end = begin + program[begin..].find("\n}\n").unwrap() + "\n}\n".len();
    let declaration = &program[begin..end];

    let errors = Errors::new();
    let tokens = super::derive(&syn::parse_str(declaration).unwrap(), &errors);
    assert!(errors.into_tokens().is_empty());
    let shown = format!("{HEADER}{}", documented(&formatted(&tokens.to_string())));

    let file = root.join("docs/expansion.rs");
    if std::env::var_os(WRITE).is_some_and(|value| value == "write") {
        std::fs::write(&file, &shown).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(
        kept == shown,
        "docs/expansion.rs is not what the derive emits; write it anew with `{WRITE}=write cargo \
         test -p vitae-macros --features svg`, and read what has changed"
    );
}

const HEADER: &str = "\
// What `#[derive(Lifecycle)]` makes of `Order` in examples/first-steps/src/main.rs, as the compiler
// gets it. ARCHITECTURE.md walks through it; a test of `vitae-macros` keeps it true.

";

fn formatted(code: &str) -> String {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config", "use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    rustfmt.stdin.take().unwrap().write_all(code.as_bytes()).unwrap();
    let output = rustfmt.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// Documentation as it is usually written.
fn documented(code: &str) -> String {
    let mut shown = String::new();
    for line in code.lines() {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        let doc = text.strip_prefix("#[doc = \"").and_then(|text| text.strip_suffix("\"]"));
        match doc {
            // What stands in attributes rustfmt leaves as it is.
            None if text.starts_with("# [") || text.starts_with(":: ") => {
                shown.push_str(indent);
                shown.push_str(&tidy(text));
            }
            None => shown.push_str(line),
            Some(doc) => {
                let lines = doc.split("\\n").map(|doc| format!("{indent}/// {doc}"));
                let lines: Vec<_> = lines.map(|line| line.trim_end().to_owned()).collect();
                shown.push_str(&lines.join("\n"));
            }
        }
        shown.push('\n');
    }
    shown
}

fn tidy(tokens: &str) -> String {
    let blanks =
        [("# [", "#["), (" ::", "::"), (":: ", "::"), ("=::", "= ::"), (" ,", ","), (" !", "!")];
    let blanks = blanks.iter().chain(&[(" (", "("), (" ;", ";")]);
    blanks.fold(tokens.to_owned(), |tokens, (from, to)| tokens.replace(from, to))
}
