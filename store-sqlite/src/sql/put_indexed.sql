UPDATE meta SET indexed = ?1
