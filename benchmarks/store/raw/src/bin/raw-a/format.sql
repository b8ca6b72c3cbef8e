CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    UNIQUE (category, stream)
) STRICT;

CREATE TABLE IF NOT EXISTS kinds (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (kind, version)
) STRICT;

-- commit_id: at the first event of a commit, NULL at the others.
CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    commit_id BLOB,
    occurred_at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    correlation BLOB NOT NULL,
    causation BLOB,
    payload BLOB NOT NULL,
    UNIQUE (stream, version)
) STRICT;

-- Only of those that are there: the smallest index in which a commit is found by its id.
CREATE UNIQUE INDEX IF NOT EXISTS commits ON events (commit_id) WHERE commit_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS checkpoints (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
