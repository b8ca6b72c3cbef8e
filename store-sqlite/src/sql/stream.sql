-- Twice the same table: once its index, and the names once more from the row itself.
SELECT s.id, s.length, s.recent, s.category, s.stream
FROM streams AS found
CROSS JOIN streams AS s ON s.id = found.id
WHERE found.category = ?1 AND found.stream = ?2
