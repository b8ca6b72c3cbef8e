//! Somebody who answers in a folder of files, outside of every process that is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A person, who looks into the folder until they are told to leave.
pub(crate) struct Person {
    leaves: Arc<AtomicBool>,
    looking: JoinHandle<Answered>,
}

/// What was asked and answered.
#[derive(Default)]
pub(crate) struct Answered {
    /// The files of requests that were answered, each as it was then: by inode, and by when it was written.
    pub(crate) once: BTreeMap<String, (u64, i64, i64)>,
    /// Those of them that appeared again later.
    pub(crate) asked_again: BTreeSet<String>,
}

impl Person {
    /// Somebody who answers each request as `answer` says, by its file's name.
    pub(crate) fn before(folder: PathBuf, answer: fn(&str) -> &'static str) -> Self {
        let leaves = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&leaves);
        let looking = std::thread::spawn(move || {
            let mut answered = Answered::default();
            while !told.load(Ordering::Relaxed) {
                answered.look(&folder, answer);
                std::thread::sleep(Duration::from_millis(5));
            }
            answered
        });
        Self { leaves, looking }
    }

    /// They leave, and say what they have seen.
    pub(crate) fn leave(self) -> Answered {
        self.leaves.store(true, Ordering::Relaxed);
        self.looking.join().unwrap()
    }
}

impl Answered {
    fn look(&mut self, folder: &Path, answer: fn(&str) -> &'static str) {
        // Nobody has opened the channel yet, or a file goes while it is looked at.
        let requests = fs::read_dir(folder.join("requests")).into_iter().flatten();
        for entry in requests.map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            let Ok(file) = entry.metadata() else { continue };
            let written = (file.ino(), file.mtime(), file.mtime_nsec());
            match self.once.get(&name) {
                _ if name.starts_with('.') => {}
                Some(then) if *then == written => {}
                Some(_) => drop(self.asked_again.insert(name)),
                None => {
                    fs::write(folder.join("answer"), answer(&name)).unwrap();
                    fs::rename(folder.join("answer"), folder.join("answers").join(&name)).unwrap();
                    self.once.insert(name, written);
                }
            }
        }
    }
}
