//! The documentation of somebody else's lifecycles.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Kept from run to run, so that the dependencies are checked once.
const ROOM: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/documented");

const TESTS: &str = env!("CARGO_MANIFEST_DIR");

const FILES: [&str; 4] = ["Cargo.toml", "src/lib.rs", "renamed/Cargo.toml", "renamed/src/lib.rs"];

#[test]
fn a_page_shows_the_lifecycle_as_a_picture() {
    document();
    let states = ["New", "Pending", "Approved"];
    let labels = ["Asked [is_open]", "Asked", "Granted"];
    for page in ["enum.Approval.html", "trait.ApprovalTransitions.html"] {
        check("documented", page, &states, &labels);
    }
    for page in ["enum.Lamp.html", "trait.LampTransitions.html"] {
        check("documented_renamed", page, &["Dark", "Bright"], &["Switched", "Switched"]);
    }
}

#[test]
fn without_the_feature_there_is_no_layout() {
    let tree = |features: &[&str]| {
        let mut cargo = cargo(&["tree", "--package", "vitae", "--edges", "normal"]);
        said(cargo.args(["--prefix", "none"]).args(features).current_dir(TESTS))
    };
    let has = |tree: &str, name| tree.lines().any(|line| line.split(' ').next() == Some(name));
    assert!(has(&tree(&[]), "dagre"));
    let without = tree(&["--no-default-features"]);
    assert!(has(&without, "vitae-diagram") && !has(&without, "dagre"), "{without}");
}

/// That each of these is in the one picture of a page, and nothing that could run.
fn check(package: &str, page: &str, states: &[&str], labels: &[&str]) {
    let path = Path::new(ROOM).join("doc").join(package).join(page);
    let page = fs::read_to_string(path).unwrap();
    let (_, picture) = page.split_once("<div class=\"vitae-diagram\">").unwrap();
    let (picture, after) = picture.split_once("</div>").unwrap();
    assert!(!after.contains("class=\"vitae-diagram\""), "two pictures");
    assert!(picture.trim().starts_with("<svg ") && picture.trim().ends_with("</svg>"), "{picture}");
    assert!(!picture.contains("<script"), "{picture}");
    let texts = picture.lines().filter_map(|line| line.strip_suffix("</text>"));
    let mut texts: Vec<&str> = texts.filter_map(|line| line.rsplit('>').next()).collect();
    texts.sort_unstable();
    let mut expected = [states, labels].concat();
    expected.sort_unstable();
    assert_eq!(texts, expected);
}

/// Documents the programs, copied to where it finds `vitae`.
fn document() {
    let program = Path::new(ROOM).join("program");
    for file in FILES {
        let to = program.join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(Path::new(TESTS).join("documented").join(file), to).unwrap();
    }
    let core = Path::new(TESTS).join("../core");
    let manifest = program.join("Cargo.toml");
    let mut text = fs::read_to_string(&manifest).unwrap();
    text.push_str(&format!("\n[patch.crates-io]\nvitae = {{ path = {core:?} }}\n"));
    fs::write(manifest, text).unwrap();
    // The versions that the workspace is tested with, all of them here already.
    fs::copy(Path::new(TESTS).join("../Cargo.lock"), program.join("Cargo.lock")).unwrap();
    let mut cargo = cargo(&["doc", "--no-deps", "--workspace"]);
    said(cargo.env("RUSTDOCFLAGS", "-D warnings").current_dir(program));
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).env("CARGO_TARGET_DIR", ROOM).env("CARGO_NET_OFFLINE", "true");
    cargo
}

/// What a program that succeeds writes.
#[track_caller]
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
