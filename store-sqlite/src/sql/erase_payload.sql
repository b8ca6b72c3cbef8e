UPDATE events SET payload = NULL, payload_digest = ?2 WHERE position = ?1
