SELECT row_version, newest_commit, (SELECT max(id) FROM bare_commits) FROM meta
