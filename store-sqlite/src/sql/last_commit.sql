SELECT seq, head FROM commits ORDER BY seq DESC LIMIT 1
