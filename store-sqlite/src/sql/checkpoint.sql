SELECT position, checksum, cursor FROM checkpoints WHERE name = ?1
