//! The page in a browser: what a person sees, at the end of the log and at any other position.

#![cfg(test)]

#[path = "support/browser.rs"]
mod browser;
#[allow(dead_code, reason = "the page asks for itself")]
#[path = "support/server.rs"]
mod server;
mod support;

use std::path::PathBuf;
use std::sync::Arc;

use agent_runtime::replay::Replay;
use agent_runtime::request::Decision;
use browser::Browser;
use serde_json::json;
use server::Server;
use support::Recording;
use support::looking::{asked, question};
use support::world::World;
use tempfile::TempDir;
use vitae::Bus;
use vitae_sqlite::SqliteStore;

/// An empty store, to be written to while it is served.
fn store() -> (TempDir, PathBuf, Bus) {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("page.db");
    let bus = agent_runtime::bus(Arc::new(SqliteStore::open(&db).unwrap())).unwrap();
    (folder, db, bus)
}

/// How many lines there are up to one that has a text.
fn until(recording: &Recording, text: &str) -> usize {
    let lines = recording.lines.iter().map(|line| String::from_utf8_lossy(line).into_owned());
    lines.take_while(|line| !line.contains(text)).count() + 1
}

/// Whether an element shows a text.
fn shows(element: &str, text: &str) -> String {
    format!("document.querySelector({}).innerText.includes({})", json!(element), json!(text))
}

#[test]
fn the_slider_shows_every_state_as_it_was() {
    if !Browser::is_here() {
        return;
    }
    let (_folder, db, bus) = store();
    let recording = support::named("demo");
    recording.replay(&bus, usize::MAX);
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/", server.address));
    browser.wait_for(&shows("#lives", "completed"));
    browser.wait_for(&shows("#facts", "Done"));
    assert_eq!(browser.evaluate("document.querySelector('#diagram').decode().then(() => 1)"), 1);

    // By an address, as somebody else may have shared it.
    browser.go_to(&format!("http://{}/#at=1", server.address));
    browser.wait_for(&shows("#facts", "Starting"));
    browser.wait_for(&shows("#where", "1 of "));
    assert_eq!(browser.evaluate("document.querySelectorAll('#feed li').length"), 1);
    assert_eq!(
        browser.evaluate("document.querySelector('#diagram').alt"),
        "workflow, in state Starting"
    );

    // By the keys of the slider, and by those of the page.
    browser.evaluate("document.querySelector('#position').focus()");
    browser.press("ArrowRight", 39);
    browser.wait_for(&shows("#where", "2 of "));
    browser.evaluate("document.activeElement.blur()");
    browser.press("ArrowRight", 39);
    browser.wait_for(&shows("#where", "3 of "));
    browser.press("Home", 36);
    browser.wait_for(&shows("#lives-title", "No life has begun yet"));
    browser.press("End", 35);
    browser.wait_for(&shows("#lives", "completed"));
    assert_eq!(browser.evaluate("document.querySelector('#live').ariaPressed"), "true");

    // What had happened by then is a part of the timeline.
    let lanes = "document.querySelectorAll('#lanes li').length";
    let runs = recording.expected["runs"].as_array().unwrap().len();
    assert_eq!(browser.evaluate(lanes), runs + 1);
    assert_eq!(browser.evaluate("document.querySelector('#now').style.left"), "100%");

    // By an event of the feed, which stays the same element while time moves.
    browser.evaluate("window.kept = document.querySelector('#feed li:nth-child(9)')");
    browser.evaluate("window.kept.querySelector('button').click()");
    browser.wait_for("document.querySelector('#feed li') === window.kept");
}

#[test]
fn what_is_committed_while_the_page_is_open_appears() {
    if !Browser::is_here() {
        return;
    }
    let (_folder, db, bus) = store();
    let recording = support::named("demo");
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/", server.address));
    browser.wait_for(&shows("#lives-title", "No life has begun yet"));
    let mut replay = Replay::open(bus, recording.session.clone()).unwrap();
    replay.line(&recording.lines[0]).unwrap();
    browser.wait_for(&shows("#facts", "Starting"));
    replay.line(&recording.lines[1]).unwrap();
    browser.wait_for(&shows("#facts", "Running"));

    // Whoever looks at the past is not torn out of it, and sees that the log goes on.
    browser.press("Home", 36);
    browser.wait_for(&shows("#lives-title", "No life has begun yet"));
    let head = browser.evaluate("Number(document.querySelector('#position').max)");
    replay.line(&recording.lines[2]).unwrap();
    browser.wait_for(&format!("document.querySelector('#position').max > {head}"));
    assert_eq!(browser.evaluate(&shows("#where", "0 of ")), true);
}

#[test]
fn who_has_the_token_answers_and_it_leaves_the_address() {
    if !Browser::is_here() {
        return;
    }
    let (_folder, db, bus) = store();
    let recording = support::named("demo");
    recording.replay(&bus, until(&recording, "PermissionRequest"));
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/#token={}", server.address, server.token));
    browser.wait_for(&shows("#pending", "Leave to use Bash"));
    assert_eq!(browser.evaluate("location.hash.includes('token')"), false);
    browser.evaluate("document.querySelector('#requests input').value = 'not today'");
    browser.evaluate("document.querySelector('#requests .deny').click()");
    browser.wait_for("document.querySelector('#pending').hidden");
    browser.wait_for(&shows("#lives", "denied by user: not today"));

    // In the past it still waits, and cannot be answered there.
    let before = "document.querySelector('#feed .kind[class]') && document.querySelector('#position').max - 3";
    let before = browser.evaluate(before);
    browser.go_to(&format!("http://{}/#at={before}", server.address));
    browser.wait_for(&shows("#pending", "Leave to use Bash"));
    assert_eq!(browser.evaluate("document.querySelector('.controls').hidden"), true);
}

#[test]
fn leave_is_given_on_the_page_for_what_was_seen() {
    if !Browser::is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("long.db");
    let world = World::in_file(&db);
    world.start("w", Vec::new());
    let command = format!("{}; rm -rf /", "true; ".repeat(1_000));
    let hook = json!({
        "hook_event_name": "PermissionRequest", "tool_name": "Bash",
        "tool_input": { "command": command },
    });
    world.hook("long", hook).unwrap();
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/#token={}", server.address, server.token));
    browser.wait_for(&shows("#requests", "Leave to use Bash"));
    assert_eq!(browser.evaluate(&shows("#requests pre", "rm -rf /")), false);
    let disabled = |answer| format!("document.querySelector('#requests .{answer}').disabled");
    let each = |browser: &mut Browser| {
        ["allow", "always", "deny"].map(|answer| browser.evaluate(&disabled(answer)))
    };
    assert_eq!(each(&mut browser), [true, true, false]);
    browser.evaluate("document.querySelector('#requests .more').click()");
    browser.wait_for(&shows("#requests pre", "rm -rf /"));
    assert_eq!(each(&mut browser), [false; 3]);
    browser.evaluate("document.querySelector('#requests .allow').click()");
    browser.wait_for("document.querySelector('#pending').hidden");
    assert!(matches!(world.decision("long"), Some((_, Decision::Allow))));
}

#[test]
fn what_is_relayed_is_answered_on_the_page_and_seen_as_it_was() {
    if !Browser::is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("asked.db");
    let world = World::in_file(&db);
    asked(&world);
    let then = world.events();
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/#token={}", server.address, server.token));
    browser.wait_for(&shows("#requests li:nth-child(1)", "Leave to use Bash"));
    let relay = "offered on one, two, until 00:01:00";
    browser.wait_for(&shows("#requests li:nth-child(1)", relay));
    browser.wait_for(&shows("#requests li:nth-child(2)", "Which one?"));
    browser.wait_for(&shows("#requests li:nth-child(3)", "inner in s~b, run 1"));

    // The branch stands under the run that forked it, deeper than that.
    let place = |id: &str| {
        let line = format!("document.querySelector('#lives [data-key=\"{id}\"]')");
        format!("Number({line}.style.getPropertyValue('--depth'))")
    };
    for (id, depth) in [("session/s", 0), ("run/s/R1", 2), ("session/s~b", 3), ("run/s~b/R1", 4)] {
        assert_eq!(browser.evaluate(&place(id)), depth, "{id}");
    }
    assert_eq!(browser.evaluate(&place("request/s~b/inner")), 5);
    browser.evaluate("document.querySelector('#lives [data-key=\"relay/s/ask\"] button').click()");
    browser.wait_for("document.querySelector('#diagram').alt === 'relay, in state Relayed'");
    assert_eq!(browser.evaluate("document.querySelector('#diagram').decode().then(() => 1)"), 1);
    browser.wait_for(&shows("#facts", "one, two"));

    // Each with what is an answer to it.
    let click = |item: usize, label: &str| {
        let buttons = format!("document.querySelectorAll('#requests li:nth-child({item}) button')");
        format!("[...{buttons}].find((button) => button.innerText === {}).click()", json!(label))
    };
    browser.evaluate(&click(2, "blue"));
    browser.wait_for(&shows("#lives", "answered"));
    browser.wait_for("document.querySelectorAll('#requests li').length === 2");
    browser.evaluate(&click(1, "Always in this workflow"));
    browser.wait_for("document.querySelectorAll('#requests li').length === 1");
    browser.evaluate(&click(1, "Deny"));
    browser.wait_for("document.querySelector('#pending').hidden");
    assert_eq!(world.ending("which").as_deref(), Some("\"blue\", said on `page`"));
    assert_eq!(world.ending("ask").as_deref(), Some("always allowed, said on `page`"));
    browser.wait_for(&shows("#facts", "always allowed on `page`"));

    // Then, nobody had answered.
    browser.go_to(&format!("http://{}/#at={then}", server.address));
    browser.wait_for("document.querySelectorAll('#requests li').length === 3");
    browser.wait_for(&shows("#requests li:nth-child(1)", relay));
    assert_eq!(
        browser.evaluate("[...document.querySelectorAll('.controls')].every((it) => it.hidden)"),
        true
    );
}

#[test]
fn a_question_without_choices_is_answered_with_a_text() {
    if !Browser::is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("asked.db");
    let world = World::in_file(&db);
    question(&world, &[]);
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/#token={}", server.address, server.token));
    browser.wait_for(&shows("#requests", "Which one?"));
    browser.evaluate("document.querySelector('#requests input').value = 'the green one'");
    browser.evaluate("document.querySelector('#requests .text').click()");
    browser.wait_for("document.querySelector('#pending').hidden");
    let ending = world.ending("which");
    assert_eq!(ending.as_deref(), Some("\"the green one\", said on `page`"));
}

#[test]
fn a_page_that_was_refused_connects_once_there_is_room() {
    if !Browser::is_here() {
        return;
    }
    let (_folder, db, bus) = store();
    let server = Server::of(&db);
    let mut listeners: Vec<_> = (0..32).map(|_| server.listen()).collect();
    for listener in &mut listeners {
        listener.next();
    }
    let mut browser = Browser::open(&format!("http://{}/", server.address));
    browser.wait_for("document.body.classList.contains('alone')");
    drop(listeners);
    browser.wait_for("!document.body.classList.contains('alone')");
    // And it follows the log.
    support::named("demo").replay(&bus, 1);
    browser.wait_for(&shows("#facts", "Starting"));
}

#[test]
fn why_an_answer_was_not_taken_stays_and_why_nothing_is_seen_goes_with_it() {
    if !Browser::is_here() {
        return;
    }
    let (_folder, db, bus) = store();
    let recording = support::named("demo");
    let asked = until(&recording, "PermissionRequest");
    recording.replay(&bus, asked);
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/#token=x", server.address));
    browser.wait_for(&shows("#pending", "Leave to use Bash"));
    browser.evaluate("document.querySelector('#requests .allow').click()");
    browser.wait_for(&shows("#problem", "needs the token"));

    // The log goes on, and cannot be seen for a while.
    browser.evaluate("window.real = fetch; window.fetch = async () => { throw Error('gone') }; 0");
    recording.replay(&bus, asked + 1);
    browser.wait_for(&shows("#problem", "gone"));
    browser.evaluate("window.fetch = window.real; 0");
    browser.wait_for("!document.querySelector('#problem').innerText.includes('gone')");
    assert_eq!(browser.evaluate(&shows("#problem", "needs the token")), true);
    browser.evaluate("document.querySelector('#lives button').click()");
    browser.wait_for("document.querySelector('#problem').hidden");
}

#[test]
fn a_position_behind_the_end_is_the_end() {
    if !Browser::is_here() {
        return;
    }
    let (_folder, db, bus) = store();
    support::named("demo").replay(&bus, 1);
    let head = bus.store().head().unwrap().unwrap();
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/#at=999", server.address));
    browser.wait_for(&shows("#where", &format!("{head} of {head}")));
    browser.wait_for(&shows("#facts", "Starting"));
}

#[test]
fn what_an_agent_says_is_text_and_nothing_else() {
    if !Browser::is_here() {
        return;
    }
    let (_folder, db, bus) = store();
    let recording = support::named("demo");
    let hostile =
        r#"<img src=x onerror="window.owned=1"><script>window.owned=1</script><b id=owned>"#;
    let quoted = json!(hostile).to_string();
    let quoted = &quoted[1..quoted.len() - 1];
    let mut replay = Replay::open(bus, recording.session.clone()).unwrap();
    for line in &recording.lines[..until(&recording, "PermissionRequest")] {
        let line = String::from_utf8(line.clone()).unwrap();
        let line = line
            .replace("fix-tests", quoted)
            .replace("agent-a1", quoted)
            .replace("\"Bash\"", &format!("\"{quoted}\""))
            .replace("Make them pass.", quoted);
        replay.line(line.as_bytes()).unwrap();
    }
    let server = Server::of(&db);
    let mut browser = Browser::open(&format!("http://{}/#token=x", server.address));
    for place in ["#pending", "#lives", "#life-title", "#facts", "#feed"] {
        browser.wait_for(&shows(place, hostile));
    }
    let made = "document.querySelectorAll('#owned, main script, main img:not(#diagram)').length";
    assert_eq!(browser.evaluate(made), 0);
    assert_eq!(browser.evaluate("typeof window.owned"), "undefined");

    // Were it ever made markup by mistake, the browser itself would refuse.
    browser
        .evaluate("document.addEventListener('securitypolicyviolation', () => window.refused = 1)");
    let mistake = format!(
        "try {{ document.querySelector('main').innerHTML = {} }} catch (error) {{ error.name }}",
        json!(hostile)
    );
    assert_eq!(browser.evaluate(&mistake), "TypeError");
    assert_eq!(browser.evaluate("typeof window.owned"), "undefined");

    // An answer without the right token says so.
    browser.evaluate("document.querySelector('#requests .allow').click()");
    browser.wait_for(&shows("#problem", "needs the token"));
    browser.wait_for("!document.querySelector('#unlock').hidden");
}
