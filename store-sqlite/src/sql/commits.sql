SELECT seq, first_position, head FROM commits ORDER BY seq
