SELECT min(first) FROM commit_chunks WHERE first > ?1
