//! Files in a folder.

use std::fs;

use agent_runtime::relay::Reply;
use agent_runtime::relay::outside::{Folder, Follower};
use agent_runtime::request::Decision;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::follow;
use crate::support::world::{SESSION, World};

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
fn input_that_nobody_reads_as_json_is_shown_as_its_text() {
    let at = InFolder::new();
    let mut follower = at.follow();
    let deep = (0..200).fold(json!("rm"), |inner, _| json!([inner]));
    let hook = json!({
        "hook_event_name": "PermissionRequest", "tool_name": "Bash", "tool_input": deep,
    });
    at.world.hook("r-1", hook).unwrap();
    follower.step().unwrap();
    let file = fs::read(at.folder.path().join("requests/r-1.json")).unwrap();
    let request: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(request["tool_input"], deep.to_string());
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

#[test]
fn what_cannot_be_set_aside_keeps_no_answer_away() {
    let at = InFolder::new();
    let mut follower = at.follow();
    at.world.ask("r-1", "Bash");
    // No answer; and in its place there is a folder already, with something in it.
    fs::create_dir(at.folder.path().join("answers/a.json")).unwrap();
    fs::create_dir_all(at.folder.path().join("refused/a.json/older")).unwrap();
    at.answer("r-1.json", r#"{"answer": "allow"}"#);
    at.answer("z.json", "{");
    follower.step().unwrap();
    assert_eq!(at.world.decision("r-1"), Some(("user".into(), Decision::Allow)));
    assert!(at.reason("z.json").contains("it is no answer"));
    // It is told all the same.
    follower.step().unwrap_err();
}
