rarray(?1) CROSS JOIN blocks ON position = value
