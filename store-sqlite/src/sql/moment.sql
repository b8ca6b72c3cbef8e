SELECT indexed, (SELECT max(position) FROM events) FROM meta
