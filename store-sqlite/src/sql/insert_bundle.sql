INSERT INTO bundles (events) VALUES (?1)
