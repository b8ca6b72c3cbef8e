//! What must not compile, and what rustc says about it. One folder for each rule.

use std::process::Command;

/// The compiler whose words stand in the `.stderr` files. Others word their own part differently.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn messages_are_as_they_were_read() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&version);
    if version.starts_with(COMPILER) {
        trybuild::TestCases::new().compile_fail("tests/ui/*/*.rs");
    } else {
        eprintln!("skipped: the messages were written with {COMPILER}*, this is {version}");
    }
}
