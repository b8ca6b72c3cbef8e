//! The guide and its program are the same, line by line.

use std::path::{Path, PathBuf};

/// The files of the program, in the order in which the guide comes to them.
const FILES: [&str; 3] = ["src/main.rs", "src/tests.rs", "src/later.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The code blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block = None;
    for line in page.lines() {
        match &mut block {
            None if line == format!("```{language}") => block = Some(String::new()),
            Some(_) if line == "```" => blocks.extend(block.take()),
            Some(block) => *block += &format!("{line}\n"),
            None => {}
        }
    }
    blocks
}

#[test]
fn the_guide_shows_every_line_of_its_program() {
    let page = read("docs/declaring-a-lifecycle.md");
    let mut files = FILES.map(|file| read(&format!("examples/parcels/{file}")));
    for block in blocks(&page, "rust") {
        let found = files.iter().position(|file| file.contains(&block));
        let found = found.unwrap_or_else(|| panic!("in no file, or a second time:\n{block}"));
        files[found] = files[found].replacen(&block, "", 1);
    }
    let left = files.iter().flat_map(|file| file.lines());
    let left: Vec<_> = left.filter(|line| !line.trim().is_empty()).collect();
    let heading = "//! A parcel, from the scales to the door. `docs/declaring-a-lifecycle.md` explains it \
                   line by line.";
    assert_eq!(left, [heading], "the guide shows everything but this line");
}

#[test]
fn the_readme_shows_what_compiles() {
    let program = read("examples/first-steps/src/main.rs");
    let (_, program) = program.split_once("\n\n").unwrap();
    let bus = read("examples/agent-runtime/src/lib.rs");
    let shown = blocks(&read("README.md"), "rust");
    let [first, second] = shown.as_slice() else { panic!("{} blocks", shown.len()) };
    assert_eq!(first, program, "README.md and examples/first-steps differ");
    assert!(bus.contains(second), "README.md and examples/agent-runtime differ: {second}");
}

#[test]
fn the_page_on_conditions_shows_what_is_tested() {
    let program = read("tests/tests/conditional_appends.rs");
    let shown = blocks(&read("docs/conditional-appends.md"), "rust");
    assert_eq!(shown.len(), 5);
    for block in shown {
        assert!(program.contains(&block), "in the page, not in the program:\n{block}");
    }
}
