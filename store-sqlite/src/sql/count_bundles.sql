SELECT count(*) FROM bundles
