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

/// The sizes between the least and the most are checked in every fourth round only: the growth is
/// told from the ends.
const BETWEEN: usize = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let events = match arguments.next().as_deref() {
        None | Some("shared") => Events::Shared,
        Some("own") => Events::Own,
        Some(other) => return Err(format!("`{other}` is neither `shared` nor `own`").into()),
    };
    let rounds = arguments.next().map_or(Ok(12), |rounds| rounds.parse())?;

    let machines = SIZES.map(|states| Machine::new(states, events));
    let subjects: Vec<Subject> = machines
        .iter()
        .flat_map(|machine| Form::ALL.map(|form| Subject::new(form, machine)))
        .collect();
    let workspace = Workspace::create(events, &subjects)?;
    let measured = measure(&workspace, &subjects, rounds)?;

    report::print(&machines, &measured);
    let macros = (0..3).map(|_| crates::macro_crate()).collect::<Result<Samples, _>>()?;
    println!("\nThe macro crate alone, its dependencies built: {:.2} s", macros.quartiles());
    Ok(())
}

/// Each crate once in each round that is for its size; the first look at it, which builds its
/// dependencies, is for its lines.
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
            cpu: Samples::default(),
            expanding: Samples::default(),
        });
    }
    for round in 1..=rounds {
        eprintln!("round {round} of {rounds}");
        for it in measured.iter_mut().filter(|it| is_due(it.subject.states, round)) {
            let check = workspace.check(it.subject)?;
            it.cpu.push(check.cpu);
            it.expanding.push(check.expanding);
        }
    }
    Ok(measured)
}

fn is_due(states: usize, round: usize) -> bool {
    let at_an_end = Some(&states) == SIZES.first() || Some(&states) == SIZES.last();
    at_an_end || round % BETWEEN == 1
}
