//! Building the programs.

use std::collections::HashMap;
use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::system::{Program, System};

/// By the name of the system, the words that its command begins with.
pub type Programs = HashMap<&'static str, Vec<OsString>>;

/// Builds the program of each system as the driver was built, optimised.
pub fn build(systems: &[&'static System]) -> Result<Programs, Box<dyn Error>> {
    let release = std::env::current_exe()?.parent().ok_or("the driver is in no folder")?.to_owned();
    let target = release.parent().ok_or("the driver is in no target folder")?;
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no folder `store`")?;
    let mut programs = Programs::new();
    for system in systems {
        let package = format!("store-{}", system.name);
        let peer = store.join("peers").join(system.name);
        let words = match system.program {
            Program::Here => {
                cargo(&store.join("../Cargo.toml"), target, &package)?;
                vec![target.join("release").join(package).into_os_string()]
            }
            Program::Peer => {
                let target = target.join("peers");
                cargo(&peer.join("Cargo.toml"), &target, &package)?;
                vec![target.join("release").join(package).into_os_string()]
            }
            Program::Python => python(&peer, &target.join("peers").join(system.name))?,
        };
        programs.insert(system.name, words);
    }
    Ok(programs)
}

fn cargo(manifest: &Path, target: &Path, package: &str) -> Result<(), Box<dyn Error>> {
    eprintln!("building {package}");
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(["build", "--release", "--locked", "--quiet", "--bin", package]);
    succeed(command.arg("--manifest-path").arg(manifest).arg("--target-dir").arg(target))
}

/// An environment of its own, with the requirements in the versions that are written down.
fn python(peer: &Path, environment: &Path) -> Result<Vec<OsString>, Box<dyn Error>> {
    eprintln!("installing the requirements of {}", peer.display());
    let python: PathBuf = environment.join("bin/python");
    if !python.exists() {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(environment))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    succeed(Command::new(&python).args(install).arg(peer.join("requirements.txt")))?;
    Ok(vec![python.into_os_string(), peer.join("main.py").into_os_string()])
}

fn succeed(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
