DELETE FROM bundles WHERE id = ?1
