SELECT position, checksum, cursor, seal FROM checkpoints WHERE name = ?1
