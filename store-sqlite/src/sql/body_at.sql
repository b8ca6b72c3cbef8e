SELECT body FROM events WHERE position = ?1
