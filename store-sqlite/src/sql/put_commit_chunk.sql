UPDATE commit_chunks SET first = ?2, entries = ?3 WHERE rowid = ?1
