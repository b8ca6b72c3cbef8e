SELECT indexed, (SELECT position + events - 1 FROM blocks ORDER BY position DESC LIMIT 1) FROM meta
