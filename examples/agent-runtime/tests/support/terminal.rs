//! A terminal on which a store is watched.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::program;

/// A process that watches a store, on a terminal that `script` gives it.
pub(crate) struct Watch {
    process: Child,
    /// Its own number: that of `process` is `script`'s.
    number: String,
    drawn: String,
}

impl Watch {
    pub(crate) fn of(db: &Path) -> Self {
        let watch = format!("{} watch --db {}", program().get_program().display(), db.display());
        let mut process = Command::new("script")
            .args(["--quiet", "--return", "--command"])
            .arg(format!("echo $$; stty rows 40 cols 140; exec {watch}"))
            .arg("/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("script: {error}; apt-get install bsdutils"));
        let mut number = String::new();
        let mut byte = [0];
        while !number.ends_with('\n') {
            process.stdout.as_mut().unwrap().read_exact(&mut byte).unwrap();
            number.push(char::from(byte[0]));
        }
        Self { process, number, drawn: String::new() }
    }

    /// Reads what is drawn until a text is among it.
    pub(crate) fn read_until(&mut self, text: &str) {
        let mut drawn = Vec::new();
        while !String::from_utf8_lossy(&drawn).contains(text) {
            let mut some = [0; 4_096];
            let read = self.process.stdout.as_mut().unwrap().read(&mut some).unwrap();
            assert_ne!(read, 0, "{text} was not drawn: {}", String::from_utf8_lossy(&drawn));
            drawn.extend_from_slice(&some[..read]);
        }
        self.drawn.push_str(&String::from_utf8_lossy(&drawn));
    }

    pub(crate) fn press(&mut self, keys: &str) {
        let keyboard = self.process.stdin.as_mut().unwrap();
        keyboard.write_all(keys.as_bytes()).unwrap();
        keyboard.flush().unwrap();
    }

    /// Sends a signal to the process itself, and not to `script`, which has started it.
    pub(crate) fn signal(&self, signal: &str) {
        let told = Command::new("kill").args(["-s", signal, self.number.trim()]).status();
        assert!(told.unwrap().success());
    }

    /// Everything that was drawn, once it has ended well.
    pub(crate) fn end(mut self) -> String {
        let mut rest = String::new();
        self.process.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
        assert!(self.process.wait().unwrap().success());
        self.drawn + &rest
    }
}
