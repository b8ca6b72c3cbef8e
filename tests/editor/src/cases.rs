//! What is asked, and what rust-analyzer is to say.

/// A place in the fixture, after an edit.
pub struct Case {
    pub what: &'static str,
    /// Text that stands once in the fixture.
    pub was: &'static str,
    /// What stands there instead, with the cursor at `$0`.
    pub is: &'static str,
    pub expected: Expected,
}

pub enum Expected {
    /// Go-to-definition leads to the line with this text first; others may follow.
    Reaches(&'static str),
    /// Completion offers all of the first, inserted as they are, and none of the second.
    Offers(&'static [&'static str], &'static [&'static str]),
}

use Expected::{Offers, Reaches};

const fn case(what: &'static str, was: &'static str, is: &'static str, expected: Expected) -> Case {
    Case { what, was, is, expected }
}

const EVENTS: &[&str] = &["Placed", "Paid", "events::"];
const STATES: &[&str] = &["Draft", "Open", "Archived", "Lost"];
const NO_STATES: &[&str] = &["Placed", "initial", "clone"];
const LISTED: &str = "on(Placed => Open)";

pub const CASES: &[Case] = &[
    case("event", LISTED, "on(Pl$0aced => Open)", Reaches("pub struct Placed {")),
    case("state with data", LISTED, "on(Placed => Op$0en)", Reaches("pub struct Unpaid {")),
    case(
        "event with an alias",
        "events::Closed as",
        "events::Clo$0sed as",
        Reaches("pub struct Closed {}"),
    ),
    case("module of an event", "on(events::Clo", "on(eve$0nts::Clo", Reaches("//! The events.")),
    case("state without data", "Ended => Archived", "Ended => Arch$0ived", Reaches("Archived,")),
    case(
        "guard",
        "::is_owed",
        "::is_o$0wed",
        Reaches("pub fn is_owed(&self, _: &Paid, _: &Context) -> Result<(), Refused> {"),
    ),
    case("type of a guard", "if Unpaid", "if Unp$0aid", Reaches("pub struct Unpaid {")),
    case("refusal", "refusal = Refused", "refusal = Ref$0used", Reaches("pub struct Refused;")),
    case(
        "predecessor",
        "upcast = PlacedV1",
        "upcast = Pla$0cedV1",
        Reaches("pub struct PlacedV1 {}"),
    ),
    case("tag", "tag = customer", "tag = cust$0omer", Reaches("pub customer: String,")),
    case(
        "unit struct by its own name",
        "(InArchive, |",
        "(InAr$0chive, |",
        Reaches("#[state(terminal, type = InArchive)]"),
    ),
    case(
        "type of a state's unit struct",
        "type = InArchive",
        "type = InAr$0chive",
        Reaches("#[state(terminal, type = InArchive)]"),
    ),
    // Nothing written.
    case("event, nothing written", LISTED, "on($0)", Offers(EVENTS, &[])),
    case("event, begun", LISTED, "on(Pl$0)", Offers(EVENTS, &[])),
    case("event, begun before the rest", LISTED, "on(Pl$0 => Open)", Offers(EVENTS, &[])),
    case("event in a module", LISTED, "on(events::$0)", Offers(&["Placed", "Paid", "Closed"], &[])),
    case(
        "event in a module, begun",
        LISTED,
        "on(events::Cl$0 => Open)",
        Offers(&["Placed", "Paid", "Closed"], &[]),
    ),
    case("event, after another edge", LISTED, "on(Placed => Open, Pa$0)", Offers(EVENTS, &[])),
    case(
        "event, nothing after another edge",
        LISTED,
        "on(Placed => Open, $0)",
        Offers(EVENTS, &[]),
    ),
    case("state, nothing written", LISTED, "on(Placed => $0)", Offers(STATES, NO_STATES)),
    case("state, begun", LISTED, "on(Placed => Op$0)", Offers(STATES, NO_STATES)),
    case("state, whole", LISTED, "on(Placed => Open$0)", Offers(STATES, NO_STATES)),
    case(
        "state, between edges",
        LISTED,
        "on(Placed => Op$0, Paid => Lost)",
        Offers(STATES, NO_STATES),
    ),
    case(
        "guard, nothing written",
        LISTED,
        "on(Placed if $0 => Open)",
        Offers(&["Unpaid", "states::"], &[]),
    ),
    case("guard, begun", "Unpaid::is_owed", "Unpaid::is$0", Offers(&["is_owed"], &[])),
    case("guard, after its type", "Unpaid::is_owed", "Unpaid::$0", Offers(&["is_owed"], &[])),
    case("refusal", "refusal = Refused", "refusal = $0", Offers(&["Refused"], &[])),
    case("predecessor", "upcast = PlacedV1", "upcast = Pl$0", Offers(&["PlacedV1"], &[])),
    // Beside mistakes.
    case(
        "event beside an unknown state",
        LISTED,
        "on(Pl$0aced => Opn)",
        Reaches("pub struct Placed {"),
    ),
    case("event, begun, beside an unknown state", LISTED, "on(Pl$0 => Opn)", Offers(EVENTS, &[])),
    case(
        "state without an initial one",
        "#[state(initial)]\n    #[on(Placed => Open)]",
        "#[on(Placed => Op$0)]",
        Offers(STATES, NO_STATES),
    ),
    case(
        "state of an edge with a mistake in it",
        LISTED,
        "on(Placed Paid => Op$0en)",
        Reaches("pub struct Unpaid {"),
    ),
];
