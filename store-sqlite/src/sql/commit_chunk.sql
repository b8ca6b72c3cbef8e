SELECT rowid, entries FROM commit_chunks WHERE first <= ?1 ORDER BY first DESC LIMIT 1
