SELECT position, body FROM
