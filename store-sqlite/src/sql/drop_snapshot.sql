DELETE FROM snapshots WHERE category = ?1 AND stream = ?2
