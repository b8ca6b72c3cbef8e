//! Somebody else's program, built against the packages that would be published.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Kept from run to run, so that the dependencies are built once.
const ROOM: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/downstream");

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a package has beside its sources.
const BESIDE_SOURCES: [&str; 5] =
    ["Cargo.toml", "Cargo.toml.orig", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

#[test]
fn a_program_is_built_from_the_packages() {
    let room = Path::new(ROOM);
    let packages = packages(room);
    assert!(packages.contains_key("vitae-sqlite"), "{:?}", packages.keys());
    for (name, folder) in &packages {
        check_contents(name, folder);
    }

    let program = room.join("program");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("downstream"), &program);
    let mut manifest = fs::read_to_string(program.join("Cargo.toml")).unwrap();
    manifest.push_str("\n[patch.crates-io]\n");
    for (name, folder) in &packages {
        manifest.push_str(&format!("{name} = {{ path = {folder:?} }}\n"));
    }
    fs::write(program.join("Cargo.toml"), manifest).unwrap();
    // The versions that the workspace is tested with, all of them here already.
    fs::copy(Path::new(WORKSPACE).join("Cargo.lock"), program.join("Cargo.lock")).unwrap();

    let store = tempfile::tempdir().unwrap();
    let run = cargo(&program, room).arg("run").arg("--").arg(store.path().join("log.db")).output();
    assert_eq!(said(run.unwrap()), include_str!("downstream.stdout"));

    if Command::new(env!("CARGO")).args(["clippy", "--version"]).output().unwrap().status.success()
    {
        said(cargo(&program, room).args(["clippy", "--workspace"]).output().unwrap());
    } else {
        eprintln!("clippy is not there, so it was not asked");
    }
}

/// Makes the packages of everything that is published, and unpacks them.
fn packages(room: &Path) -> BTreeMap<String, PathBuf> {
    let _ = fs::remove_dir_all(room.join("package"));
    let published = published();
    let mut cargo = cargo(Path::new(WORKSPACE), room);
    // Without a lock file, for which a registry would be asked.
    cargo.args(["package", "--no-verify", "--allow-dirty", "--exclude-lockfile"]);
    for (name, _) in &published {
        cargo.args(["--package", name]);
    }
    said(cargo.output().unwrap());
    let unpacked = room.join("package");
    let unpack = |(name, version): (String, String)| {
        let folder = format!("{name}-{version}");
        let mut tar = Command::new("tar");
        // All files of a package have one old date, by which cargo would not see that they changed.
        tar.current_dir(&unpacked).args(["-x", "-z", "-m", "-f"]).arg(format!("{folder}.crate"));
        said(tar.output().unwrap());
        (name, unpacked.join(folder))
    };
    published.into_iter().map(unpack).collect()
}

/// Name and version of each package that is published.
fn published() -> Vec<(String, String)> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(WORKSPACE).args(["metadata", "--no-deps"]);
    let metadata = said(cargo.args(["--format-version", "1"]).output().unwrap());
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    // Absent is everywhere, a list those registries.
    let published = packages.filter(|package| package["publish"] != Value::Array(Vec::new()));
    published.map(|package| (text(&package["name"]), text(&package["version"]))).collect()
}

/// Sources, the licences, a README, and nothing that strayed in.
fn check_contents(name: &str, folder: &Path) {
    for file in BESIDE_SOURCES {
        assert!(folder.join(file).is_file(), "the package of {name} has no {file}");
    }
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let expected = BESIDE_SOURCES.contains(&&*file);
        // The last is there if the packages are made in a git repository.
        let expected = expected || ["src", ".cargo_vcs_info.json"].contains(&&*file);
        assert!(expected, "the package of {name} has {file}");
    }
}

fn cargo(folder: &Path, target: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder).env("CARGO_TARGET_DIR", target).env("CARGO_NET_OFFLINE", "true");
    cargo
}

/// What a program that succeeded has written.
#[track_caller]
fn said(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
