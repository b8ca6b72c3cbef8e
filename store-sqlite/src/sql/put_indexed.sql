UPDATE meta SET indexed = ?1, newest_commit = max(ifnull(newest_commit, ?2), ?2)
