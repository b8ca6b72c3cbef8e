//! The tracker: the file through which an agent says how far it is.

use serde::{Deserialize, Serialize};
use vitae::Schema;

use super::outcome::cut_short;

/// The line of a tracker that nobody has worked on yet.
pub const SKELETON_MARKER: &str = "<!-- TRACKER_SKELETON -->";

const COMPLETE: &str = "<!-- WORKFLOW_COMPLETE -->";
const BLOCKED: &str = "<!-- WORKFLOW_BLOCKED";
const END: &str = "-->";

/// What a tracker says.
#[derive(Schema, Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub enum Tracker {
    /// There is no file.
    Missing,
    /// The skeleton that the supervisor made is still in it.
    Skeleton,
    /// The work is done.
    Complete,
    /// The work cannot go on, perhaps with the reason.
    Blocked(Option<String>),
    /// There is more to do.
    Open,
}

impl Tracker {
    /// Reads a tracker file; `None` is no file. Only the last line that is not empty says anything.
    #[must_use]
    pub fn read(content: Option<&str>) -> Self {
        let Some(content) = content else {
            return Self::Missing;
        };
        if content.contains(SKELETON_MARKER) {
            return Self::Skeleton;
        }
        let last = content.lines().map(str::trim).rfind(|line| !line.is_empty());
        match last {
            Some(COMPLETE) => Self::Complete,
            Some(line) => match line.strip_prefix(BLOCKED) {
                Some(" -->") => Self::Blocked(None),
                Some(rest) if rest.starts_with(':') => Self::Blocked(reason(rest)),
                _ => Self::Open,
            },
            None => Self::Open,
        }
    }
}

/// What stands between the colon and the end of the marker, or the beginning of that.
fn reason(rest: &str) -> Option<String> {
    let text = rest.trim_start_matches(':');
    let text = text.split_once(END).map_or(text, |(text, _)| text).trim();
    (!text.is_empty()).then(|| cut_short(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_line_says_how_far_the_work_is() {
        let read = |text| Tracker::read(Some(text));
        let blocked = |text: &str| Tracker::Blocked(Some(text.to_owned()));
        assert_eq!(Tracker::read(None), Tracker::Missing);
        assert_eq!(read(""), Tracker::Open);
        assert_eq!(read("x\n<!-- WORKFLOW_COMPLETE -->\n\n"), Tracker::Complete);
        assert_eq!(read("x\n  <!-- WORKFLOW_COMPLETE -->  "), Tracker::Complete);
        assert_eq!(read("<!-- WORKFLOW_COMPLETE -->\nmore"), Tracker::Open);
        assert_eq!(read("so: <!-- WORKFLOW_COMPLETE -->"), Tracker::Open);
        assert_eq!(read("<!-- WORKFLOW_BLOCKED -->"), Tracker::Blocked(None));
        assert_eq!(read("<!-- WORKFLOW_BLOCKED: no keys -->"), blocked("no keys"));
        assert_eq!(read("<!-- WORKFLOW_BLOCKED: no keys"), blocked("no keys"));
        assert_eq!(read("<!-- WORKFLOW_BLOCKED: -->"), Tracker::Blocked(None));
        let long = format!("<!-- WORKFLOW_BLOCKED: {} -->", "ä".repeat(1 << 20));
        assert_eq!(read(&long), blocked(&format!("{}…", "ä".repeat(1 << 11))));
        assert_eq!(read("<!-- WORKFLOW_BLOCKEDX -->"), Tracker::Open);
        assert_eq!(
            read("<!-- TRACKER_SKELETON -->\n<!-- WORKFLOW_COMPLETE -->"),
            Tracker::Skeleton
        );
    }
}
