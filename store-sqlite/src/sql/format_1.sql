-- Format 1. What stands here never changes: a later format is a step of its own.
-- Times are microseconds since the Unix epoch. Hashes are the 64 bits of an unsigned number in a
-- signed one. Ids are the 16 bytes of a UUID.

CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    log_id BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- version: that of the stream's last event.
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    UNIQUE (category, stream)
) STRICT;

CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    schema TEXT NOT NULL,
    UNIQUE (kind, version)
) STRICT;

-- seq: 1, 2, 3 … without gaps; it is also the version of the view rows that the commit wrote.
-- first_position: NULL if the commit holds no event.
-- head: the position of the last event of the log after the commit, 0 if there is none. The head
-- of the log is that of its last commit, so that an event lost at the end is noticed.
CREATE TABLE commits (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    first_position INTEGER,
    head INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    digest INTEGER NOT NULL
) STRICT;

-- Its place in its commit is position - first_position; recorded_at is its commit's.
-- correlation: NULL if it is the id of the commit.
-- causation: the 16 bytes of a commit's id and 4 of the place in it, big-endian.
-- tags, metadata: NULL if empty.
-- payload: NULL once it is erased; payload_digest: NULL until then.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    commit_seq INTEGER NOT NULL,
    occurred_at INTEGER NOT NULL,
    correlation BLOB,
    causation BLOB,
    checksum INTEGER NOT NULL,
    payload_digest INTEGER,
    tags BLOB,
    metadata BLOB,
    payload BLOB,
    UNIQUE (stream, version)
) STRICT;

CREATE TABLE tags (
    tag TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (tag, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    name TEXT PRIMARY KEY,
    position INTEGER,
    checksum INTEGER,
    cursor BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE view_rows (
    view TEXT NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (view, key)
) STRICT, WITHOUT ROWID;

-- For people with an ordinary SQLite shell. No program reads it.
-- SQLite divides towards zero: the part of a second is taken off first, so that times before 1970
-- come out right.
CREATE VIEW log AS
SELECT
    e.position,
    s.category,
    s.stream,
    e.version,
    k.kind,
    k.version AS kind_version,
    strftime(
        '%Y-%m-%dT%H:%M:%S',
        (e.occurred_at - (e.occurred_at % 1000000 + 1000000) % 1000000) / 1000000,
        'unixepoch'
    )
        || printf('.%06dZ', (e.occurred_at % 1000000 + 1000000) % 1000000) AS occurred_at,
    strftime(
        '%Y-%m-%dT%H:%M:%S',
        (c.recorded_at - (c.recorded_at % 1000000 + 1000000) % 1000000) / 1000000,
        'unixepoch'
    )
        || printf('.%06dZ', (c.recorded_at % 1000000 + 1000000) % 1000000) AS recorded_at,
    lower(
        substr(hex(c.id), 1, 8) || '-' || substr(hex(c.id), 9, 4) || '-'
        || substr(hex(c.id), 13, 4) || '-' || substr(hex(c.id), 17, 4) || '-'
        || substr(hex(c.id), 21, 12)
    ) AS commit_id,
    length(e.payload) AS payload_bytes
FROM events AS e
JOIN streams AS s ON s.id = e.stream
JOIN kinds AS k ON k.id = e.kind
JOIN commits AS c ON c.seq = e.commit_seq
ORDER BY e.position;
