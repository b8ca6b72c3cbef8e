UPDATE meta SET seal = ?1
