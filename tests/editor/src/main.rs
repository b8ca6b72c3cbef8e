//! Asks rust-analyzer about the fixture, as an editor does, and compares what it says.

mod cases;
mod editor;

use std::process::ExitCode;

use cases::CASES;
use editor::Editor;

fn main() -> ExitCode {
    let mut editor = Editor::open(concat!(env!("CARGO_MANIFEST_DIR"), "/fixture"));
    let mut failed = 0;
    for case in CASES {
        match editor.ask(case) {
            Ok(()) => println!("ok     {}", case.what),
            Err(found) => {
                failed += 1;
                println!("FAILED {}: {}\n{found}", case.what, case.is);
            }
        }
    }
    println!("{} of {} cases failed", failed, CASES.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
