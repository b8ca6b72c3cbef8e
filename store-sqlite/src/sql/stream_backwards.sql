WHERE e.stream = ?1 AND e.version <= ?2 ORDER BY e.version DESC
