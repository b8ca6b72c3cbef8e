    , s.category
    , s.stream
FROM events AS e
LEFT JOIN kinds AS k ON k.id = e.kind
LEFT JOIN commits AS c ON c.seq = e.commit_seq
LEFT JOIN streams AS s ON s.id = e.stream
