//! What deriving a large lifecycle costs at compile time. See the README beside this folder.
//!
//! `expansion [shared|own] [rounds]`

mod crates;
mod machine;
mod report;
mod source;

use std::error::Error;

use figures::Samples;

use crate::crates::{Subject, Workspace};
use crate::machine::{Events, Machine};
use crate::report::Measured;
use crate::source::Form;

const SIZES: [usize; 4] = [10, 25, 50, 100];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let events = match arguments.next().as_deref() {
        None | Some("shared") => Events::Shared,
        Some("own") => Events::Own,
        Some(other) => return Err(format!("`{other}` is neither `shared` nor `own`").into()),
    };
    let rounds = arguments.next().map_or(Ok(7), |rounds| rounds.parse())?;

    let machines = SIZES.map(|states| Machine::new(states, events));
    let subjects: Vec<Subject> = machines
        .iter()
        .flat_map(|machine| Form::ALL.map(|form| Subject::new(form, machine)))
        .collect();
    let workspace = Workspace::create(events, &subjects)?;
    let measured = measure(&workspace, &subjects, rounds)?;

    report::print(&machines, &measured, rounds);
    let macros = (0..3).map(|_| crates::macro_crate()).collect::<Result<Samples, _>>()?;
    println!("\nThe macro crate alone, its dependencies built: {macros:.2} s");
    Ok(())
}

/// Each crate once in each round; the first look at it, which builds its dependencies, is for its
/// lines.
fn measure<'a>(
    workspace: &Workspace,
    subjects: &'a [Subject],
    rounds: usize,
) -> Result<Vec<Measured<'a>>, Box<dyn Error>> {
    let mut measured = Vec::new();
    for subject in subjects {
        let lines = workspace.lines(subject)?;
        measured.push(Measured {
            subject,
            lines,
            whole: Samples::default(),
            expanding: Samples::default(),
        });
    }
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for it in &mut measured {
            let check = workspace.check(it.subject)?;
            it.whole.push(check.whole);
            it.expanding.push(check.expanding);
        }
    }
    Ok(measured)
}
