-- Format 2: the heads of a block are as narrow as its numbers (`block/format_1.rs` rewrites those of
-- before), and the events of long streams stand once more in bundles.

DROP VIEW log;

-- For people with an ordinary SQLite shell. No program reads it.
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
    SELECT place + 1 FROM places WHERE place < 319
),
-- How many bytes a number takes in the heads of a block: of the stream, the version, the kind, the lag.
widths AS (
    SELECT
        position,
        events,
        (instr(every, substr(body, 27, 1)) - 1) >> 4 AS ws,
        (instr(every, substr(body, 27, 1)) - 1) & 15 AS wv,
        (instr(every, substr(body, 28, 1)) - 1) >> 4 AS wk,
        (instr(every, substr(body, 28, 1)) - 1) & 15 AS wl,
        body
    FROM blocks, bytes
),
-- Where in a head each of them ends.
ends AS (
    SELECT
        *,
        2 + ws AS stream_end,
        2 + ws + wv AS version_end,
        2 + ws + wv + wk AS kind_end,
        2 + ws + wv + wk + wl AS size
    FROM widths
),
heads AS (
    SELECT
        position + place AS position,
        28 + size * events AS bodies,
        events - place AS left,
        substr(body, 29 + size * place, size) AS head,
        CASE place
            WHEN 0 THEN x'0000'
            ELSE substr(body, 29 + size * (place - 1), 2)
        END AS before,
        ws, wv, wk, wl, stream_end, version_end, kind_end, size,
        body
    FROM ends JOIN places ON place < events
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
            CASE WHEN wl > 7 THEN (instr(every, substr(head, size - 7, 1)) - 1) << 56 ELSE 0 END
            | CASE WHEN wl > 6 THEN (instr(every, substr(head, size - 6, 1)) - 1) << 48 ELSE 0 END
            | CASE WHEN wl > 5 THEN (instr(every, substr(head, size - 5, 1)) - 1) << 40 ELSE 0 END
            | CASE WHEN wl > 4 THEN (instr(every, substr(head, size - 4, 1)) - 1) << 32 ELSE 0 END
            | CASE WHEN wl > 3 THEN (instr(every, substr(head, size - 3, 1)) - 1) << 24 ELSE 0 END
            | CASE WHEN wl > 2 THEN (instr(every, substr(head, size - 2, 1)) - 1) << 16 ELSE 0 END
            | CASE WHEN wl > 1 THEN (instr(every, substr(head, size - 1, 1)) - 1) << 8 ELSE 0 END
            | CASE WHEN wl > 0 THEN (instr(every, substr(head, size, 1)) - 1) ELSE 0 END
        ) AS folded,
        (
            CASE WHEN ws > 3 THEN (instr(every, substr(head, stream_end - 3, 1)) - 1) << 24 ELSE 0 END
            | CASE WHEN ws > 2 THEN (instr(every, substr(head, stream_end - 2, 1)) - 1) << 16 ELSE 0 END
            | CASE WHEN ws > 1 THEN (instr(every, substr(head, stream_end - 1, 1)) - 1) << 8 ELSE 0 END
            | CASE WHEN ws > 0 THEN (instr(every, substr(head, stream_end, 1)) - 1) ELSE 0 END
        ) AS stream,
        (
            CASE WHEN wv > 4 THEN (instr(every, substr(head, version_end - 4, 1)) - 1) << 32 ELSE 0 END
            | CASE WHEN wv > 3 THEN (instr(every, substr(head, version_end - 3, 1)) - 1) << 24 ELSE 0 END
            | CASE WHEN wv > 2 THEN (instr(every, substr(head, version_end - 2, 1)) - 1) << 16 ELSE 0 END
            | CASE WHEN wv > 1 THEN (instr(every, substr(head, version_end - 1, 1)) - 1) << 8 ELSE 0 END
            | CASE WHEN wv > 0 THEN (instr(every, substr(head, version_end, 1)) - 1) ELSE 0 END
        ) AS version,
        (
            CASE WHEN wk > 2 THEN (instr(every, substr(head, kind_end - 2, 1)) - 1) << 16 ELSE 0 END
            | CASE WHEN wk > 1 THEN (instr(every, substr(head, kind_end - 1, 1)) - 1) << 8 ELSE 0 END
            | CASE WHEN wk > 0 THEN (instr(every, substr(head, kind_end, 1)) - 1) ELSE 0 END
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
lags AS (
    SELECT
        *,
        CASE folded & 1
            WHEN 0 THEN (folded >> 1) & 9223372036854775807
            ELSE -1 - ((folded >> 1) & 9223372036854775807)
        END AS lag
    FROM numbers
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
    FROM lags
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

-- bundle: where the events of a part of a stream's list stand once more. Such a part is of any number of
-- events.
ALTER TABLE stream_chunks ADD COLUMN bundle INTEGER;

-- The events of a chunk once more, one behind the other (`bundle.rs`).
CREATE TABLE bundles (
    id INTEGER PRIMARY KEY,
    events BLOB NOT NULL
) STRICT;

-- A checksum of the row (`seal.rs`), as view rows and checkpoints have; in `meta` of its identity and its time,
-- which alone never change there.
ALTER TABLE meta ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE kinds ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
ALTER TABLE bare_commits ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
