SELECT 1 FROM blocks AS b
WHERE position + events
    != ifnull((SELECT min(a.position) FROM blocks AS a WHERE a.position > b.position), ?1 + 1)
LIMIT 1
