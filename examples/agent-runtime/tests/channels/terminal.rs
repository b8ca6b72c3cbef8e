//! Lines on a terminal.

use std::io::{self, BufReader, Write};
use std::sync::{Arc, Mutex};

use agent_runtime::relay::Reply;
use agent_runtime::relay::outside::{Follower, Terminal};
use agent_runtime::request::Decision;
use agent_runtime::supervisor::Question;
use serde_json::json;

use crate::follow;
use crate::support::world::{PATIENCE, World};

/// What is printed on a terminal.
#[derive(Clone, Default)]
struct Screen(Arc<Mutex<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Screen {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Steps until this is printed.
    fn wait_for(&self, text: &str, follower: &mut Follower<Terminal<Self>>) {
        while !self.text().contains(text) {
            follower.step().unwrap();
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_person_is_asked_on_the_terminal_and_types_the_answer() {
    let world = World::relaying();
    let question = Question {
        id: "q-1".to_owned(),
        text: "Which \u{1b}[2Jcolour\u{202e}?".to_owned(),
        choices: vec!["red".to_owned(), "blue".to_owned()],
        patience: PATIENCE,
    };
    world.ask("r-1", "Bash\u{7}");
    world.ask("r-2", "Read");
    world.ask("r-3", "Edit");
    let screen = Screen::default();
    let (typed, input) = io::pipe().map(|(input, typed)| (typed, BufReader::new(input))).unwrap();
    let mut follower = follow(&world, Terminal::over(input, screen.clone()));
    let type_line = |line: &str| writeln!(&typed, "{line}").unwrap();
    follower.step().unwrap();
    world.supervisor.ask_question(&question).unwrap();
    follower.step().unwrap();
    let asked = screen.text();
    assert!(asked.contains(r#"[1] s/R1: may the agent use Bash  {"about":"r-1"} ?"#), "{asked}");
    assert!(asked.contains("    2 y(es), n(o) [REASON], or a(lways in this workflow)"), "{asked}");
    assert!(
        asked.contains("[4] s/R1: Which  [2Jcolour\u{fffd}?\n    1: red\n    2: blue"),
        "{asked}"
    );
    assert!(!asked.contains(['\u{1b}', '\u{7}', '\u{202e}']));

    // With several, a line without a number is nobody's.
    type_line("a");
    let numbers = "not taken: it is not clear what for. There is\n    1 y(es)";
    screen.wait_for(numbers, &mut follower);
    type_line("1 perhaps");
    screen.wait_for("not understood; 1 y(es)", &mut follower);
    type_line("3 n  not this file ");
    screen.wait_for("[3] is over: denied, said on `terminal`", &mut follower);
    type_line("1 a");
    screen.wait_for("[1] is over: always allowed, said on `terminal`", &mut follower);
    type_line("4 2");
    screen.wait_for("[4] is over: \"blue\", said on `terminal`", &mut follower);
    let reason = Some("not this file".to_owned());
    assert_eq!(world.decision("r-3"), Some(("user".into(), Decision::Deny { reason })));

    // Somebody else is faster: who sits here is told.
    world.supervisor.answer("r-2", "http", &Reply::Allow).unwrap();
    screen.wait_for("[2] is over: allowed, said on `http`", &mut follower);
    type_line("y");
    screen.wait_for("nothing waits for an answer", &mut follower);
}

/// A terminal on which nothing is waited for: what was typed is there.
fn typed(world: &World, screen: &Screen) -> (io::PipeWriter, Follower<Terminal<Screen>>) {
    let (input, typed) = io::pipe().unwrap();
    let mut follower = follow(world, Terminal::over(BufReader::new(input), screen.clone()));
    follower.step().unwrap();
    (typed, follower)
}

#[test]
fn a_line_is_never_taken_for_another_request_than_it_was_typed_for() {
    let world = World::relaying();
    world.ask("r-1", "Bash");
    world.ask("r-2", "Write");
    let screen = Screen::default();
    let (mut type_in, mut follower) = typed(&world, &screen);
    // While somebody types `y` for the first one, it is answered elsewhere.
    world.supervisor.answer("r-1", "http", &Reply::Allow).unwrap();
    screen.wait_for("[1] is over", &mut follower);
    writeln!(type_in, "y").unwrap();
    screen.wait_for("There is\n    2 y(es)", &mut follower);
    writeln!(type_in, "1 y").unwrap();
    while screen.text().matches("There is\n    2 y(es)").count() < 2 {
        follower.step().unwrap();
        std::thread::yield_now();
    }
    assert_eq!((world.decision("r-2"), world.pending()), (None, vec!["r-2".to_owned()]));

    // Now they know that there is one, and which.
    writeln!(type_in, "y").unwrap();
    screen.wait_for("[2] is over: allowed, said on `terminal`", &mut follower);
    // What they have answered themselves confuses nobody.
    world.ask("r-3", "Edit");
    screen.wait_for("[3]", &mut follower);
    writeln!(type_in, "n").unwrap();
    screen.wait_for("[3] is over: denied, said on `terminal`", &mut follower);
}

#[test]
fn all_of_what_is_asked_is_printed() {
    let world = World::relaying();
    let command = format!("{}; rm -rf /", "true; ".repeat(1_000));
    world
        .hook(
            "r-1",
            json!({
                "hook_event_name": "PermissionRequest", "tool_name": "Bash",
                "tool_input": { "command": command },
            }),
        )
        .unwrap();
    let screen = Screen::default();
    let _open = typed(&world, &screen);
    assert!(screen.text().contains(&command));
}
