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

/// The lines of each of some files that a page does not show. Each block of the page is in one of them.
fn not_shown<const N: usize>(page: &str, files: [&str; N]) -> [Vec<String>; N] {
    let page = read(page);
    let mut files = files.map(read);
    for block in blocks(&page, "rust") {
        let found = files.iter().position(|file| file.contains(&block));
        let found = found.unwrap_or_else(|| panic!("in no file, or a second time:\n{block}"));
        files[found] = files[found].replacen(&block, "", 1);
    }
    let filled = |file: String| {
        let lines = file.lines().filter(|line| !line.trim().is_empty());
        lines.map(str::to_owned).collect()
    };
    files.map(filled)
}

#[test]
fn the_guide_shows_every_line_of_its_program() {
    let files = FILES.map(|file| format!("examples/parcels/{file}"));
    let files = files.each_ref().map(String::as_str);
    let left = not_shown("docs/declaring-a-lifecycle.md", files).concat();
    let heading = "//! A parcel, from the scales to the door. `docs/declaring-a-lifecycle.md` explains it \
                   line by line.";
    assert_eq!(left, [heading], "the guide shows everything but this line");
}

#[test]
fn the_guide_to_backends_shows_every_line_of_its_store() {
    let files = ["tests/tests/writing_a_backend/main.rs", "tests/tests/conformance.rs"];
    let [store, _] = not_shown("docs/writing-a-backend.md", files);
    let heading =
        "//! A store in as few lines as it takes: `docs/writing-a-backend.md` explains it.";
    assert_eq!(store, [heading], "the guide shows everything but this line");
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
fn the_page_on_tasks_shows_what_compiles() {
    let files = ["main", "routes", "events"];
    let files = files.map(|file| read(&format!("examples/http-service/src/{file}.rs")));
    let shown = blocks(&read("docs/async.md"), "rust");
    assert!(!shown.is_empty());
    for block in shown {
        assert!(files.iter().any(|file| file.contains(&block)), "in no file:\n{block}");
    }
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

#[test]
fn the_pages_on_composition_show_what_the_shop_does() {
    let files = ["lib", "mail", "main", "order", "parcel", "policies", "tests", "till", "views"];
    let files = files.map(|file| read(&format!("examples/shop/src/{file}.rs")));
    for (page, least) in
        [("composing-lifecycles", 6), ("read-models", 4), ("talking-to-the-outside", 4)]
    {
        let shown = blocks(&read(&format!("docs/{page}.md")), "rust");
        assert!(shown.len() >= least, "{page}: {} blocks", shown.len());
        for block in shown {
            assert!(files.iter().any(|file| file.contains(&block)), "{page}, in no file:\n{block}");
        }
    }
}
