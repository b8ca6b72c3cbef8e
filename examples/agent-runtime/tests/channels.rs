//! The channels as they are outside: files in a folder, lines on a terminal, HTTP, and a command.

#![cfg(test)]

mod support;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use agent_runtime::relay::outside::{Channel, Folder, Follower, Http, Terminal, Token};
use agent_runtime::relay::{Relay, Reply};
use agent_runtime::request::{Decision, PermissionDecided};
use agent_runtime::supervisor::{Question, Supervisor};
use serde_json::{Value, json};
use support::world::{PATIENCE, SESSION, World};
use support::{program, run};
use tempfile::TempDir;
use vitae::store::Query;
use vitae::{Clock, Event, Name, SystemClock};

fn supervisor(world: &World) -> Supervisor {
    Supervisor::new(world.bus.clone(), SESSION.to_owned())
}

fn follow<C: Channel>(world: &World, channel: C) -> Follower<C> {
    Follower::new(supervisor(world), channel).unwrap()
}

/// A world with a folder.
struct InFolder {
    world: World,
    folder: TempDir,
}

impl InFolder {
    fn new() -> Self {
        Self { world: World::relaying(), folder: tempfile::tempdir().unwrap() }
    }

    fn follow(&self) -> Follower<Folder> {
        follow(&self.world, Folder::open(self.folder.path()).unwrap())
    }

    /// The names in a folder of the folder.
    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn answer(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join("answers").join(name), bytes).unwrap();
    }

    fn reason(&self, name: &str) -> String {
        let path = self.folder.path().join("refused").join(format!("{name}.reason"));
        fs::read_to_string(path).unwrap()
    }
}

#[test]
fn a_file_asks_and_a_file_answers() {
    let at = InFolder::new();
    let mut follower = at.follow();
    at.world.ask("r-1", "Bash");
    follower.step().unwrap();
    assert_eq!(at.names("requests"), ["r-1.json"]);
    let file = fs::read(at.folder.path().join("requests/r-1.json")).unwrap();
    let request: Value = serde_json::from_slice(&file).unwrap();
    let expected = json!({
        "request": "r-1", "session": SESSION, "run": 1, "workflow": "w", "since": 0, "until": 60_000,
        "kind": "permission", "tool": "Bash", "tool_input": { "about": "r-1" },
        "answers": ["allow", "deny", "always"],
    });
    assert_eq!(request, expected);

    // One that is being written is left alone.
    at.answer(".r-1.json", r#"{"answer": "al"#);
    follower.step().unwrap();
    assert_eq!(at.names("answers"), [".r-1.json"]);
    at.answer("r-1.json", r#"{"answer": "deny", "reason": "not on a Friday"}"#);
    follower.step().unwrap();
    let reason = Some("not on a Friday".to_owned());
    assert_eq!(at.world.decision("r-1"), Some(("user".into(), Decision::Deny { reason })));
    assert_eq!(at.names("answers"), [".r-1.json"]);
    assert!(at.names("requests").is_empty() && at.names("refused").is_empty());
}

#[test]
fn what_is_no_answer_is_set_aside_with_the_reason() {
    let at = InFolder::new();
    let mut follower = at.follow();
    at.world.ask("r-1", "Bash");
    follower.step().unwrap();
    let long = format!(r#"{{"answer": "deny", "reason": "{}"}}"#, "x".repeat(20_000));
    for (name, bytes, says) in [
        ("r-1.json", r#"{"answer": "al"#, "it is no answer: EOF"),
        ("r-1.json", "", "it is no answer: EOF"),
        ("r-1.json", r#"{"answer": "perhaps"}"#, "unknown variant `perhaps`"),
        ("r-1.json", r#"{"answer": "allow", "reason": "so"}"#, "unknown field `reason`"),
        ("r-1.json", r#"{"answer": "text", "text": "x"}"#, "it asks for leave"),
        ("r-1.json", &long, "more than 16384 bytes"),
        ("r-2.json", r#"{"answer": "allow"}"#, "request `r-2` waits for nobody"),
        ("r-1.txt", r#"{"answer": "allow"}"#, "its name is that of no request"),
        ("%2.json", r#"{"answer": "allow"}"#, "its name is that of no request"),
        ("%72-1.json", r#"{"answer": "allow"}"#, "its name is that of no request"),
    ] {
        at.answer(name, bytes);
        follower.step().unwrap();
        assert!(at.reason(name).contains(says), "{says}: {}", at.reason(name));
        assert_eq!(
            fs::read(at.folder.path().join("refused").join(name)).unwrap(),
            bytes.as_bytes()
        );
        assert!(at.names("answers").is_empty());
    }
    fs::create_dir(at.folder.path().join("answers/r-1.json")).unwrap();
    fs::remove_file(at.folder.path().join("refused/r-1.json")).unwrap();
    follower.step().unwrap();
    assert_eq!(at.reason("r-1.json"), "it is no file\n");

    // None of it was the answer.
    assert_eq!((at.world.decision("r-1"), at.names("requests")), (None, vec!["r-1.json".into()]));
    at.world.supervisor.answer("r-1", "terminal", &Reply::Allow).unwrap();
    fs::remove_dir(at.folder.path().join("refused/r-1.json")).unwrap();
    at.answer("r-1.json", r#"{"answer": "deny"}"#);
    follower.step().unwrap();
    assert_eq!(at.reason("r-1.json"), "request `r-1` is over: allowed, said on `terminal`\n");
    assert!(at.names("requests").is_empty());
}

#[test]
fn a_folder_is_brought_in_step_after_a_restart() {
    let at = InFolder::new();
    at.world.ask("r-1", "Bash");
    at.world.ask("r-2", "Bash");
    at.follow().step().unwrap();
    at.world.ask("r-3", "Bash");
    // An answer that was taken, and a crash before its file was removed.
    at.world.supervisor.answer("r-1", "folder", &Reply::Allow).unwrap();
    at.answer("r-1.json", r#"{"answer": "allow"}"#);
    at.answer("r-2.json", r#"{"answer": "allow"}"#);
    let mut follower = at.follow();
    follower.step().unwrap();
    assert_eq!(at.names("requests"), ["r-3.json"]);
    assert!(at.names("answers").is_empty() && at.names("refused").is_empty());
    assert_eq!(at.world.decision("r-2"), Some(("user".into(), Decision::Allow)));
}

#[test]
fn no_id_leads_out_of_the_folder() {
    let at = InFolder::new();
    let mut follower = at.follow();
    let ids = ["../../up", "/etc/x", ".hidden", "a b\n%", "ü", "..", "C:\\x", "~"];
    for id in ids {
        at.world.ask(id, "Bash");
    }
    follower.step().unwrap();
    let names = at.names("requests");
    assert_eq!(names.len(), ids.len());
    for name in &names {
        assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%.-_".contains(&byte)));
        at.answer(name, r#"{"answer": "allow"}"#);
    }
    follower.step().unwrap();
    assert!(at.world.pending().is_empty() && at.names("requests").is_empty());
    assert_eq!(at.names("refused"), [""; 0]);
}

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

    type_line("perhaps");
    screen.wait_for("not understood; 1 y(es)", &mut follower);
    type_line("3 n  not this file ");
    screen.wait_for("[3] is over: denied, said on `terminal`", &mut follower);
    type_line("a");
    screen.wait_for("[1] is over: always allowed, said on `terminal`", &mut follower);
    type_line("4 2");
    screen.wait_for("[4] is over: \"blue\", said on `terminal`", &mut follower);
    let reason = Some("not this file".to_owned());
    assert_eq!(world.decision("r-3"), Some(("user".into(), Decision::Deny { reason })));

    // Somebody else is faster: who sits here is told, and a late line is taken for what is left.
    world.supervisor.answer("r-2", "http", &Reply::Allow).unwrap();
    screen.wait_for("[2] is over: allowed, said on `http`", &mut follower);
    type_line("y");
    screen.wait_for("nothing waits for an answer", &mut follower);
}

/// A world with the HTTP channel.
struct Served {
    world: World,
    http: Http,
}

const TOKEN: &str = "0123456789abcdef";

impl Served {
    fn new() -> Self {
        let world = World::relaying();
        let http = Http::open(supervisor(&world), 0, Token::new(TOKEN).unwrap()).unwrap();
        Self { world, http }
    }

    fn ask(&self, request: &str, body: &str) -> (u16, Value) {
        ask(self.http.address(), request, Some(TOKEN), body)
    }
}

/// The status and the body of an answer.
fn ask(address: SocketAddr, request: &str, token: Option<&str>, body: &str) -> (u16, Value) {
    let mut connection = TcpStream::connect(address).unwrap();
    let token = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let (token, length) = (token.unwrap_or_default(), body.len());
    let head = format!("{request} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{token}");
    // Who is refused early may have closed before all of a long body was sent.
    let _ = write!(connection, "{head}content-length: {length}\r\n\r\n{body}");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[test]
fn a_request_is_listed_and_answered_over_http() {
    let at = Served::new();
    assert_eq!(at.ask("GET /requests", ""), (200, json!([])));
    at.world.ask("r-1", "Bash");
    at.world.ask("a/b c", "Bash");
    let (status, listed) = at.ask("GET /requests", "");
    assert_eq!(
        (status, &listed[0]["request"], &listed[1]["tool"]),
        (200, &json!("a/b c"), &json!("Bash"))
    );
    let relay = at.world.supervisor.relay("r-1").unwrap();
    assert!(matches!(&relay, Relay::Relayed(relayed) if relayed.channels == ["http"]));
    assert_eq!(at.ask("GET /requests/r-1", ""), (200, listed[1].clone()));

    let (status, _) = at.ask("POST /requests/r-1/answer", r#"{"answer": "always"}"#);
    assert_eq!(status, 200);
    assert_eq!(at.world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    let over = json!({ "request": "r-1", "over": "always allowed, said on `http`" });
    assert_eq!(at.ask("GET /requests/r-1", ""), (200, over));
    let (status, _) = at.ask("POST /requests/a%2Fb%20c/answer", r#"{"answer": "deny"}"#);
    assert_eq!((status, at.ask("GET /requests", "")), (200, (200, json!([]))));
}

#[test]
fn http_says_what_is_wrong() {
    let at = Served::new();
    at.world.ask("r-1", "Bash");
    let long = format!(r#"{{"answer": "deny", "reason": "{}"}}"#, "x".repeat(20_000));
    for (request, body, status) in [
        ("GET /", "", 404),
        ("GET /requests/r-2", "", 404),
        ("DELETE /requests/r-1", "", 405),
        ("POST /requests/r-2/answer", r#"{"answer": "allow"}"#, 404),
        ("POST /requests/r-1/answer", "", 400),
        ("POST /requests/r-1/answer", r#"{"answer": "perhaps"}"#, 400),
        ("POST /requests/r-1/answer", r#"{"answer": "text", "text": "x"}"#, 422),
        ("POST /requests/r-1/answer", &long, 413),
        ("GET /requests/%00", "", 400),
    ] {
        assert_eq!(at.ask(request, body).0, status, "{request} {body}");
    }
    assert_eq!(at.world.pending(), ["r-1"]);
    at.world.supervisor.answer("r-1", "terminal", &Reply::Allow).unwrap();
    let (status, said) = at.ask("POST /requests/r-1/answer", r#"{"answer": "deny"}"#);
    let over = "request `r-1` is over: allowed, said on `terminal`";
    assert_eq!((status, said), (409, json!({ "error": over })));
}

#[test]
fn without_the_token_nothing_is_said() {
    let at = Served::new();
    at.world.ask("r-1", "Bash");
    let events = at.world.events();
    for token in [
        None,
        Some(""),
        Some("0123456789abcdeg"),
        Some("0123456789abcde"),
        Some("0123456789abcdef0"),
    ] {
        for request in ["GET /requests", "GET /requests/r-1", "POST /requests/r-1/answer", "GET /x"]
        {
            let (status, said) = ask(at.http.address(), request, token, r#"{"answer": "allow"}"#);
            let error = "give the token: `Authorization: Bearer TOKEN`";
            assert_eq!((status, said), (401, json!({ "error": error })), "{request} {token:?}");
        }
    }
    assert_eq!(at.world.events(), events);
    assert!(at.http.address().ip().is_loopback());
    for text in ["", "too-short", "0123456789 abcdef", "0123456789abcdefü"] {
        assert!(Token::new(text).is_none(), "{text}");
    }
    let [one, other] = [Token::generate(), Token::generate()].map(Result::unwrap);
    assert!(one.reveal() != other.reveal() && Token::new(one.reveal()).is_some());
    assert!(!format!("{one:?}").contains(one.reveal()));
}

/// `answer REQUEST … --db FILE`.
fn answer(db: &Path, arguments: &[&str]) -> Result<String, String> {
    let output =
        run(["answer"].iter().chain(arguments).map(Path::new).chain([Path::new("--db"), db]));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn a_command_answers_and_whoever_follows_the_log_is_woken() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("log");
    let world = World::in_file(&db);
    world.start("w", Vec::new());
    world.ask("r-1", "Bash");
    world.ask("r-2", "Bash");
    let kinds = Query::kinds([Name::new(PermissionDecided::KIND).unwrap()]);
    let mut live = world.bus.subscribe(kinds, world.bus.store().head().unwrap());

    assert_eq!(answer(&db, &["r-1", "--deny", "not now"]), Ok("request r-1: denied\n".into()));
    let page = live.next().unwrap().unwrap();
    let event = page.iter().next().unwrap().decode::<PermissionDecided>().unwrap();
    let reason = Some("not now".to_owned());
    assert_eq!((event.source.as_str(), event.decision), ("user", Decision::Deny { reason }));
    let late = answer(&db, &["r-1", "--allow"]).unwrap_err();
    assert_eq!(late, "error: request `r-1` is over: denied, said on `command`\n");
    drop((live, world));

    // Nobody runs, and it is answered all the same.
    let always = answer(&db, &["r-2", "--always", "--session", SESSION]);
    assert_eq!(always, Ok("request r-2: always allowed\n".into()));
    let world = World::in_file(&db);
    world.ask("r-3", "Bash");
    assert_eq!(world.decision("r-3"), Some(("rule".into(), Decision::Allow)));
    let unknown = answer(&db, &["r-9", "--deny"]).unwrap_err();
    assert!(unknown.contains("request `r-9` waits for nobody"), "{unknown}");
}

/// A process that ends with the test, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn a_process_of_its_own_asks_for_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let (db, files) = (folder.path().join("log"), folder.path().join("files"));
    let world = World::in_file(&db);
    // The process has the machine's clock.
    world.clock.set(SystemClock.now());
    world.start("w", Vec::new());
    world.ask("r-1", "Bash");
    world.ask("r-2", "Bash");
    let process = program()
        .args(["channels", "--no-terminal", "--http", "0", "--patience", "1h", "--folder"])
        .args([&files, Path::new("--db"), &db])
        .env("AGENT_RUNTIME_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut process = Killed(process);
    let mut said = BufReader::new(process.0.stdout.take().unwrap()).lines();
    let mut next = || said.next().unwrap().unwrap();
    assert_eq!(next(), format!("asking in {}", files.display()));
    let address = next();
    let address = address.strip_prefix("asking on http://").unwrap();
    let address = address.strip_suffix("/requests").unwrap().parse().unwrap();
    let (status, listed) = ask(address, "GET /requests", Some(TOKEN), "");
    assert_eq!((status, listed.as_array().unwrap().len()), (200, 2));

    let kinds = Query::kinds([Name::new(PermissionDecided::KIND).unwrap()]);
    let mut live = world.bus.subscribe(kinds, world.bus.store().head().unwrap());
    let allow = r#"{"answer": "allow"}"#;
    assert_eq!(ask(address, "POST /requests/r-1/answer", Some(TOKEN), allow).0, 200);
    live.next().unwrap().unwrap();
    assert_eq!(world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    fs::write(files.join("answers/r-2.json"), allow).unwrap();
    live.next().unwrap().unwrap();
    assert_eq!(world.decision("r-2"), Some(("user".into(), Decision::Allow)));
}
