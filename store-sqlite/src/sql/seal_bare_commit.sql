UPDATE bare_commits SET seal = ?2 WHERE id = ?1
