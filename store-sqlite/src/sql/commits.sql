SELECT prefix, position FROM commits
