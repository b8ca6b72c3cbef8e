SELECT row_version FROM meta
