UPDATE streams SET length = ?2, recent = ?3 WHERE id = ?1
