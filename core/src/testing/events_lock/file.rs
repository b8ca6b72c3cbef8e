//! The file of a lock: its text, and how it is read and written.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{EventsLockError, Schemas};

/// The first line: says what the file is.
const HEADER: &str =
    "# The shapes of every event, kept by vitae: VITAE_EVENTS_LOCK=write rewrites this file.\n";

/// How many files this process has begun to write.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// The text of the file. A kind with a space or the like stands as a JSON text.
pub(super) fn text(schemas: &Schemas) -> String {
    let mut text = HEADER.to_owned();
    for ((kind, version), schema) in schemas {
        let plain = !kind.starts_with(['"', '#'])
            && !kind.contains(|c: char| c.is_whitespace() || c.is_control());
        let kind = if plain { kind.clone() } else { serde_json::Value::from(&**kind).to_string() };
        // Writing into a `String` does not fail.
        let _ = writeln!(text, "{kind} {version} {schema}");
    }
    text
}

/// Reads the file. Comments and empty lines say nothing, nor does the order of the lines.
pub(super) fn read(path: &Path) -> Result<Schemas, EventsLockError> {
    let text = std::fs::read_to_string(path).map_err(|source| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => EventsLockError::Missing { path },
            _ => EventsLockError::Read { path, source },
        }
    })?;
    let mut schemas = Schemas::new();
    let lines =
        text.lines().zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    for (text, line) in lines {
        let malformed = |reason| EventsLockError::Malformed { path: path.to_owned(), line, reason };
        let Some((event, schema)) = parse(text) else {
            return Err(malformed("it is not a stored name, a version and a shape"));
        };
        if schemas.insert(event, schema.to_owned()).is_some() {
            return Err(malformed("the event stands here a second time"));
        }
    }
    Ok(schemas)
}

/// A line: a kind, a version, a schema.
fn parse(line: &str) -> Option<((String, u32), &str)> {
    let (kind, rest) = if line.starts_with('"') {
        let mut texts = serde_json::Deserializer::from_str(line).into_iter::<String>();
        let kind = texts.next()?.ok()?;
        (kind, line.get(texts.byte_offset()..)?.strip_prefix(' ')?)
    } else {
        let (kind, rest) = line.split_once(' ')?;
        (kind.to_owned(), rest)
    };
    let (version, schema) = rest.split_once(' ')?;
    crate::schema::StoredSchema::parse(schema).ok()?;
    Some(((kind, version.parse().ok()?), schema))
}

/// Writes the file under a temporary name, which no other thread or process has, and moves it to its
/// place.
pub(super) fn write(path: &Path, text: &str) -> Result<(), EventsLockError> {
    let mut name = path.as_os_str().to_owned();
    let write = WRITES.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}.{write}.tmp", std::process::id()));
    let temporary = Path::new(&name);
    let written = File::create(temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(temporary, path));
    written.map_err(|source| {
        // It may never have been made; what counts is the first error.
        let _ = std::fs::remove_file(temporary);
        EventsLockError::Write { path: path.to_owned(), source }
    })
}
