//! The page of messages: `docs/compiler-messages.md` shows what the compile-fail cases show.
//!
//! Owns the form of the page. Never writes a word of a message: rules stand in the cases' first
//! lines, messages in their `.stderr` files.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui");
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/compiler-messages.md");

/// The folders in the order in which a declaration is written and used.
const FOLDERS: [&str; 13] = [
    "attributes",
    "states",
    "edges",
    "guards",
    "timers",
    "generics",
    "bodies",
    "values",
    "events",
    "schemas",
    "typed",
    "bus",
    "together",
];

const INTRODUCTION: &str = "\
# Compiler messages

What vitae refuses at compile time, rule by rule, and what the compiler then says. Every message on
this page is a test: the derives' own words are compared with it, and so are rustc's, whose wording
is that of the version named in `tests/tests/compile_fail.rs`. Each case is a file that you can open.

The page is written by `VITAE_DOCS=write cargo test -p vitae-tests --test messages_page`.
";

#[test]
fn the_page_shows_every_rule_with_its_message() -> Result<()> {
    let page = page()?;
    if env::var("VITAE_DOCS").is_ok_and(|it| it == "write") {
        fs::create_dir_all(Path::new(PAGE).parent().unwrap())?;
        fs::write(PAGE, &page)?;
    }
    let committed = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        committed == page,
        "docs/compiler-messages.md is not what the cases say; write it anew with \
         `VITAE_DOCS=write cargo test -p vitae-tests --test messages_page`, and read what changed"
    );
    Ok(())
}

fn page() -> Result<String> {
    let known: Vec<_> = FOLDERS.iter().map(|folder| Path::new(CASES).join(folder)).collect();
    let there = sorted(Path::new(CASES), |path| path.is_dir())?;
    if let Some(folder) = there.iter().find(|folder| !known.contains(folder)) {
        return Err(format!("{} has no place on the page: give it one", folder.display()).into());
    }
    let mut contents = String::new();
    let mut sections = String::new();
    for folder in &known {
        let (title, about) = about(folder)?;
        let cases = sorted(folder, |path| path.extension().is_some_and(|it| it == "rs"))?;
        let rules = cases.iter().map(|case| rule(case)).collect::<Result<Vec<_>>>()?;
        writeln!(contents, "- [{title}](#{})", anchor(&title))?;
        write!(sections, "\n## {title}\n\n{about}\n")?;
        for (case, rule) in cases.iter().zip(&rules) {
            section(&mut sections, folder, case, rule)?;
        }
    }
    Ok(format!("{INTRODUCTION}\n{contents}{sections}"))
}

/// One case: its rule, the message, and where the code stands.
fn section(page: &mut String, folder: &Path, case: &Path, rule: &str) -> Result<()> {
    let messages = read(&case.with_extension("stderr"))?;
    let (folder, file) = (name(folder), name(case));
    let link = format!("[{folder}/{file}](../tests/tests/ui/{folder}/{file})");
    write!(page, "\n### {rule}\n\n```text\n{}\n```\n\n{link}\n", messages.trim_end())?;
    Ok(())
}

/// The title and the text of a folder's `README.md`.
fn about(folder: &Path) -> Result<(String, String)> {
    let readme = folder.join("README.md");
    let text = read(&readme)?;
    let parts = text.strip_prefix("# ").and_then(|text| text.split_once('\n'));
    let (title, about) = parts.ok_or(format!("{} begins with no title", readme.display()))?;
    Ok((title.to_owned(), about.trim().to_owned()))
}

/// The rule that a case shows: its first line.
fn rule(case: &Path) -> Result<String> {
    let text = read(case)?;
    let rule = text.lines().next().and_then(|line| line.strip_prefix("//! "));
    let missing = || format!("{}: the first line is to say the rule, `//! …`", case.display());
    Ok(rule.ok_or_else(missing)?.trim_end_matches('.').to_owned())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()).into())
}

fn sorted(folder: &Path, keep: impl Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<Result<Vec<_>>>()?;
    paths.retain(|path| keep(path));
    paths.sort();
    Ok(paths)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Where a heading is linked to.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}
