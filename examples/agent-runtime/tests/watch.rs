//! What the terminal shows, and what keys do.

#![cfg(test)]

mod support;
#[path = "support/terminal.rs"]
mod terminal;

use std::sync::Arc;

use agent_runtime::overview::{History, Scope, moments, whole};
use agent_runtime::relay::Reply;
use agent_runtime::supervisor::{NewWorkflow, Supervisor};
use agent_runtime::watch::{Act, Message, Model, Pane, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use support::looking::asked;
use support::world::World;
use support::{Recording, run};
use terminal::Watch;
use vitae::{Bus, MemoryStore};
use vitae_sqlite::SqliteStore;

/// How many lines there are up to one that has a text.
fn until(recording: &Recording, text: &str) -> usize {
    let lines = recording.lines.iter().map(|line| String::from_utf8_lossy(line).into_owned());
    lines.take_while(|line| !line.contains(text)).count() + 1
}

/// The first lines of a recording, on a log.
fn played(recording: &Recording, lines: usize) -> Bus {
    let bus = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
    recording.replay(&bus, lines);
    bus
}

fn seen(bus: &Bus) -> Message {
    let (store, scope) = (bus.store().clone(), Scope::new(None).unwrap());
    let moments = moments(store.as_ref(), &scope.query(), None, 500).unwrap();
    Message::Seen(Box::new(History::new(store, scope).newest().unwrap().clone()), moments)
}

fn model(bus: &Bus) -> Model {
    let mut model = Model::new("demo.db".to_owned());
    model.update(seen(bus));
    model
}

fn press(model: &mut Model, key: KeyCode) -> Option<Act> {
    model.update(Message::Key(KeyEvent::new(key, KeyModifiers::NONE)))
}

fn type_in(model: &mut Model, text: &str) {
    for char in text.chars() {
        assert_eq!(press(model, KeyCode::Char(char)), None);
    }
}

/// The screen, line by line.
fn screen(model: &Model, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, model)).unwrap();
    let buffer = terminal.backend().buffer();
    let cells = buffer.content().chunks(usize::from(width.max(1)));
    cells.map(|cells| cells.iter().map(|cell| cell.symbol()).collect()).collect()
}

fn assert_shows(screen: &[String], text: &str) {
    assert!(screen.iter().any(|line| line.contains(text)), "{text}\n{}", screen.join("\n"));
}

#[test]
fn a_wide_screen_shows_lives_lifecycle_feed_and_what_waits() {
    let recording = support::named("demo");
    let bus = played(&recording, until(&recording, "PermissionRequest"));
    let screen = screen(&model(&bus), 160, 36);
    assert!(screen[0].starts_with("agent-runtime demo.db · event 45 08:15:06 · 1 waiting"));
    for text in [
        "tidepool working",
        "  fix-tests running",
        "    agent-a1:R1 completed",
        "      stop lapsed",
        "      Bash waiting",
        "○ idle",
        "● running",
        "turn 2 of 4",
        "43 08:15:06 request.permission_asked Bash · {\"command\":\"rm",
        "Leave to use Bash hook-22 in tidepool, run 2",
        "Tab ↑ ↓ look around   a allow   d deny   q quit",
    ] {
        assert_shows(&screen, text);
    }
}

#[test]
fn the_state_that_is_marked_is_that_of_the_life_that_is_chosen() {
    let bus = played(&support::named("demo"), usize::MAX);
    let mut model = model(&bus);
    assert_shows(&screen(&model, 140, 40), "● done");
    press(&mut model, KeyCode::Up);
    let session = screen(&model, 140, 40);
    assert_shows(&session, "session tidepool");
    assert_shows(&session, "● interactive");
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Down);
    assert_shows(&screen(&model, 140, 40), "● closed");
}

#[test]
fn the_newest_workflow_is_shown_whatever_its_session_is_called() {
    let world = World::new();
    world.start("older", Vec::new());
    let supervisor = Supervisor::new(world.bus.clone(), "earlier in the alphabet".to_owned());
    let new = NewWorkflow {
        workflow: "newer".to_owned(),
        name: "newer".to_owned(),
        prompt: String::new(),
        max_iterations: None,
        tracker_path: None,
        rules: Vec::new(),
        retry: None,
    };
    supervisor.start_workflow(new, world.heard()).unwrap();
    assert_shows(&screen(&model(&world.bus), 140, 40), "workflow newer");
}

#[test]
fn no_size_is_too_small_or_too_large() {
    let recordings = support::own();
    for recording in &recordings {
        for lines in [0, 1, until(recording, "PermissionRequest"), usize::MAX] {
            let mut model = model(&played(recording, lines));
            for (width, height) in
                [(0, 0), (1, 1), (2, 3), (9, 4), (40, 10), (80, 24), (99, 50), (100, 5), (400, 150)]
            {
                for pane in [Pane::Lives, Pane::Feed, Pane::Requests] {
                    model.pane = pane;
                    for key in [KeyCode::Down, KeyCode::PageDown, KeyCode::Up, KeyCode::PageUp] {
                        press(&mut model, key);
                    }
                    screen(&model, width, height);
                }
            }
        }
    }
    // A narrow one has its parts below each other.
    let narrow = screen(&model(&played(&recordings[1], usize::MAX)), 60, 40);
    for text in ["Lives", "workflow fix-tests", "● done", "Feed"] {
        assert_shows(&narrow, text);
    }
}

#[test]
fn only_a_request_that_was_chosen_is_answered() {
    let recording = support::named("demo");
    let asked = until(&recording, "PermissionRequest");
    let mut model = model(&played(&recording, asked));
    for key in ['a', 'd'] {
        assert_eq!(press(&mut model, KeyCode::Char(key)), None);
        assert_shows(&screen(&model, 120, 30), "choose a request first");
    }
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.pane, Pane::Requests);
    press(&mut model, KeyCode::Down);
    // Somebody else decides it before the key is pressed, and another one waits.
    model.update(seen(&played(&recording, until(&recording, "\"id\":\"hook-46\""))));
    assert_shows(&screen(&model, 120, 30), "hook-46 in tidepool");
    assert_eq!(press(&mut model, KeyCode::Char('a')), None);

    let bus = played(&recording, asked);
    model.update(seen(&bus));
    model.pane = Pane::Requests;
    press(&mut model, KeyCode::Down);
    show(&mut model, &bus, 'a');
    let Some(Act::Answer(said)) = press(&mut model, KeyCode::Char('a')) else { panic!() };
    assert_eq!((said.request.as_str(), said.reply), ("hook-22", Reply::Allow));
    // Once.
    assert_eq!(press(&mut model, KeyCode::Char('a')), None);
}

#[test]
fn a_denial_has_a_reason_that_is_typed() {
    let recording = support::named("demo");
    let mut model = model(&played(&recording, until(&recording, "PermissionRequest")));
    model.pane = Pane::Requests;
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Char('d'));
    type_in(&mut model, "quasi");
    assert_shows(&screen(&model, 80, 24), "denied, because: quasi");
    press(&mut model, KeyCode::Esc);
    assert!(model.typed.is_none());
    press(&mut model, KeyCode::Char('d'));
    type_in(&mut model, "not todayy");
    press(&mut model, KeyCode::Backspace);
    let Some(Act::Answer(said)) = press(&mut model, KeyCode::Enter) else { panic!() };
    assert_eq!(said.reply, Reply::Deny { reason: Some("not today".to_owned()) });
    model.update(Message::Failed("the store cannot be written to".to_owned()));
    assert_shows(&screen(&model, 80, 24), "the store cannot be written to");
}

/// A key by which all of what was chosen is shown, and nothing is answered.
fn show(model: &mut Model, bus: &Bus, key: char) {
    let Some(Act::Show(id)) = press(model, KeyCode::Char(key)) else { panic!("{key}") };
    let text = whole(bus.store().as_ref(), &id).unwrap().unwrap();
    model.update(Message::Whole(id, text));
}

#[test]
fn leave_is_given_for_what_was_seen() {
    let world = World::new();
    world.start("w", Vec::new());
    let command = format!("{}; delete-everything", "true; ".repeat(1_000));
    let hook = serde_json::json!({
        "hook_event_name": "PermissionRequest", "tool_name": "Bash",
        "tool_input": { "command": command },
    });
    world.hook("long", hook).unwrap();
    let mut model = model(&world.bus);
    choose(&mut model, 1);
    let shown = |model: &Model| screen(model, 80, 24).join("\n");
    for key in ['a', 'w', 's'] {
        show(&mut model, &world.bus, key);
        assert!(shown(&model).contains("All of what is asked"));
        press(&mut model, KeyCode::Esc);
        assert!(!shown(&model).contains("All of what is asked"));
    }
    // What is shown of another one says nothing of this.
    model.update(Message::Whole("s/other".to_owned(), "ls".to_owned()));
    show(&mut model, &world.bus, 'a');
    assert!(!shown(&model).contains("delete-everything"));
    let pages = (0..9).take_while(|_| {
        press(&mut model, KeyCode::PageDown);
        !shown(&model).contains("delete-everything")
    });
    assert!((3..9).contains(&pages.count()), "{}", shown(&model));
    let Some(Act::Answer(said)) = press(&mut model, KeyCode::Char('w')) else { panic!() };
    assert_eq!((said.request.as_str(), said.reply), ("long", Reply::Always));
    assert!(model.whole.is_none());
}

/// Chooses the n-th of what waits, counted from 1.
fn choose(model: &mut Model, number: usize) {
    model.pane = Pane::Requests;
    (0..number).for_each(|_| drop(press(model, KeyCode::Down)));
}

#[test]
fn what_is_relayed_is_shown_with_its_relay_and_under_what_asked() {
    let world = World::new();
    asked(&world);
    let mut model = model(&world.bus);
    let wide = screen(&model, 200, 60);
    for text in [
        "    a:R1 running",
        "        relay waiting",
        "      s~b working",
        "        b:R1 running",
        "Leave to use Bash ask in s, run 1",
        "  offered on one, two, until 00:01:00",
        "Which one? which in s, run 1",
        "  1 red   2 blue",
        "Leave to use Bash inner in s~b, run 1",
    ] {
        assert_shows(&wide, text);
    }
    // Its lifecycle with its state, and all of what it asks.
    choose(&mut model, 2);
    let chosen = screen(&model, 200, 60);
    assert_shows(&chosen, "● requested");
    assert_shows(&chosen, "Which one? · 1 red · 2 blue · offered nowhere yet,");
    choose(&mut model, 1);
    let chosen = screen(&model, 200, 60);
    assert_shows(&chosen, "request Bash");
    assert_shows(&chosen, "a allow   w always in this workflow   d deny");
    world.supervisor.answer("ask", "one", &Reply::Allow).unwrap();
    model.update(seen(&world.bus));
    let after = screen(&model, 200, 60);
    assert_shows(&after, "      Bash allowed by user");
    assert_shows(&after, "        relay answered");
}

#[test]
fn what_is_asked_is_answered_with_what_is_an_answer_to_it() {
    let world = World::new();
    asked(&world);
    let mut model = model(&world.bus);
    choose(&mut model, 1);
    for key in ['t', '1'] {
        assert_eq!(press(&mut model, KeyCode::Char(key)), None);
        assert_shows(&screen(&model, 200, 60), "it asks for leave: a or d");
    }
    let Some(Act::Answer(said)) = press(&mut model, KeyCode::Char('w')) else { panic!() };
    assert_eq!((said.request.as_str(), said.reply), ("ask", Reply::Always));

    choose(&mut model, 2);
    for key in ['a', 'w', 'd', '3'] {
        assert_eq!(press(&mut model, KeyCode::Char(key)), None);
        assert_shows(&screen(&model, 200, 60), "it is a question");
    }
    press(&mut model, KeyCode::Char('t'));
    type_in(&mut model, "reddd");
    assert_shows(&screen(&model, 200, 60), "answer: reddd");
    (0..2).for_each(|_| drop(press(&mut model, KeyCode::Backspace)));
    let text = |text: &str| Reply::Text { text: text.to_owned() };
    let Some(Act::Answer(said)) = press(&mut model, KeyCode::Enter) else { panic!() };
    assert_eq!((said.request.as_str(), said.reply), ("which", text("red")));
    choose(&mut model, 2);
    let Some(Act::Answer(said)) = press(&mut model, KeyCode::Char('2')) else { panic!() };
    assert_eq!((said.session.as_str(), said.reply), ("s", text("blue")));

    choose(&mut model, 3);
    let Some(Act::Answer(said)) = press(&mut model, KeyCode::Char('a')) else { panic!() };
    assert_eq!((said.session.as_str(), said.request.as_str()), ("s~b", "inner"));
}

#[test]
fn a_log_that_cannot_be_seen_any_more_is_not_forgotten_with_the_next_key() {
    let mut model = model(&played(&support::named("demo"), 1));
    model.update(Message::Blind("damaged".to_owned()));
    press(&mut model, KeyCode::Down);
    assert_shows(&screen(&model, 80, 24), "the log cannot be seen any more: damaged");
    model.update(seen(&played(&support::named("demo"), 2)));
    assert!(!screen(&model, 80, 24).iter().any(|line| line.contains("any more")));
}

#[test]
fn a_person_leaves_when_they_want_to() {
    let mut model = model(&played(&support::named("demo"), 1));
    assert_eq!(press(&mut model, KeyCode::Char('q')), Some(Act::Quit));
    assert_eq!(press(&mut model, KeyCode::Esc), Some(Act::Quit));
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(model.update(Message::Key(interrupt)), Some(Act::Quit));
}

#[test]
fn what_an_agent_says_does_not_reach_the_terminal_as_control() {
    let recording = support::named("demo");
    let bus = agent_runtime::bus(Arc::new(MemoryStore::new())).unwrap();
    let mut replay =
        agent_runtime::replay::Replay::open(bus.clone(), recording.session.clone()).unwrap();
    for line in &recording.lines[..until(&recording, "PermissionRequest")] {
        let line = String::from_utf8(line.clone()).unwrap();
        let line = line.replace("\"Bash\"", r#""Ba\u001b[2J\u202esh\r\n""#);
        let line = line.replace("agent-b2", r"agent\u001b]0;owned\u0007-b2");
        replay.line(line.as_bytes()).unwrap();
    }
    let screen = screen(&model(&bus), 160, 40);
    let bad = |char: char| char.is_control() || char == '\u{202e}';
    assert!(!screen.iter().any(|line| line.contains(bad)), "{screen:#?}");
    assert_shows(&screen, "Leave to use Ba[2Jsh");
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("demo.db");
    support::named("demo").replay(
        &agent_runtime::bus(Arc::new(SqliteStore::open(&db).unwrap())).unwrap(),
        usize::MAX,
    );
    let output = run(["watch".as_ref(), "--db".as_ref(), db.as_os_str()]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("`watch` draws on a terminal"), "{error}");
    assert!(output.stdout.is_empty());
}

#[test]
fn who_watches_sees_what_comes_and_the_terminal_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("demo.db");
    let recording = support::named("demo");
    let bus = agent_runtime::bus(Arc::new(SqliteStore::open(&db).unwrap())).unwrap();
    recording.replay(&bus, 1);
    let mut watch = Watch::of(&db);
    watch.read_until("starting");
    recording.replay(&bus, until(&recording, "PermissionRequest"));
    watch.read_until("hook-22");
    watch.press("\t\tja");
    watch.read_until("All of what is asked");
    watch.press("a");
    watch.read_until("answered");
    let mut history = History::new(bus.store().clone(), Scope::new(None).unwrap());
    let overview = history.newest().unwrap();
    let decision = overview.requests.get("tidepool/hook-22").unwrap().seen.decision.clone();
    assert_eq!(decision.as_deref(), Some("allowed by user"));
    watch.press("q");
    let drawn = watch.end();
    let (entered, left) = (drawn.find("\u{1b}[?1049h"), drawn.rfind("\u{1b}[?1049l"));
    assert!(entered.is_some() && left > entered, "{drawn:?}");
}

#[test]
fn a_signal_gives_the_terminal_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("demo.db");
    let bus = agent_runtime::bus(Arc::new(SqliteStore::open(&db).unwrap())).unwrap();
    support::named("demo").replay(&bus, 1);
    for signal in ["TERM", "HUP", "INT"] {
        let mut watch = Watch::of(&db);
        watch.read_until("starting");
        watch.signal(signal);
        let drawn = watch.end();
        let (entered, left) = (drawn.find("\u{1b}[?1049h"), drawn.rfind("\u{1b}[?1049l"));
        assert!(entered.is_some() && left > entered, "{signal}: {drawn:?}");
    }
}
