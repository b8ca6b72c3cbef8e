SELECT position FROM tags WHERE tag = ?1 AND position <= ?2 ORDER BY position DESC LIMIT ?3
