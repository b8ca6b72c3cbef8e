INSERT INTO commit_chunks (first, entries) VALUES (?1, ?2)
