//! What was measured, as tables.

use figures::{Quartiles, Samples};

use crate::crates::{Lines, Subject};
use crate::machine::Machine;
use crate::source::Form;

/// An edge of a large machine may cost so many times what one of a small machine does.
const LINEAR: f64 = 1.5;

pub struct Measured<'a> {
    pub subject: &'a Subject,
    pub lines: Lines,
    pub cpu: Samples,
    pub expanding: Samples,
}

struct Report<'a>(&'a [Measured<'a>]);

pub fn print(machines: &[Machine], measured: &[Measured<'_>]) {
    let report = Report(measured);
    println!("Medians and [quartiles] of CPU time.");
    for machine in machines {
        report.size(machine);
    }
    if let (Some(least), Some(most)) = (machines.first(), machines.last()) {
        report.growth(least, most);
    }
}

impl Report<'_> {
    fn of(&self, form: Form, machine: &Machine) -> &Measured<'_> {
        let is_it = |it: &&Measured| it.subject.form == form && it.subject.states == machine.states;
        self.0.iter().find(is_it).expect("every form was measured in every size")
    }

    /// What is checked and is not the structs of states.
    fn beyond(&self, form: Form, machine: &Machine) -> Quartiles {
        let [whole, states] = [form, Form::States].map(|it| self.of(it, machine).cpu.quartiles());
        whole.without(states)
    }

    fn expansion(&self, machine: &Machine) -> Quartiles {
        let [derived, states] =
            [Form::Derived, Form::States].map(|it| self.of(it, machine).expanding.quartiles());
        derived.without(states)
    }

    fn size(&self, machine: &Machine) {
        let Machine { states, edges, events } = machine;
        println!("\n## {states} states, {} edges, {events} events", edges.len());
        for form in Form::ALL {
            let Measured { lines: Lines { written, expanded }, cpu, expanding, .. } =
                self.of(form, machine);
            println!(
                "{:<14} written {written:>5} lines, expanded {expanded:>6}, check {:.2} s, of it \
                 macros {:.3} s",
                form.name(),
                cpu.quartiles(),
                expanding.quartiles(),
            );
        }
        let lines_of_states = self.of(Form::States, machine).lines.expanded;
        println!("beyond the structs of states:");
        for form in Form::MACHINES {
            let lines = self.of(form, machine).lines.expanded - lines_of_states;
            let beyond = self.beyond(form, machine).times(1e3);
            println!("{:<14} expanded {lines:>6} lines, check {beyond:.0} ms", form.name());
        }
        println!("expanding the lifecycle {:.0} ms", self.expansion(machine).times(1e3));
        for other in [Form::ByHand, Form::TypedByHand] {
            self.ratios(other, machine);
        }
    }

    fn ratios(&self, other: Form, machine: &Machine) {
        let alone = self.beyond(Form::Derived, machine).over(self.beyond(other, machine));
        let events = self.of(Form::Events, machine).cpu.quartiles();
        let with_events = |form| events.with(self.of(form, machine).cpu.quartiles());
        println!(
            "derived over {}: the machine alone {}, with events and states {}",
            other.name(),
            resolved(alone),
            resolved(with_events(Form::Derived).over(with_events(other))),
        );
    }

    fn growth(&self, least: &Machine, most: &Machine) {
        println!("\n## Cost of an edge, with {} states over with {}", most.states, least.states);
        let growth = |of: &dyn Fn(&Machine) -> Quartiles| {
            let per_edge = |machine: &Machine| of(machine).times(1.0 / machine.edges.len() as f64);
            per_edge(most).over(per_edge(least))
        };
        for form in Form::MACHINES {
            let growth = growth(&|machine| self.beyond(form, machine));
            println!("{:<14} check {}: {}", form.name(), resolved(growth), verdict(growth));
        }
        let growth = growth(&|machine| self.expansion(machine));
        println!("{:<14} expansion {}: {}", "derived", resolved(growth), verdict(growth));
    }
}

fn resolved(ratio: Option<Quartiles>) -> String {
    ratio.map_or_else(|| "not resolved".to_owned(), |ratio| ratio.to_string())
}

/// None where the quartiles lie on both sides of what counts as linear: more rounds do not bring them
/// nearer to each other, a quieter machine does.
fn verdict(growth: Option<Quartiles>) -> &'static str {
    match growth {
        Some(growth) if growth.upper < LINEAR => "linear",
        Some(growth) if growth.lower > LINEAR => "more than linear",
        _ => "not resolved",
    }
}
