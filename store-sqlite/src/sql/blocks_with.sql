rarray(?1)
CROSS JOIN blocks ON position = (SELECT max(b.position) FROM blocks AS b WHERE b.position <= value)
