-- As of the last flush. recent: the blocks of the last events, those that fill no chunk, as distances in
-- LEB128.
CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    recent BLOB NOT NULL,
    UNIQUE (category, stream)
) STRICT;

CREATE TABLE IF NOT EXISTS kinds (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (kind, version)
) STRICT;

-- As many events as fill a page, and no index but the position of the first. body: as `block.rs` says.
CREATE TABLE IF NOT EXISTS blocks (
    position INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- The same for 96 of a stream's events before these, from a version on. bundle: where these stand once more.
CREATE TABLE IF NOT EXISTS chunks (
    stream INTEGER NOT NULL,
    version INTEGER NOT NULL,
    blocks BLOB NOT NULL,
    bundle INTEGER,
    PRIMARY KEY (stream, version)
) STRICT, WITHOUT ROWID;

-- The events of a chunk, where the stream has 128 or more. events: as `bundle.rs` says.
CREATE TABLE IF NOT EXISTS bundles (
    id INTEGER PRIMARY KEY,
    events BLOB NOT NULL
) STRICT;

-- Commits and their positions, sorted, 80 in a row. first: the smallest id.
CREATE TABLE IF NOT EXISTS commits (
    first BLOB NOT NULL UNIQUE,
    entries BLOB NOT NULL
) STRICT;

-- Up to which position the indexes are written.
CREATE TABLE IF NOT EXISTS flushed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS checkpoints (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO flushed VALUES (1, 0) ON CONFLICT DO NOTHING;
