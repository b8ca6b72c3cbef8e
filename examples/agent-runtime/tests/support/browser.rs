//! A browser that looks at a page.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

use crate::server::PATIENCE;

/// A headless Chromium with one page.
pub(crate) struct Browser {
    process: Process,
    _said: BufReader<ChildStderr>,
    _profile: TempDir,
    itself: Tools,
    page: Tools,
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It is to end its own processes; killed, it would leave them.
        let close = json!({ "id": 0, "method": "Browser.close" }).to_string();
        if self.itself.socket.send(Message::text(close)).is_ok() {
            let _ = self.process.0.wait();
        }
    }
}

/// A process that does not outlive its test, whatever becomes of it.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Browser {
    /// Whether there is one. If not, the page is not tested, which is said past the test runner's capture:
    /// the CI script looks for it.
    pub(crate) fn is_here() -> bool {
        let mut version = Command::new("chromium");
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        let here = version.status().is_ok();
        if !here {
            let how = "page: not tested, as there is no `chromium` here: apt-get install chromium";
            writeln!(std::io::stderr(), "{how}").unwrap();
        }
        here
    }

    pub(crate) fn open(url: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let process = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--window-size=1400,900"])
            .arg("--remote-debugging-port=0")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut process = Process(process);
        let mut said = BufReader::new(process.0.stderr.take().unwrap());
        let host_and_path = said
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("DevTools listening on ws://").map(str::to_owned))
            .expect("chromium says where its DevTools are");
        let (host, path) = host_and_path.split_once('/').unwrap();
        let mut itself = Tools::of(host, path);
        let made = itself.call("Target.createTarget", &json!({ "url": url }));
        let page = made["result"]["targetId"].as_str().unwrap();
        let page = Tools::of(host, &format!("devtools/page/{page}"));
        Self { process, _said: said, _profile: profile, itself, page }
    }

    pub(crate) fn go_to(&mut self, url: &str) {
        self.page.call("Page.navigate", &json!({ "url": url }));
    }

    /// Waits until something is true of the page, which is looked at whenever it changes.
    pub(crate) fn wait_for(&mut self, condition: &str) {
        let found = self.evaluate(&format!(
            "new Promise((found) => {{
                const holds = () => {{ try {{ return {condition}; }} catch {{ return false; }} }};
                const end = (said) => {{ watch.disconnect(); found(said); }};
                const watch = new MutationObserver(() => holds() && end(true));
                watch.observe(document, {{
                    subtree: true, childList: true, attributes: true, characterData: true,
                }});
                if (holds()) end(true);
                setTimeout(() => end(document.body.innerText), {});
            }})",
            (PATIENCE / 2).as_millis()
        ));
        assert_eq!(found, true, "{condition}");
    }

    /// What an expression comes to, once it is settled. The page may be on its way to another one: then
    /// it is asked again there.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        loop {
            let answer = self.page.call("Runtime.evaluate", &asked);
            if answer["error"].is_null() {
                let failed = &answer["result"]["exceptionDetails"];
                assert!(failed.is_null(), "{expression}: {failed}");
                return answer["result"]["result"]["value"].clone();
            }
        }
    }

    /// Presses a key, as a person would.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            let event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            self.page.call("Input.dispatchKeyEvent", &event);
        }
    }
}

/// A connection to DevTools: of the browser, or of a page.
struct Tools {
    socket: WebSocket<TcpStream>,
    asked: u64,
}

impl Tools {
    fn of(host: &str, path: &str) -> Self {
        let connection = TcpStream::connect(host).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(format!("ws://{host}/{path}"), connection).unwrap();
        Self { socket, asked: 0 }
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.asked += 1;
        let asked = json!({ "id": self.asked, "method": method, "params": parameters });
        self.socket.send(Message::text(asked.to_string())).unwrap();
        loop {
            let Message::Text(said) = self.socket.read().unwrap() else { continue };
            let said: Value = serde_json::from_str(&said).unwrap();
            if said["id"] == self.asked {
                return said;
            }
        }
    }
}
