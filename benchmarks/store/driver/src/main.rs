//! Runs the store jobs of all systems in turn and prints what comes out. See the README beside this
//! folder.
//!
//! `store-driver [--jobs a,b] [--systems a,b] [--rounds N] [--scale F] [--folder DIR] [--json FILE]
//! [--keep]`

mod build;
mod job;
mod line;
mod options;
mod report;
mod rounds;
mod system;

use std::error::Error;

use crate::options::Options;

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse(std::env::args().skip(1))?;
    let programs = build::build(&options.systems)?;
    let figures = rounds::run(&options, &programs)?;
    report::print(&options, &figures)?;
    match rounds::failures(&figures) {
        0 => Ok(()),
        failures => Err(format!("{failures} measurements failed").into()),
    }
}
