CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    -- As of the last flush.
    version INTEGER NOT NULL,
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

-- Posting lists: the blocks of a stream's events since the flush before, as distances in LEB128.
CREATE TABLE IF NOT EXISTS of_stream (
    stream INTEGER NOT NULL,
    first INTEGER NOT NULL,
    blocks BLOB NOT NULL,
    PRIMARY KEY (stream, first)
) STRICT, WITHOUT ROWID;

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
