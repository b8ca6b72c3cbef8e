//! What the page is told, and who may tell it something.

#![cfg(test)]

#[path = "support/server.rs"]
mod server;
mod support;

use std::io::Write;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;

use agent_runtime::relay::Reply;
use agent_runtime::replay::Replay;
use serde_json::{Value, json};
use server::Server;
use support::looking::asked;
use support::world::World;
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
        "session": request["session"], "request": request["request"],
        "reply": { "answer": "deny", "reason": "not today" },
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
    assert!(status == 409 && error.contains("waits for nobody"), "{status} {error}");
    assert_eq!(server.state(u64::MAX)["head"], now["head"]);
}

#[test]
fn what_is_relayed_is_told_with_its_relay_and_answered_through_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("asked.db");
    let world = World::in_file(&db);
    asked(&world);
    let server = Server::of(&db);
    let now = server.state(u64::MAX);
    let waits = |state: &Value, request: &str| {
        let waiting = state["waiting"].as_array().unwrap();
        waiting.iter().find(|it| it["request"] == request).cloned()
    };
    let ask = waits(&now, "ask").unwrap();
    assert_eq!(ask["relay"], "offered on one, two, until 00:01:00");
    assert_eq!(
        (&ask["asks"], &ask["what"]),
        (&json!("leave_in_workflow"), &json!("Leave to use Bash"))
    );
    let branch = now["tree"].as_array().unwrap().iter().find(|line| line["id"] == "s~b").unwrap();
    assert_eq!((&branch["depth"], &branch["category"]), (&json!(3), &json!("session")));

    let post = |request: &str, reply: Value| {
        let session = waits(&now, request).unwrap()["session"].clone();
        server.answer(
            &server.token,
            &json!({ "session": session, "request": request, "reply": reply }),
        )
    };
    for no_answer in
        [json!({ "answer": "maybe" }), json!("allow"), json!({ "answer": "allow", "x": 1 })]
    {
        assert_eq!(post("ask", no_answer).0, 422);
    }
    // What is none to what is asked.
    assert_eq!(post("which", json!({ "answer": "allow" })).0, 422);
    assert_eq!(post("which", json!({ "answer": "text", "text": "green" })).0, 422);
    for (request, reply) in [
        ("ask", json!({ "answer": "always" })),
        ("which", json!({ "answer": "text", "text": "red" })),
        ("inner", json!({ "answer": "deny", "reason": "no" })),
    ] {
        assert_eq!(post(request, reply), (204, String::new()), "{request}");
    }
    assert_eq!(world.ending("ask").as_deref(), Some("always allowed, said on `page`"));
    // Whoever comes later is told who was faster.
    let (status, error) = post("ask", json!({ "answer": "deny" }));
    assert!(status == 409 && error.contains("always allowed, said on `page`"), "{error}");

    // And then, everything waited.
    let after = server.state(u64::MAX);
    assert_eq!(after["waiting"], json!([]));
    let relays = after["relays"].as_array().unwrap();
    let relay = relays.iter().find(|relay| relay["id"] == "s/ask").unwrap();
    assert_eq!(relay["ending"], "always allowed on `page`");
    assert_eq!(server.state(now["head"].as_u64().unwrap())["waiting"], now["waiting"]);
}

#[test]
fn all_of_what_is_asked_can_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("long.db");
    let world = World::in_file(&db);
    asked(&world);
    let command = format!("{}\u{202e}; rm -rf /", "true; ".repeat(1_000));
    let hook = json!({
        "hook_event_name": "PermissionRequest", "tool_name": "Bash",
        "tool_input": { "command": command },
    });
    world.hook("long", hook).unwrap();
    let server = Server::of(&db);
    let state = server.state(u64::MAX);
    let cut = |request: &str| {
        let waiting = state["waiting"].as_array().unwrap();
        waiting.iter().find(|it| it["request"] == request).unwrap()["cut"].clone()
    };
    assert_eq!((cut("ask"), cut("which"), cut("long")), (false.into(), false.into(), true.into()));
    let whole = |id: &str| server.get(&format!("/api/whole?id={id}"));
    let (status, _, body) = whole("s/long");
    let body: Value = serde_json::from_str(&body).unwrap();
    let expected =
        format!("Bash\n{}", json!({ "command": command })).replace('\u{202e}', "\u{fffd}");
    assert_eq!((status, body["text"].as_str()), (200, Some(expected.as_str())));
    let (_, _, question) = whole("s/which");
    assert!(question.contains(r"Which one?\nred\nblue"), "{question}");
    world.supervisor.answer("long", "one", &Reply::Allow).unwrap();
    for over in ["s/long", "s/nothing", "%00", ""] {
        assert_eq!(whole(over).0, 404, "{over}");
    }
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
    let ask = |path: &str, says: &str| {
        server.ask(&[&format!("GET {path} HTTP/1.1"), &server.host(), says], "")
    };
    for path in ["/", "/app.js", "/api/state", "/api/diagram/run/Running", "/nothing"] {
        let (status, head, _) = ask(path, "Origin: http://evil.example");
        assert_eq!(status, 403, "{path}");
        assert!(head.contains("content-security-policy: default-src 'none'; script-src 'self'"));
        assert!(head.contains("x-content-type-options: nosniff"), "{head}");
        assert!(!head.contains("access-control"), "{head}");
    }
    // What another page asks for, whether it could read the answer or not; but a link can be followed.
    for site in ["cross-site", "same-site"] {
        let site = format!("Sec-Fetch-Site: {site}");
        for destination in ["empty", "iframe"] {
            let says = format!("{site}\r\nSec-Fetch-Dest: {destination}");
            assert_eq!(ask("/api/live", &says).0, 403, "{says}");
        }
        assert_eq!(ask("/", &format!("{site}\r\nSec-Fetch-Dest: document")).0, 200);
    }
    let own = format!("Sec-Fetch-Site: same-origin\r\nOrigin: http://{}", server.address);
    assert_eq!(ask("/api/state", &own).0, 200);
    assert_eq!(ask("/api/state", &format!("Origin: http://{}", server.address)).0, 200);
    let (long, allow) = ("x".repeat(17 << 10), json!({ "answer": "allow" }));
    let said = json!({ "session": "s", "request": long, "reply": allow });
    assert_eq!(server.answer(&server.token, &said).0, 413);
    assert_eq!(
        server.answer(&server.token, &json!({ "session": "", "request": "", "reply": allow })).0,
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
    // Nor while somebody asks for something, and does not come to the point.
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    // What comes later is answered, so that has been seen.
    assert_eq!(server.get("/").0, 200);
    assert!(server.interrupt().success());
}

#[test]
fn not_more_listen_than_can_be_borne() {
    let session = Session::until_permission_is_asked();
    let server = Server::of(&session.db);
    let mut listeners: Vec<_> = (0..32).map(|_| server.listen()).collect();
    for listener in &mut listeners {
        listener.next();
    }
    assert_eq!(server.get("/api/live").0, 503);
    assert_eq!(server.get("/api/state").0, 200);
}
