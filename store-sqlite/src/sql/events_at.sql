rarray(?1) CROSS JOIN events ON position = value
