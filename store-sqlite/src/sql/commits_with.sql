SELECT position FROM commits WHERE prefix = ?1
