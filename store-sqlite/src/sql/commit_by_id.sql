SELECT first_position, head, recorded_at, digest FROM commits WHERE id = ?1
