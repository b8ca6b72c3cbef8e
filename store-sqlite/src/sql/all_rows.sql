SELECT key, version, value, seal, view FROM view_rows
