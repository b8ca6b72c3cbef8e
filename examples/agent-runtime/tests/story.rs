//! The page that tells how two stores became one shows code as it is.

#![cfg(test)]

use std::fs;
use std::path::Path;

#[test]
fn the_code_of_the_page_stands_in_its_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("FROM_TWO_STORES_TO_ONE.md")).unwrap();
    let flat = |text: &str| -> String {
        text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
    };
    let blocks: Vec<&str> = page.split("```rust\n// ").skip(1).collect();
    for block in &blocks {
        let (file, rest) = block.split_once('\n').unwrap();
        let code = flat(rest.split_once("```").unwrap().0);
        let source = flat(&fs::read_to_string(root.join(file)).unwrap());
        assert!(source.contains(&code), "{file} has no longer what the page shows:\n{code}");
    }
    assert_eq!(blocks.len(), page.matches("```rust").count());
    assert!(blocks.len() > 5);
}
