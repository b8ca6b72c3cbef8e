SELECT events FROM bundles WHERE id = ?1
