//! HTTP on the loopback address.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use agent_runtime::relay::outside::{Http, Token};
use agent_runtime::relay::{Relay, Reply};
use agent_runtime::request::Decision;
use serde_json::{Value, json};

use crate::supervisor;
use crate::support::world::World;

/// A world with the HTTP channel.
struct Served {
    world: World,
    http: Http,
}

pub(crate) const TOKEN: &str = "0123456789abcdef";

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
pub(crate) fn ask(
    address: SocketAddr,
    request: &str,
    token: Option<&str>,
    body: &str,
) -> (u16, Value) {
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
