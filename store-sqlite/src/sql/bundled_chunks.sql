SELECT stream, version, positions, bundle FROM stream_chunks WHERE bundle IS NOT NULL
