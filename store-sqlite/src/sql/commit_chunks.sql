SELECT first, entries FROM commit_chunks ORDER BY first
