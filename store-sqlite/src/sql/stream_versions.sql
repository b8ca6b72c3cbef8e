SELECT id, version FROM streams
