//! What everybody who uses the derives has to compile first.

use std::process::Command;

/// Attributes and items are parsed, expressions never: `full` would be most of the build.
#[test]
fn syn_is_without_full() {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "-p", "vitae-macros", "-e", "features", "--prefix", "none", "--locked"])
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8(output.stdout).expect("names are text");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let features: Vec<&str> = tree.lines().filter(|line| line.starts_with("syn feature")).collect();
    assert!(features.contains(&"syn feature \"parsing\""), "syn is not there:\n{tree}");
    let full = features.iter().find(|line| line.starts_with("syn feature \"full\""));
    assert_eq!(full, None, "in\n{tree}");
}
