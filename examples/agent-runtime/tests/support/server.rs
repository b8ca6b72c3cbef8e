//! A process of the program that serves a store.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::program;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A process that serves a store.
pub(crate) struct Server {
    process: Child,
    _out: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        self.process.wait().unwrap();
    }
}

impl Server {
    pub(crate) fn of(db: &Path) -> Self {
        let arguments = ["serve", "--port", "0", "--db"];
        let mut process = program().args(arguments).arg(db).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut said = String::new();
        out.read_line(&mut said).unwrap();
        let (address, token) = said
            .trim()
            .strip_prefix("Open http://")
            .and_then(|said| said.split_once("/#token="))
            .unwrap_or_else(|| panic!("{said}"));
        let (address, token) = (address.parse().unwrap(), token.to_owned());
        Self { process, _out: out, address, token }
    }

    /// Sends a request of these lines, and gives status, headers and body.
    pub(crate) fn ask(&self, head: &[&str], body: &str) -> (u16, String, String) {
        let mut connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = head.join("\r\n");
        let length = body.len();
        // A server that has seen enough answers before it has read everything.
        let _ = write!(
            connection,
            "{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        let status = head[9..12].parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String, String) {
        self.ask(&[&format!("GET {path} HTTP/1.1"), &self.host()], "")
    }

    pub(crate) fn state(&self, at: u64) -> Value {
        let (status, _, body) = self.get(&format!("/api/state?at={at}"));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    pub(crate) fn answer(&self, token: &str, said: &Value) -> (u16, String) {
        let authorization = format!("Authorization: Bearer {token}");
        let head = [
            "POST /api/answer HTTP/1.1",
            &self.host(),
            "Content-Type: application/json",
            &authorization,
        ];
        let (status, _, body) = self.ask(&head, &said.to_string());
        (status, body)
    }

    /// Tells it to end, as Ctrl-C does, and waits until it has.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let told = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        assert!(told.unwrap().success());
        self.process.wait().unwrap()
    }

    pub(crate) fn host(&self) -> String {
        format!("Host: {}", self.address)
    }

    /// Listens to where the log ends.
    pub(crate) fn listen(&self) -> Listener {
        let mut connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(connection, "GET /api/live HTTP/1.1\r\n{}\r\n\r\n", self.host()).unwrap();
        Listener(BufReader::new(connection))
    }
}

/// Who listens to where the log ends.
pub(crate) struct Listener(BufReader<TcpStream>);

impl Listener {
    pub(crate) fn next(&mut self) -> u64 {
        loop {
            let mut line = String::new();
            assert_ne!(self.0.read_line(&mut line).unwrap(), 0, "the stream has ended");
            if let Some(data) = line.strip_prefix("data:") {
                return data.trim().parse().unwrap();
            }
        }
    }
}
