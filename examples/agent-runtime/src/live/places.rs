//! Where a supervisor and its agents find each other.
//!
//! Owns the paths of the socket, of the lock that one supervisor of a session holds, and of the
//! turns' folders. All of them follow from the store's path, the session, the workflow and the
//! turn, so that a supervisor that comes later finds what one before it has left.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;
use vitae::{CommitId, EventId};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// The longest path of a socket, in bytes. The kernel has room for 107 on Linux and for 103 on
/// macOS; the name under which a socket is made is 4 longer than the one that it gets.
const LONGEST_SOCKET_PATH: usize = 99;

/// Where things are for one session of a store.
#[derive(Clone, Debug)]
pub struct Places {
    session: String,
    folder: PathBuf,
    socket: PathBuf,
}

/// The right to supervise a session. It ends with the process, however that ends.
#[derive(Debug)]
pub struct Claim {
    _lock: File,
}

/// Why a session cannot be supervised from here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// Another process supervises the session.
    #[error("session `{session}` has a supervisor already; there is one for each session")]
    Taken {
        /// The session.
        session: String,
    },
    /// No path for the socket is short enough.
    #[error(
        "no path for the socket is short enough: {} has more than {LONGEST_SOCKET_PATH} bytes; use a \
         store in a folder with a shorter path, or set XDG_RUNTIME_DIR", path.display()
    )]
    PathTooLong {
        /// The shortest path that was found.
        path: PathBuf,
    },
    /// What stands where a folder of the user's must be is none, or others get into it.
    #[error(
        "{} {what}: whoever gets in there could answer for the supervisor; make it a folder of yours with \
         mode 700, or remove it", path.display()
    )]
    NotPrivate {
        /// Where.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A folder or file could not be made.
    #[error("{}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Places {
    /// The places of a session; makes the folders, for nobody but the user.
    ///
    /// # Errors
    /// [`PlaceError`] if no path is short enough for a socket, or a folder cannot be made or is not the
    /// user's alone.
    pub fn of(db: &Path, session: &str) -> Result<Self, PlaceError> {
        let db = std::path::absolute(db).map_err(at(db))?;
        let mut folder = db.clone().into_os_string();
        folder.push(".live");
        let folder = PathBuf::from(folder);
        make_folder(&folder)?;
        let socket = folder.join(format!("{:016x}.sock", xxh3_64(session.as_bytes())));
        let socket = if is_short(&socket) { socket } else { runtime_socket(&db, session, socket)? };
        Ok(Self { session: session.to_owned(), folder, socket })
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Where the supervisor listens. Absolute.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The folder of the turn that an event began: no other turn has it, of this log or of one that
    /// stood here before. Nobody makes it here.
    #[must_use]
    pub fn turn(&self, event: EventId) -> PathBuf {
        let EventId { commit, index } = event;
        self.folder.join(format!("{commit}-{index}"))
    }

    /// The folders of turns that are there, of every session of the store, with the event that began each.
    /// If they cannot be looked at there are none.
    pub(super) fn turns(&self) -> Vec<(EventId, PathBuf)> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let turns = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (commit, index) = name.rsplit_once('-')?;
            let commit = CommitId::from_bytes(Uuid::try_parse(commit).ok()?.into_bytes());
            let turn = EventId { commit, index: index.parse().ok()? };
            let folder = self.turn(turn);
            (folder == entry.path()).then_some((turn, folder))
        });
        turns.collect()
    }

    /// Keeps that a workflow is started in this process's folder: what it names relatively is meant from there,
    /// wherever somebody goes on with it.
    ///
    /// # Errors
    /// [`PlaceError`] if that cannot be written.
    pub(super) fn starts_here(&self, workflow: &str) -> Result<(), PlaceError> {
        let here = std::env::current_dir().map_err(at(Path::new(".")))?;
        write_whole(&self.start_of(workflow), here.as_os_str().as_bytes())
    }

    /// The folder that a workflow was started in, if it is known and still there.
    pub(super) fn started_in(&self, workflow: &str) -> Option<PathBuf> {
        let folder = PathBuf::from(OsString::from_vec(fs::read(self.start_of(workflow)).ok()?));
        folder.is_dir().then_some(folder)
    }

    /// A workflow is over, and nobody goes on with it.
    pub(super) fn forget(&self, workflow: &str) {
        let _ = fs::remove_file(self.start_of(workflow));
    }

    fn start_of(&self, workflow: &str) -> PathBuf {
        self.folder.join(format!("{:032x}.folder", xxh3_128(workflow.as_bytes())))
    }

    /// Takes the right to supervise the session.
    ///
    /// # Errors
    /// [`PlaceError::Taken`] if another process has it.
    pub fn claim(&self) -> Result<Claim, PlaceError> {
        let path = self.folder.join(format!("{:016x}.lock", xxh3_64(self.session.as_bytes())));
        let lock = File::create(&path).map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Claim { _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(PlaceError::Taken { session: self.session.clone() })
            }
            Err(TryLockError::Error(source)) => Err(PlaceError::Io { path, source }),
        }
    }
}

/// A socket's path that does not depend on how long the store's is.
fn runtime_socket(db: &Path, session: &str, long: PathBuf) -> Result<PathBuf, PlaceError> {
    let Some(runtime) = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) else {
        return Err(PlaceError::PathTooLong { path: long });
    };
    let folder = runtime.join("agent-runtime");
    let name = [db.as_os_str().as_bytes(), session.as_bytes()].join(&0);
    let socket = folder.join(format!("{:032x}.sock", xxh3_128(&name)));
    if !is_short(&socket) {
        return Err(PlaceError::PathTooLong { path: socket });
    }
    make_folder(&folder)?;
    Ok(socket)
}

fn is_short(path: &Path) -> bool {
    path.as_os_str().len() <= LONGEST_SOCKET_PATH
}

/// Makes a folder that only the user may look into. One that is there must be such a folder: what stands
/// in it is believed.
pub(crate) fn make_folder(path: &Path) -> Result<(), PlaceError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => must_be_private(path),
        made => made.map_err(at(path)),
    }
}

fn must_be_private(path: &Path) -> Result<(), PlaceError> {
    // Of a link, not of what it leads to.
    let found = fs::symlink_metadata(path).map_err(at(path))?;
    let what = if !found.is_dir() {
        "is no folder"
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        "is another user's"
    } else if found.mode() & 0o077 != 0 {
        "is open to other users"
    } else {
        return Ok(());
    };
    Err(PlaceError::NotPrivate { path: path.to_owned(), what })
}

/// Writes a file so that it is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), PlaceError> {
    let temporary = path.with_extension("new");
    let written = File::create(&temporary).and_then(|mut file| {
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    });
    written.map_err(at(path))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PlaceError {
    move |source| PlaceError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_get_into_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (db, live) = (folder.path().join("db"), folder.path().join("db.live"));
        let refused = |what: &str| match Places::of(&db, "s") {
            Err(PlaceError::NotPrivate { path, what: found }) => {
                assert_eq!((path.as_path(), found), (live.as_path(), what));
            }
            said => panic!("{what}: {said:?}"),
        };
        let mode = |mode| fs::set_permissions(&live, fs::Permissions::from_mode(mode)).unwrap();
        fs::write(&live, "").unwrap();
        refused("is no folder");
        fs::remove_file(&live).unwrap();
        Places::of(&db, "s").unwrap();
        for open in [0o750, 0o701, 0o720] {
            mode(open);
            refused("is open to other users");
        }
        mode(0o700);
        Places::of(&db, "s").unwrap();
        // Only the superuser can give it away.
        if chown(&live, Some(12_345), None).is_ok() {
            refused("is another user's");
        }
        fs::rename(&live, folder.path().join("elsewhere")).unwrap();
        symlink("elsewhere", &live).unwrap();
        refused("is no folder");
    }

    #[test]
    fn a_session_has_one_supervisor() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::of(&folder.path().join("db"), "s").unwrap();
        let other = Places::of(&folder.path().join("db"), "t").unwrap();
        assert_ne!(places.socket(), other.socket());
        let claim = places.claim().unwrap();
        assert!(matches!(places.claim(), Err(PlaceError::Taken { .. })));
        other.claim().unwrap();
        drop(claim);
        places.claim().unwrap();
    }
}
