//! What the page is told, and who may tell it something.

#![cfg(test)]

#[path = "support/server.rs"]
mod server;
mod support;

use std::path::PathBuf;
use std::sync::Arc;

use agent_runtime::replay::Replay;
use serde_json::{Value, json};
use server::Server;
use tempfile::TempDir;
use vitae_sqlite::SqliteStore;

/// A store with the first lines of the demo recording, and who goes on with it.
struct Session {
    _folder: TempDir,
    db: PathBuf,
    lines: Vec<Vec<u8>>,
    taken: usize,
    replay: Replay,
}

impl Session {
    /// Up to the line that asks for leave to use a tool.
    fn until_permission_is_asked() -> Self {
        let recording = support::named("demo");
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("demo.db");
        let bus = agent_runtime::bus(Arc::new(SqliteStore::open(&db).unwrap())).unwrap();
        let lines = recording.lines.clone();
        let asks = |line: &Vec<u8>| String::from_utf8_lossy(line).contains("PermissionRequest");
        let taken = lines.iter().position(asks).unwrap() + 1;
        let replay = recording.replay(&bus, taken);
        Self { _folder: folder, db, lines, taken, replay }
    }

    fn go_on(&mut self) {
        self.replay.line(&self.lines[self.taken]).unwrap();
        self.taken += 1;
    }
}

fn waiting(state: &Value) -> Vec<&Value> {
    state["requests"].as_array().unwrap().iter().filter(|life| life["over"] == false).collect()
}

#[test]
fn every_state_is_shown_as_it_was() {
    let session = Session::until_permission_is_asked();
    let server = Server::of(&session.db);
    let before = server.state(0);
    assert_eq!(before["workflows"], json!([]));
    assert_eq!((&before["position"], &before["moments"]), (&json!(0), &json!([])));
    let first = server.state(1);
    assert_eq!(first["workflows"][0]["state"], "Starting");
    assert_eq!(first["workflows"][0]["iteration"], 0);
    assert_eq!(first["moments"][0]["kind"], "workflow.start");
    let (status, _, now) = server.get("/api/state");
    let now: Value = serde_json::from_str(&now).unwrap();
    assert_eq!((status, &now["workflows"][0]["state"]), (200, &json!("Running")));
    assert_eq!(waiting(&now)[0]["what"], "Bash");
    // Behind the end is the end.
    assert_eq!(server.state(u64::MAX), now);
    let (status, ..) = server.get("/api/state?at=yesterday");
    assert_eq!(status, 400);
}

#[test]
fn whoever_listens_is_told_what_another_process_commits() {
    let mut session = Session::until_permission_is_asked();
    let server = Server::of(&session.db);
    let head = server.state(0)["head"].as_u64().unwrap();
    let mut listener = server.listen();
    assert_eq!(listener.next(), head);
    session.go_on();
    let told = listener.next();
    assert!(told > head);
    assert_eq!(server.state(0)["head"], told);
}

#[test]
fn an_answer_needs_the_token_and_is_taken_once() {
    let session = Session::until_permission_is_asked();
    let server = Server::of(&session.db);
    let now = server.state(u64::MAX);
    let request = waiting(&now)[0];
    let said = json!({
        "session": request["session"], "request": request["request"], "allow": false,
        "reason": "not today",
    });
    let head = now["head"].clone();
    for wrong in ["", "0", &server.token[1..], &server.token.replace(['a', 'b', '1'], "c")] {
        assert_eq!(server.answer(wrong, &said).0, 401, "{wrong:?}");
    }
    // Nobody without it learns what would be an answer.
    assert_eq!(server.answer("", &json!("nonsense")).0, 401);
    assert_eq!(server.answer(&server.token, &json!("nonsense")).0, 422);
    assert_eq!(server.state(u64::MAX)["head"], head);

    assert_eq!(server.answer(&server.token, &said).0, 204);
    let now = server.state(u64::MAX);
    assert!(waiting(&now).is_empty());
    let requests = now["requests"].as_array().unwrap();
    assert!(requests.iter().any(|life| life["decision"] == "denied by user: not today"));
    let (status, error) = server.answer(&server.token, &said);
    assert!(status == 409 && error.contains("does not wait for an answer"), "{status} {error}");
    assert_eq!(server.state(u64::MAX)["head"], now["head"]);
}

#[test]
fn other_names_other_pages_and_large_bodies_are_refused() {
    let session = Session::until_permission_is_asked();
    let server = Server::of(&session.db);
    let port = server.address.port();
    for foreign in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", "localhost:1"] {
        for path in ["/", "/api/state", "/api/live"] {
            let head = [&format!("GET {path} HTTP/1.1"), &format!("Host: {foreign}")[..]];
            assert_eq!(server.ask(&head, "").0, 421, "{foreign}{path}");
        }
    }
    let local = format!("Host: LOCALHOST:{port}");
    assert_eq!(server.ask(&["GET / HTTP/1.1", &local], "").0, 200);
    for path in ["/", "/app.js", "/api/state", "/api/diagram/run/Running", "/nothing"] {
        let origin = ["Origin: http://evil.example", &server.host()].join("\r\n");
        let (_, head, _) = server.ask(&[&format!("GET {path} HTTP/1.1"), &origin], "");
        assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self'"));
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        assert!(!head.contains("access-control"), "{head}");
    }
    let long = "x".repeat(17 << 10);
    let said = json!({ "session": "s", "request": long, "allow": true });
    assert_eq!(server.answer(&server.token, &said).0, 413);
    assert_eq!(
        server.answer(&server.token, &json!({ "session": "", "request": "", "allow": true })).0,
        409
    );
    // A body that says that it is no JSON could be sent by any page.
    let authorization = format!("Authorization: Bearer {}", server.token);
    let head =
        ["POST /api/answer HTTP/1.1", &server.host(), "Content-Type: text/plain", &authorization];
    assert_eq!(server.ask(&head, "{}").0, 415);
}

#[test]
fn a_lifecycle_is_drawn_with_its_state() {
    let session = Session::until_permission_is_asked();
    let server = Server::of(&session.db);
    let (status, head, picture) = server.get("/api/diagram/workflow/Running");
    assert!(status == 200 && head.contains("image/svg+xml"), "{head}");
    assert!(picture.starts_with("<svg ") && picture.contains("workflow.iteration"), "{picture}");
    for nothing in ["/api/diagram/workflow/Nowhere", "/api/diagram/x/Running", "/../Cargo.toml"] {
        assert_eq!(server.get(nothing).0, 404, "{nothing}");
    }
}

#[test]
fn it_ends_when_it_is_told_to_even_while_somebody_listens() {
    let session = Session::until_permission_is_asked();
    let mut server = Server::of(&session.db);
    let mut listener = server.listen();
    listener.next();
    assert!(server.interrupt().success());
}

#[test]
fn not_more_listen_than_can_be_borne() {
    let session = Session::until_permission_is_asked();
    let server = Server::of(&session.db);
    let mut listeners: Vec<_> = (0..32).map(|_| server.listen()).collect();
    listeners.iter_mut().for_each(|listener| drop(listener.next().to_string()));
    assert_eq!(server.get("/api/live").0, 503);
    assert_eq!(server.get("/api/state").0, 200);
}
