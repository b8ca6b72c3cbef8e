//! The command that answers, and the process that asks.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use agent_runtime::hook::Hook;
use agent_runtime::relay::Channels;
use agent_runtime::request::{Decision, PermissionDecided};
use agent_runtime::supervisor::{Next, Supervisor};
use vitae::store::Query;
use vitae::{Clock, Event, Name, SystemClock};

use crate::http::{TOKEN, ask};
use crate::support::world::{SESSION, World};
use crate::support::{program, run};

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
    // Nor does this one.
    world.supervisor.suspend("w", "which colour?", world.heard()).unwrap();
    world.end_turn();
    let other = Supervisor::new(world.bus.clone(), "other".to_owned());
    other.hook("h", Hook::parse(HOOK).unwrap(), world.heard()).unwrap();
    let elsewhere = answer(&db, &["w", "--text", "blue", "--session", "other"]).unwrap_err();
    assert!(elsewhere.contains("request `w` waits for nobody"), "{elsewhere}");
    let text = ["w", "--text", "blue"];
    assert_eq!(answer(&db, &text), Ok("w: it goes on where it was\n".into()));
    let next = world.supervisor.next("w", |_, _| String::new()).unwrap();
    assert!(matches!(next, Next::Begin { prompt, .. } if prompt.text.contains("blue")));
    let twice = answer(&db, &text).unwrap_err();
    assert!(twice.contains("in state `Running`"), "{twice}");
    let unknown = answer(&db, &["r-9", "--deny", "--session", SESSION]).unwrap_err();
    assert!(unknown.contains("request `r-9` waits for nobody"), "{unknown}");
}

/// A hook of an agent session.
const HOOK: &str = r#"{"hook_event_name":"UserPromptSubmit","session_id":"a","prompt":"go"}"#;

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

#[test]
fn a_supervisor_without_channels_leaves_those_of_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let (db, workflow) = (folder.path().join("log"), folder.path().join("w.toml"));
    fs::write(&workflow, "name = 'x'\nprompt = 'go'\n").unwrap();
    let world = World::in_file(&db);
    let process = program()
        .args(["channels", "--no-terminal", "--http", "0", "--session", SESSION, "--db"])
        .arg(&db)
        .env("AGENT_RUNTIME_TOKEN", TOKEN)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut process = Killed(process);
    BufReader::new(process.0.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    let open = || matches!(world.bus.load::<Channels>(SESSION).unwrap().state(), Channels::Open(_));
    assert!(open());
    let people = folder.path().join("people");
    // Neither one that has none of its own, nor one that closes its own.
    for channels in [&[][..], &["--folder".as_ref(), people.as_os_str()]] {
        let run = program()
            .current_dir(folder.path())
            .args(["run", "--no-terminal", "--session", SESSION, "--db"])
            .args([&db, &workflow])
            .args(channels)
            .args(["--", "true"])
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        assert!(open());
    }
}
