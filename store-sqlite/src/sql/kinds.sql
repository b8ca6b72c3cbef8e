SELECT id, kind, version, schema, seal FROM kinds ORDER BY kind, version
