SELECT row_version, (SELECT max(prefix) FROM commits), (SELECT max(id) FROM bare_commits)
FROM meta
