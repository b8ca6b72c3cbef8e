//! What was measured, as tables.

use figures::Samples;

use crate::crates::{Lines, Subject};
use crate::machine::Machine;
use crate::source::Form;

pub struct Measured<'a> {
    pub subject: &'a Subject,
    pub lines: Lines,
    pub whole: Samples,
    pub expanding: Samples,
}

pub fn print(machines: &[Machine], measured: &[Measured<'_>], rounds: usize) {
    let of = |form: Form, machine: &Machine| {
        let found = measured
            .iter()
            .find(|it| it.subject.form == form && it.subject.states == machine.states);
        found.expect("every form was measured in every size")
    };
    println!("Medians and [ranges] of {rounds} rounds; ratios round by round.");
    for machine in machines {
        let Machine { states, edges, events } = machine;
        println!("\n## {states} states, {} edges, {events} events", edges.len());
        let payloads = of(Form::Payloads, machine);
        for form in Form::ALL {
            let Measured { lines: Lines { written, expanded }, whole, expanding, .. } =
                of(form, machine);
            let own = expanded - payloads.lines.expanded;
            println!(
                "{:<14} written {written:>6} lines, expanded {expanded:>6} ({own:>6} beyond \
                 payloads), check {whole:.2} s, in macros {expanding:.3} s",
                form.name()
            );
        }
        let derived = of(Form::Derived, machine);
        let expanding = derived.expanding.without(&payloads.expanding).times(1e3);
        println!("expanding the lifecycle itself: {expanding:.0} ms");
        for form in [Form::ByHand, Form::TypedByHand] {
            let other = of(form, machine);
            let beyond =
                derived.whole.without(&payloads.whole).over(&other.whole.without(&payloads.whole));
            println!(
                "derived over {}: check {:.2}, beyond payloads {beyond:.2}",
                form.name(),
                derived.whole.over(&other.whole),
            );
        }
    }
    let (Some(least), Some(most)) = (machines.first(), machines.last()) else { return };
    println!("\n## Cost of an edge, with {} states over with {}", most.states, least.states);
    let per_edge = |form, machine: &Machine| {
        let beyond = of(form, machine).whole.without(&of(Form::Payloads, machine).whole);
        beyond.times(1.0 / machine.edges.len() as f64)
    };
    for form in [Form::ByHand, Form::TypedByHand, Form::Derived] {
        let growth = per_edge(form, most).over(&per_edge(form, least));
        let verdict = if growth.median() < 1.5 { "linear" } else { "more than linear" };
        println!("{:<14} {growth:.2}: {verdict}", form.name());
    }
}
