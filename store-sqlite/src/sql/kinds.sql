SELECT kind, version, schema FROM kinds ORDER BY kind, version
