-- Format 1. What stands here never changes: a later format is a step of its own.
-- Times are microseconds since the Unix epoch. Hashes are the 64 bits of an unsigned number in a
-- signed one. Ids are the 16 bytes of a UUID.

-- For people with an ordinary SQLite shell. No program reads it. It comes first: so large a definition
-- has pages of its own, and a file that was cut short is known by its definitions.
-- commit_id: at the event that begins a commit; those after it, up to the next, are of the same.
CREATE VIEW log AS
WITH RECURSIVE
-- Every byte once, in order: where a byte is found is what it is.
bytes (every) AS (
    VALUES (x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff')
),
-- A block has not more events than fit a page.
places (place) AS (
    SELECT 0
    UNION ALL
    SELECT place + 1 FROM places WHERE place < 255
),
heads AS (
    SELECT
        position + place AS position,
        26 + 22 * events AS bodies,
        events - place AS left,
        substr(body, 27 + 22 * place, 22) AS head,
        CASE place WHEN 0 THEN x'0000' ELSE substr(body, 5 + 22 * place, 2) END AS before,
        body
    FROM blocks JOIN places ON place < events
),
numbers AS (
    SELECT
        position,
        (
            ((instr(every, substr(body, 1, 1)) - 1) << 56)
            | ((instr(every, substr(body, 2, 1)) - 1) << 48)
            | ((instr(every, substr(body, 3, 1)) - 1) << 40)
            | ((instr(every, substr(body, 4, 1)) - 1) << 32)
            | ((instr(every, substr(body, 5, 1)) - 1) << 24)
            | ((instr(every, substr(body, 6, 1)) - 1) << 16)
            | ((instr(every, substr(body, 7, 1)) - 1) << 8)
            | (instr(every, substr(body, 8, 1)) - 1)
        ) AS recorded_at,
        (
            ((instr(every, substr(head, 15, 1)) - 1) << 56)
            | ((instr(every, substr(head, 16, 1)) - 1) << 48)
            | ((instr(every, substr(head, 17, 1)) - 1) << 40)
            | ((instr(every, substr(head, 18, 1)) - 1) << 32)
            | ((instr(every, substr(head, 19, 1)) - 1) << 24)
            | ((instr(every, substr(head, 20, 1)) - 1) << 16)
            | ((instr(every, substr(head, 21, 1)) - 1) << 8)
            | (instr(every, substr(head, 22, 1)) - 1)
        ) AS lag,
        (
            ((instr(every, substr(head, 3, 1)) - 1) << 24)
            | ((instr(every, substr(head, 4, 1)) - 1) << 16)
            | ((instr(every, substr(head, 5, 1)) - 1) << 8)
            | (instr(every, substr(head, 6, 1)) - 1)
        ) AS stream,
        (
            ((instr(every, substr(head, 7, 1)) - 1) << 32)
            | ((instr(every, substr(head, 8, 1)) - 1) << 24)
            | ((instr(every, substr(head, 9, 1)) - 1) << 16)
            | ((instr(every, substr(head, 10, 1)) - 1) << 8)
            | (instr(every, substr(head, 11, 1)) - 1)
        ) AS version,
        (
            ((instr(every, substr(head, 12, 1)) - 1) << 16)
            | ((instr(every, substr(head, 13, 1)) - 1) << 8)
            | (instr(every, substr(head, 14, 1)) - 1)
        ) AS kind,
        -- The highest bit of an end says that the event begins a commit.
        (instr(every, substr(head, 1, 1)) - 1) > 127 AS begins,
        bodies + ((
            ((instr(every, substr(before, 1, 1)) - 1) << 8)
            | (instr(every, substr(before, 2, 1)) - 1)
        ) & 32767) AS body_begin,
        CASE left WHEN 1 THEN length(body) ELSE bodies + ((
            ((instr(every, substr(head, 1, 1)) - 1) << 8)
            | (instr(every, substr(head, 2, 1)) - 1)
        ) & 32767) END AS body_end,
        body
    FROM heads, bytes
),
-- SQLite divides towards zero: the part of a second is taken off first, so that times before 1970
-- come out right.
times AS (
    SELECT
        *,
        recorded_at - lag AS occurred_at,
        ((recorded_at - lag) % 1000000 + 1000000) % 1000000 AS occurred_at_part,
        (recorded_at % 1000000 + 1000000) % 1000000 AS recorded_at_part,
        -- In the body that begins a commit the id stands behind the flags and the checksum.
        hex(substr(body, body_begin + 10, 16)) AS id
    FROM numbers
)
SELECT
    t.position,
    s.category,
    s.stream,
    t.version,
    k.kind,
    k.version AS kind_version,
    strftime('%Y-%m-%dT%H:%M:%S', (t.occurred_at - t.occurred_at_part) / 1000000, 'unixepoch')
        || printf('.%06dZ', t.occurred_at_part) AS occurred_at,
    strftime('%Y-%m-%dT%H:%M:%S', (t.recorded_at - t.recorded_at_part) / 1000000, 'unixepoch')
        || printf('.%06dZ', t.recorded_at_part) AS recorded_at,
    CASE WHEN t.begins THEN lower(
        substr(t.id, 1, 8) || '-' || substr(t.id, 9, 4) || '-' || substr(t.id, 13, 4) || '-'
        || substr(t.id, 17, 4) || '-' || substr(t.id, 21, 12)
    ) END AS commit_id,
    t.body_end - t.body_begin AS body_bytes
FROM times AS t
JOIN streams AS s ON s.id = t.stream
JOIN kinds AS k ON k.id = t.kind
ORDER BY t.position;

-- indexed: the last position that `streams` and `commit_chunks` know of, 0 if none. What follows is read from
-- the events themselves.
-- newest_commit: the largest id that `commit_chunks` knows of.
-- row_version: the version that was given last to a view row.
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    log_id BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    indexed INTEGER NOT NULL,
    newest_commit BLOB,
    row_version INTEGER NOT NULL
) STRICT;

CREATE TABLE kinds (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    schema TEXT NOT NULL,
    UNIQUE (kind, version)
) STRICT;

-- The events, several in a row. position: that of the first of them, the others follow without a gap.
-- body: what is known of each (`block.rs`); the view `log` takes it apart.
CREATE TABLE blocks (
    position INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- length: how many of the stream's events are indexed.
-- recent: for each of the last of them, those that fill no chunk, the position of its block
-- (`positions.rs`).
CREATE TABLE streams (
    id INTEGER PRIMARY KEY,
    category TEXT NOT NULL,
    stream TEXT NOT NULL,
    length INTEGER NOT NULL,
    recent BLOB NOT NULL,
    UNIQUE (category, stream)
) STRICT;

-- The same for 128 events of a stream, from a version on: 1, 129, 257 …
CREATE TABLE stream_chunks (
    stream INTEGER NOT NULL,
    version INTEGER NOT NULL,
    positions BLOB NOT NULL,
    PRIMARY KEY (stream, version)
) STRICT, WITHOUT ROWID;

-- Which event begins a commit. first: the smallest id of a chunk.
-- entries: each id of the chunk with the position of the event (`commits.rs`).
CREATE TABLE commit_chunks (
    first BLOB NOT NULL UNIQUE,
    entries BLOB NOT NULL
) STRICT;

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
