UPDATE meta SET row_version = ?1
