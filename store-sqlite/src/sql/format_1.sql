-- Format 1. What stands here never changes: a later format is a step of its own.
-- Times are microseconds since the Unix epoch. Hashes are the 64 bits of an unsigned number in a
-- signed one. Ids are the 16 bytes of a UUID.

-- indexed: the last position that `streams` and `commits` know of, 0 if none. What follows is read from
-- the events themselves.
-- row_version: the version that was given last to a view row.
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    log_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    indexed INTEGER NOT NULL,
    row_version INTEGER NOT NULL
) STRICT;

CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    schema TEXT NOT NULL,
    UNIQUE (kind, version)
) STRICT;

-- lag: how much earlier it occurred than it was recorded; negative if later.
-- body: everything else (`body.rs`).
CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    version INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    lag INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- length: how many of the stream's events are indexed.
-- recent: the positions of the last of them (`positions.rs`), those that fill no chunk.
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    length INTEGER NOT NULL,
    recent BLOB NOT NULL,
    UNIQUE (category, stream)
) STRICT;

-- The positions of 128 events of a stream, from a version on: 1, 129, 257 …
CREATE TABLE stream_chunks (
    stream INTEGER NOT NULL,
    version INTEGER NOT NULL,
    positions BLOB NOT NULL,
    PRIMARY KEY (stream, version)
) STRICT, WITHOUT ROWID;

-- Which commit an event is the first of. prefix: the first 8 bytes of the commit's id, big-endian; the
-- rest is read from the event.
CREATE TABLE commits (
    prefix INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (prefix, position)
) STRICT, WITHOUT ROWID;

-- The commits that hold no event.
CREATE TABLE bare_commits (
    id BLOB PRIMARY KEY,
    recorded_at INTEGER NOT NULL,
    digest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    tag TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (tag, position)
) STRICT, WITHOUT ROWID;

-- seal: a checksum of the row (`seal.rs`).
CREATE TABLE checkpoints (
    name TEXT PRIMARY KEY,
    position INTEGER,
    checksum INTEGER,
    cursor BLOB NOT NULL,
    seal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE view_rows (
    view TEXT NOT NULL,
    key BLOB NOT NULL,
    version INTEGER NOT NULL,
    value BLOB NOT NULL,
    seal INTEGER NOT NULL,
    PRIMARY KEY (view, key)
) STRICT, WITHOUT ROWID;

-- The streams of which a payload was erased: no snapshot of them is kept.
CREATE TABLE erased_streams (
    stream INTEGER PRIMARY KEY
) STRICT;

-- States at a version, kept so that the events before need not be read. What stands here can be
-- computed anew at any time; no other table refers to it.
-- event: the event at that version, the 16 bytes of its commit's id and 4 of the place in it,
-- big-endian.
-- checksum: over all the others.
CREATE TABLE snapshots (
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    event BLOB NOT NULL,
    revision INTEGER NOT NULL,
    schema TEXT NOT NULL,
    state BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    UNIQUE (category, stream)
) STRICT;

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
        (
            (e.recorded_at - e.lag)
            - ((e.recorded_at - e.lag) % 1000000 + 1000000) % 1000000
        ) / 1000000,
        'unixepoch'
    )
        || printf('.%06dZ', ((e.recorded_at - e.lag) % 1000000 + 1000000) % 1000000) AS occurred_at,
    strftime(
        '%Y-%m-%dT%H:%M:%S',
        (e.recorded_at - (e.recorded_at % 1000000 + 1000000) % 1000000) / 1000000,
        'unixepoch'
    )
        || printf('.%06dZ', (e.recorded_at % 1000000 + 1000000) % 1000000) AS recorded_at,
    (
        -- The id stands in the body of the commit's first event, which has the lowest flag.
        SELECT
            lower(
                substr(hex(f.body), 19, 8) || '-' || substr(hex(f.body), 27, 4) || '-'
                || substr(hex(f.body), 31, 4) || '-' || substr(hex(f.body), 35, 4) || '-'
                || substr(hex(f.body), 39, 12)
            )
        FROM events AS f
        WHERE f.position <= e.position AND instr('13579BDF', substr(hex(f.body), 2, 1)) > 0
        ORDER BY f.position DESC
        LIMIT 1
    ) AS commit_id,
    length(e.body) AS body_bytes
FROM events AS e
JOIN streams AS s ON s.id = e.stream
JOIN kinds AS k ON k.id = e.kind
ORDER BY e.position;
