//! What turns leave behind, and when it goes.
//!
//! Owns that the folder of a turn is removed once the log says that the turn has ended, be it by a
//! supervisor that was killed after that. Must never remove one that somebody may still read: of a turn
//! that is under way, whoever supervises it; with a keeper in it; or of a turn that this log does not
//! know, for another log may stand here again.

use std::fs::{self, File};
use std::path::Path;

use super::keeper::LOCK;
use super::places::Places;
use crate::supervisor::{SuperviseError, Supervisor};

/// Removes the folders of the turns that have ended, of every session of the store. One that cannot be
/// removed is left to the next time.
///
/// # Errors
/// [`SuperviseError`] if the log cannot be read.
pub(super) fn clean(places: &Places, supervisor: &Supervisor) -> Result<(), SuperviseError> {
    // Looked at before the log: a turn is on the log before it has a folder.
    for (turn, folder) in places.turns() {
        if supervisor.has_ended(turn)? && !is_kept(&folder) {
            let _ = fs::remove_dir_all(folder);
        }
    }
    Ok(())
}

/// Whether a keeper lives in a turn's folder.
fn is_kept(folder: &Path) -> bool {
    File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err())
}
